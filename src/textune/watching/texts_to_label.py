"""A file of the texts whose labels would tell most, which `textune label` and annotation tools take.

In: texts, and what the classifier says of them. Out: a CSV or JSONL file with a column of texts. Does not
know how they were chosen.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.errors import RequestError
from textune.files import atomic_path
from textune.formats.text_pairs import AnyText, text_fields


@dataclass(frozen=True)
class TellingText:
    """A text to label: what is predicted, and the probability that this is right; None: nothing is known."""

    text: AnyText
    predicted: str
    probability: float | None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**text_fields(self.text), "predicted": self.predicted, "probability": self.probability}


def check_label_file(path: Path) -> None:
    """Raise a `RequestError` unless texts to label can be written to a file of this name."""
    is_folder = path.is_dir()
    if is_folder or path.suffix.lower() not in (".csv", ".jsonl"):
        fault = "it is a folder" if is_folder else "its name does not end in .csv or .jsonl"
        raise RequestError(
            f"Texts to label cannot be written to {path}: {fault}.", "Name a file, for instance to-label.csv."
        )


def write_label_file(path: Path, texts: Sequence[TellingText]) -> None:
    """Write texts to label as CSV or JSONL."""
    rows = [text.to_json() for text in texts]
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        if path.suffix.lower() == ".jsonl":
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            return
        writer = csv.DictWriter(file, list(rows[0]) if rows else ["text", "predicted", "probability"])
        writer.writeheader()
        writer.writerows(rows)
