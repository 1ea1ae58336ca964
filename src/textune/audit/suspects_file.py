"""The CSV file of doubtful labels that a person reviews: its place and its contents."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path

from textune.audit.findings import Suspect
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
    """Write suspects to a file, and return it; `AUTO` writes none without suspects, or where it cannot."""
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
    ranks = Counter[str]()
    for suspect in suspects:
        row = suspect.example
        ranks[row.split] += 1
        place = ranks[row.split], row.split, row.row, row.place
        labels = suspect.label, suspect.suggested
        shares = f"{suspect.label_probability:.4f}", f"{suspect.suggested_probability:.4f}"
        writer.writerow((*place, *labels, *shares, row.text))
    return contents.getvalue()


def _free_file(data: str, contents: str) -> Path:
    """Return a file named after the source that does not exist yet, or has the same contents.

    An earlier file is not overwritten: its reviewer may have edited it.
    """
    source = Path(data.rstrip("/")).name
    for suffix in table_suffixes():
        source = source.removesuffix(suffix)
    stem = re.sub(r"[^\w.]+", "-", source).strip("-.")[:40] or "data"
    names = chain([stem], (f"{stem}-{number}" for number in count(2)))
    paths = (Path(f"suspects-{name}.csv") for name in names)
    return next(path for path in paths if not path.exists() or path.read_bytes() == contents.encode())
