"""Writing table files, and reading them again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from textune.errors import DataError
from textune.formats.tables import read_rows


def write(path: Path, content: str | bytes) -> Path:
    """Write a file's content, text as UTF-8 with its line ends as they are; return the path."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows as Parquet; return the path."""
    parquet.write_table(pa.Table.from_pylist(rows), path)
    return path


def values(path: Path) -> list[dict[str, Any]]:
    """Return the values of a table's rows."""
    return [dict(row.values) for row in read_rows(path)]


def refusal(path: Path) -> DataError:
    """Return the error that reading a table to its end raises; it must have a hint."""
    with pytest.raises(DataError) as caught:
        list(read_rows(path))
    assert caught.value.hint
    return caught.value
