"""Parquet: rows in batches, numbered from 1, and the columns and label names that the file stores."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textune.errors import DataError
from textune.formats.lines import empty_file, open_data_file
from textune.formats.registry import Format, Row, check_header, register

_BATCH_ROWS = 1024


def _schema(path: Path) -> Any:
    with _parquet_file(path) as file:
        return file.schema_arrow


def _row_count(path: Path) -> int:
    with _parquet_file(path) as file:
        return int(file.metadata.num_rows)


def _rows(path: Path, columns: Collection[str]) -> Iterator[Row]:
    number = 0
    with _parquet_file(path) as file:
        batches = file.iter_batches(batch_size=_BATCH_ROWS, columns=list(columns) or None)
        while True:
            with _damage(path, f"it is damaged after row {number:,}"):
                batch = next(batches, None)
                rows = [] if batch is None else batch.to_pylist()
            if batch is None:
                return
            for values in rows:
                number += 1
                yield Row(number, values)


def _label_names(path: Path, column: str) -> tuple[str, ...]:
    """Return the names of a column's label ids if `datasets` stored them in the file."""
    stored = (_schema(path).metadata or {}).get(b"huggingface", b"{}")
    try:
        feature = json.loads(stored)["info"]["features"][column]
        # The feature of a list holds that of its items.
        names = feature.get("feature", feature)["names"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()
    usable = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return tuple(names) if usable and len(set(names)) == len(names) else ()


@contextmanager
def _parquet_file(path: Path) -> Iterator[Any]:
    from pyarrow import parquet

    with open_data_file(path) as stream:
        if not stream.read(1):
            raise empty_file(path)
        with _damage(path, "it is not a Parquet file, or it is damaged"):
            file = parquet.ParquetFile(stream)
        yield file


@contextmanager
def _damage(path: Path, finding: str) -> Iterator[None]:
    import pyarrow

    try:
        yield
    # Bytes that are not UTF-8 are a ValueError; a damaged size causes a MemoryError.
    except (pyarrow.ArrowException, OSError, ValueError, MemoryError, OverflowError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise DataError(
            f"{path} cannot be read: {finding} ({reason}).", "Write or download the file again."
        ) from error


register(
    Format(
        "Parquet",
        (".parquet",),
        _rows,
        lambda path: check_header(_schema(path).names, path),
        unit="row",
        label_names=_label_names,
        schema=_schema,
        row_count=_row_count,
    )
)
