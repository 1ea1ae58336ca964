"""The columns of an output beside the predictions: which there are, and of which type.

In: what the rows of a window hold beside their texts, and the columns that the output was begun with. Out:
the columns, or a `DataError` where they do not fit. An output's columns are those of its first window, unless
the input itself says which types it has. Does not know where rows come from, nor how files are written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from textune.errors import DataError

WINDOW = 1024
"""Rows that are predicted and written together."""


def names_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of rows' columns, in the order in which they first come up."""
    return list(dict.fromkeys(name for row in rows for name in row))


def check_names(rows: Iterable[Mapping[str, Any]], known: Collection[str]) -> None:
    """Raise a `DataError` where a row has a column that the output was begun without."""
    new = next((name for row in rows for name in row if name not in known), None)
    if new is not None:
        raise DataError(
            f"The input's column '{new}' is not in its first {WINDOW:,} rows, by which the columns of the "
            "output are set.",
            "Write .jsonl instead.",
        )


def result_fields(label_names: Sequence[str], *, may_abstain: bool = False) -> list[Any]:
    """Return the Arrow fields of what a prediction adds to its row, the text first.

    Args:
        label_names: The classes' names.
        may_abstain: Whether there is a threshold below which no label is given.
    """
    import pyarrow as pa

    scores = pa.struct([(name, pa.float64()) for name in label_names])
    kinds = {"text": pa.string(), "label": pa.string(), "score": pa.float64(), "scores": scores}
    if may_abstain:
        kinds["abstained"] = pa.bool_()
    return [pa.field(name, kind) for name, kind in kinds.items()]


def fit_columns(rows: Sequence[Mapping[str, Any]], known: Any) -> Any:
    """Return the Arrow schema of rows' other columns.

    Args:
        rows: The other columns of each row, by name.
        known: The schema that the output was begun with, which they must fit; None: it begins with them.

    Raises:
        DataError: There is a column that the output was begun without.
        pyarrow.ArrowException: The values fit into no type, or not into the one that is known.
    """
    import pyarrow as pa

    names = names_of(rows) if known is None else known.names
    check_names(rows, names)
    found = pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows]).schema
    if known is None:
        return found
    _check_types(known, found)
    return known


def common_field(first: Any, later: Any) -> Any:
    """Return an Arrow field that takes the values of two of the same name, or None where there is none."""
    import pyarrow as pa

    try:
        both = pa.unify_schemas([pa.schema([first]), pa.schema([later])], promote_options="permissive")
    except pa.ArrowException:
        return None
    return both.field(0)


@contextmanager
def arrow_refusals() -> Iterator[None]:
    """Turn what pyarrow says about the input's columns into a `DataError`."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OverflowError) as error:
        raise DataError(
            f"A Parquet file cannot hold the input's columns: {error}.", "Write .jsonl or .csv instead."
        ) from error


def _check_types(known: Any, found: Any) -> None:
    """Raise pyarrow's error for types where a window's columns do not fit into those of the first.

    Told a schema, pyarrow would cut 1.5 to 1 for it without a word: what it finds by itself must fit.
    """
    import pyarrow as pa

    for first, later in zip(known, found, strict=True):
        both = common_field(first, later)
        if both is None or both.type != first.type:
            raise pa.ArrowTypeError(f"'{first.name}' is {first.type} at first and {later.type} later")
