"""The types that Parquet files give their columns, which an output of Parquet keeps.

In: an input's files. Out: one Arrow schema for what they hold beside the texts, or a `DataError` that names a
column whose types do not go together. It is known before a row is read, and more exact than what the values
of some rows suggest. Does not know rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from textune.data.formats.registry import find_format
from textune.errors import DataError
from textune.prediction.bulk import kept_columns
from textune.prediction.inputs import estimate_rows, text_column_of
from textune.prediction.output_columns import common_field


def are_stored(files: Sequence[Path]) -> bool:
    """Return whether all files say themselves which types their columns have."""
    return all((known := find_format(path)) is not None and known.schema is not None for path in files)


def stored_columns(files: Sequence[Path], *, text_column: str = "", results: Collection[str]) -> Any:
    """Return the Arrow schema of an input's other columns, or None unless its files are all Parquet.

    It holds the columns of every file that has rows, each with a type that takes the values of all files.

    Args:
        files: The input's files, which have been found to have columns and a text.
        text_column: The column that holds the text; empty: found by its name.
        results: The names of the columns that a prediction adds.

    Raises:
        DataError: The types of a column do not go together.
    """
    import pyarrow as pa

    if not are_stored(files):
        return None
    found: dict[str, tuple[Any, Path]] = {}
    for path in filter(estimate_rows, files):
        for field in _other_fields(path, text_column, results):
            first, origin = found.get(field.name, (field, path))
            both = common_field(first, field) or common_field(_decoded(first), _decoded(field))
            if both is None:
                raise DataError(
                    f"The column '{field.name}' is {first.type} in {origin} and {field.type} in {path}: "
                    "no column of one Parquet file holds both.",
                    "Give all files the same types, or write .jsonl or .csv instead.",
                )
            found[field.name] = both, origin
    return pa.schema([field for field, _ in found.values()])


def _other_fields(path: Path, text_column: str, results: Collection[str]) -> Iterator[Any]:
    import pyarrow as pa

    text = text_column_of(path, text_column)
    known = find_format(path)
    assert known is not None
    assert known.schema is not None
    fields = {field.name: field for field in known.schema(path) if field.name != text}
    for name, field in kept_columns(fields, results=results).items():
        kind = field.type
        if pa.types.is_dictionary(kind):
            # Rows of several files, each of them with a dictionary of its own, may need a larger one.
            kind = pa.dictionary(pa.int32(), kind.value_type)
        # A file that lacks the column has no values for it, so it is nullable whatever this file says.
        yield pa.field(name, kind)


def _decoded(field: Any) -> Any:
    import pyarrow as pa

    return field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
