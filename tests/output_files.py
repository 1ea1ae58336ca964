"""Reading files of predictions."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from pyarrow import parquet


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of an output file."""
    if path.suffix == ".parquet":
        found: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
        return found
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
    text = path.read_bytes().decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
