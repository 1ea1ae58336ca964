"""Parquet files: rows in batches, column names, and the label names that `datasets` stores.

In: a file. Out: its rows as dictionaries, numbered from 1, in constant memory, or a `DataError` for a
damaged file. Does not know which columns are texts or labels.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textune.data.formats.lines import empty_file, open_data_file
from textune.errors import DataError

_BATCH_ROWS = 1024


def parquet_columns(path: Path) -> list[str]:
    """Return the names of the columns.

    Raises:
        DataError: The file cannot be read, or is no Parquet file.
    """
    return list(parquet_schema(path).names)


def parquet_schema(path: Path) -> Any:
    """Return the Arrow schema.

    Raises:
        DataError: The file cannot be read, or is no Parquet file.
    """
    with _parquet_file(path) as file:
        return file.schema_arrow


def parquet_rows(path: Path, *, columns: Collection[str] = ()) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number and the values of every row.

    Args:
        path: A Parquet file.
        columns: The columns to read; empty: all.

    Raises:
        DataError: The file cannot be read, or is damaged.
    """
    number = 0
    with _parquet_file(path) as file:
        batches = file.iter_batches(batch_size=_BATCH_ROWS, columns=list(columns) or None)
        while (rows := _next_rows(batches, path, done=number)) is not None:
            for values in rows:
                number += 1
                yield number, values


def stored_label_names(path: Path, column: str) -> tuple[str, ...]:
    """Return the names of a column's label ids, which `datasets` stores in the file; empty: none are.

    Raises:
        DataError: The file cannot be read, or is no Parquet file.
    """
    with _parquet_file(path) as file:
        stored = (file.schema_arrow.metadata or {}).get(b"huggingface", b"{}")
    try:
        names = json.loads(stored)["info"]["features"][column]["names"]
    except (ValueError, KeyError, TypeError):
        return ()
    usable = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return tuple(names) if usable and len(set(names)) == len(names) else ()


@contextmanager
def _parquet_file(path: Path) -> Iterator[Any]:
    from pyarrow import parquet

    with open_data_file(path) as stream:
        if not stream.read(1):
            raise empty_file(path)
        with _damage(path, "it is no Parquet file, or a damaged one"):
            file = parquet.ParquetFile(stream)
        yield file


def _next_rows(batches: Iterator[Any], path: Path, *, done: int) -> list[dict[str, Any]] | None:
    with _damage(path, f"it is damaged after row {done:,}"):
        batch = next(batches, None)
        return None if batch is None else batch.to_pylist()


@contextmanager
def _damage(path: Path, finding: str) -> Iterator[None]:
    """Turn what pyarrow raises about a file's content into a `DataError`."""
    import pyarrow

    try:
        yield
    # Bytes that are no UTF-8 are a ValueError; a size that was damaged asks for too much memory.
    except (pyarrow.ArrowException, OSError, ValueError, MemoryError, OverflowError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise DataError(
            f"{path} cannot be read: {finding} ({reason}).", "Write the file again, or fetch it again."
        ) from error
