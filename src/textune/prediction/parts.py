"""An output file that is written in parts, which outlive a kill and become one file in the end.

In: predictions in order, and the journal of the parts that are done. Out: one file, the same bytes however
often its writing was interrupted: a part always holds the same rows. Does not know what the predictions are
made from.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from textune.files import atomic_path, publish, storage_errors
from textune.prediction.bulk import Prediction, in_windows, open_writer
from textune.prediction.journal import Journal

WINDOWS_A_PART = 4
"""4,096 rows, which take seconds: that much work is lost by a kill at the most."""


def write_parts(
    journal: Journal,
    predictions: Iterable[Prediction],
    *,
    suffix: str,
    label_names: Sequence[str],
    may_abstain: bool = False,
    columns: Any = None,
) -> None:
    """Write predictions in parts, after those that are done.

    Args:
        journal: The parts that are done.
        predictions: Those of the rows that follow them.
        suffix: One of `OUTPUT_SUFFIXES`: the format.
        label_names: The classes' names.
        may_abstain: Whether there is a threshold, so that a table has the column `abstained`.
        columns: The Arrow schema of a Parquet file's other columns; None: that of the first window.

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
            for each in chain([window or []], islice(windows, WINDOWS_A_PART - 1)):
                write(each)
                rows += len(each)
        journal.add(path, rows=rows)


def join_parts(journal: Journal, output: Path) -> None:
    """Make one file of all parts, and delete them and their journal.

    Raises:
        StorageError: The file cannot be written; the parts are kept.
    """
    whole = journal.folder / "whole"
    with storage_errors(output):
        if output.suffix.lower() == ".parquet":
            _join_tables(journal.paths, whole)
        else:
            _join_bytes(journal.paths, whole)
    publish(whole, output)
    journal.discard()


def _join_bytes(paths: Sequence[Path], target: Path) -> None:
    with target.open("wb") as whole:
        for path in paths:
            with path.open("rb") as part:
                shutil.copyfileobj(part, whole)


def _join_tables(paths: Sequence[Path], target: Path) -> None:
    from pyarrow import parquet

    with parquet.ParquetWriter(target, parquet.read_schema(paths[0])) as writer:
        for path in paths:
            with parquet.ParquetFile(path) as part:
                for group in range(part.num_row_groups):
                    writer.write_table(part.read_row_group(group))
