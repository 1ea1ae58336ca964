"""The CSV file of doubtful labels that a person reviews: its place and its contents."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from textune.audit.label_noise import Suspect
from textune.context import Observer
from textune.data.formats.registry import table_suffixes
from textune.errors import RequestError, StorageError
from textune.files import write_text

AUTO = "auto"
"""Writes suspects to a new file that is named after the source."""

_COLUMNS = (
    *("rank", "split", "row", "place", "label", "suggested"),
    *("label_probability", "suggested_probability", "text"),
)


def check_file_name(wanted: str | Path | None) -> None:
    """Raise a `RequestError` if suspects cannot be written to a file of this name."""
    if wanted in (None, AUTO):
        return
    path = Path(str(wanted)).expanduser()
    if path.is_dir() or path.suffix.lower() != ".csv":
        raise RequestError(
            f"Suspects cannot be written to '{wanted}'.", "Give the name of a file that ends in .csv."
        )


def write_suspects(
    suspects: Sequence[Suspect], wanted: str | Path | None, *, data: str, observer: Observer
) -> Path | None:
    """Write suspects to a file, and return it.

    Args:
        suspects: The suspects.
        wanted: The file; `AUTO`: a new one, if there are suspects and it can be written; None: none.
        data: The name of the source, after which a new file is named.
        observer: Hears where the suspects were written.
    """
    if wanted is None or (wanted == AUTO and not suspects):
        return None
    contents = suspects_csv(suspects)
    path = _free_file(data, contents) if wanted == AUTO else Path(str(wanted)).expanduser()
    try:
        write_text(path, contents)
    except StorageError as error:
        if wanted != AUTO:
            raise
        observer.note(f"The suspects were not written: {error.message} Name a file with --suspects.")
        return None
    observer.note(f"The doubtful labels were written to {path}.")
    return path


def suspects_csv(suspects: Sequence[Suspect]) -> str:
    """Return the contents of a CSV file of suspects."""
    contents = io.StringIO()
    writer = csv.writer(contents, lineterminator="\n")
    writer.writerow(_COLUMNS)
    ranks: dict[str, int] = {}
    for suspect in suspects:
        row = suspect.example
        ranks[row.split] = ranks.get(row.split, 0) + 1
        shares = f"{suspect.label_probability:.4f}", f"{suspect.suggested_probability:.4f}"
        place = ranks[row.split], row.split, row.row, row.place
        writer.writerow((*place, suspect.label, suspect.suggested, *shares, row.text))
    return contents.getvalue()


def _free_file(data: str, contents: str) -> Path:
    """Return a file named after the source that does not exist yet, or has the same contents.

    An earlier file is not overwritten: its reviewer may have edited it.
    """
    name = Path(data.rstrip("/")).name
    for suffix in table_suffixes():
        name = name.removesuffix(suffix)
    stem = re.sub(r"[^\w.]+", "-", name).strip("-.")[:40] or "data"
    for number in count(1):
        path = Path(f"suspects-{stem}.csv" if number == 1 else f"suspects-{stem}-{number}.csv")
        if not path.exists() or path.read_bytes() == contents.encode():
            return path
    raise AssertionError
