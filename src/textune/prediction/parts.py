"""An output file that is written in parts, which survive a kill and become one file in the end.

In: predictions in order, and the journal of the parts that are done. Out: one file, with the same bytes
    however
often it was interrupted: a part always holds the same rows. Does not know what the predictions are made from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from textune.files import atomic_path, publish, storage_errors
from textune.prediction.journal import Journal
from textune.prediction.stream import Prediction
from textune.prediction.writers import OUTPUT_FORMATS, in_windows, open_writer

WINDOWS_PER_PART = 4
"""4,096 rows, which take seconds: a kill costs no more work than that."""


def write_parts(
    journal: Journal,
    predictions: Iterable[Prediction],
    *,
    suffix: str,
    label_names: Sequence[str],
    may_abstain: bool = False,
    columns: Any = None,
) -> None:
    """Write the predictions of the rows after those that are done; for the arguments see `open_writer`.

    Raises:
        DataError: The format cannot hold the input's columns.
        StorageError: A part cannot be written.
    """
    windows = in_windows(predictions)
    # The first part is written even without rows: a table has its columns all the same.
    while (window := next(windows, None)) is not None or not journal.parts:
        path, rows = journal.next_path(suffix.lower()), 0
        like = journal.folder / journal.parts[0].name if journal.parts else None
        with (
            atomic_path(path) as temporary,
            open_writer(
                temporary, suffix, label_names, like=like, may_abstain=may_abstain, columns=columns
            ) as write,
        ):
            for rest in chain([window or []], islice(windows, WINDOWS_PER_PART - 1)):
                write(rest)
                rows += len(rest)
        journal.add(path, rows=rows)


def join_parts(journal: Journal, output: Path) -> None:
    """Make one file of all parts, and delete them and their journal.

    Raises:
        StorageError: The file cannot be written; the parts are kept.
    """
    whole = journal.folder / "whole"
    with storage_errors(output):
        OUTPUT_FORMATS[output.suffix.lower()].join(journal.paths, whole)
    publish(whole, output)
    journal.discard()
