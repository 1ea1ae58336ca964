"""The columns of an output besides the predictions: their names and their types.

An output's columns are those of its first window, unless all input files store the types of their columns:
those are known before a row is read, and more exact. Does not know how files are written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textune.data.columns import ColumnChoice
from textune.errors import DataError
from textune.formats.registry import find_format
from textune.formats.text_pairs import fields_of_texts
from textune.prediction.input_columns import DETECTED
from textune.prediction.inputs import estimate_rows, text_column_of
from textune.prediction.stream import OTHER, TRUNCATED, WINDOW, prefix_clashes


def names_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of rows' columns, in the order of their first appearance."""
    return list(dict.fromkeys(name for row in rows for name in row))


def check_column_names(rows: Iterable[Mapping[str, Any]], known: Collection[str]) -> None:
    """Raise a `DataError` if a row has a column that the output does not have."""
    new = next((name for row in rows for name in row if name not in known), None)
    if new is not None:
        raise DataError(
            f"The input's column '{new}' is not in its first {WINDOW:,} rows, which decide the columns of "
            "the output.",
            "Write .jsonl instead.",
        )


def result_fields(
    label_names: Sequence[str],
    *,
    multi_label: bool = False,
    pairs: bool = False,
    may_abstain: bool = False,
    may_be_other: bool = False,
    mark_truncated: bool = False,
) -> list[Any]:
    """Return the Arrow fields that a prediction adds to its row, the text or both texts of a pair first."""
    import pyarrow as pa

    scores = pa.struct([(name, pa.float64()) for name in label_names])
    texts = dict.fromkeys(fields_of_texts(pairs=pairs), pa.string())
    kinds = {**texts, "label": pa.string(), "score": pa.float64(), "scores": scores}
    if multi_label:
        kinds = {**texts, "labels": pa.list_(pa.string()), "scores": scores}
    if may_abstain:
        kinds["abstained"] = pa.bool_()
    if may_be_other:
        kinds[OTHER] = pa.bool_()
    if mark_truncated:
        kinds[TRUNCATED] = pa.bool_()
    return [pa.field(name, kind) for name, kind in kinds.items()]


def fit_columns(rows: Sequence[Mapping[str, Any]], known: Any) -> Any:
    """Return the Arrow schema of rows' other columns, which must fit that of the output if it is `known`.

    A column that the output lacks is a `DataError`, a value that does not fit a `pyarrow.ArrowException`.
    """
    import pyarrow as pa

    names = names_of(rows) if known is None else known.names
    check_column_names(rows, names)
    inferred = pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows]).schema
    if known is None:
        return inferred
    # Given a schema, pyarrow would silently cut 1.5 to 1: what it infers by itself must fit.
    for first, later in zip(known, inferred, strict=True):
        both = common_field(first, later)
        if both is None or both.type != first.type:
            raise pa.ArrowTypeError(f"'{first.name}' is {first.type} at first and {later.type} later")
    return known


def common_field(first: Any, later: Any) -> Any:
    """Return an Arrow field that takes the values of two fields of the same name, or None."""
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


def store_types(files: Sequence[Path]) -> bool:
    """Return whether all files store the types of their columns, as Parquet does."""
    return all((known := find_format(path)) is not None and known.schema is not None for path in files)


def stored_columns(
    files: Sequence[Path], choice: ColumnChoice = DETECTED, *, results: Collection[str]
) -> Any:
    """Return the Arrow schema of an input's other columns, or None unless all its files store types.

    It holds the columns of every file that has rows, each with a type that takes the values of all files; a
    `DataError` says that there is none. `results` are the names of the columns that a prediction adds.
    """
    import pyarrow as pa

    if not store_types(files):
        return None
    fields: dict[str, tuple[Any, Path]] = {}
    for path in filter(estimate_rows, files):
        for field in _other_fields(path, choice, results):
            first, origin = fields.get(field.name, (field, path))
            both = common_field(first, field) or common_field(_decoded(first), _decoded(field))
            if both is None:
                raise DataError(
                    f"The column '{field.name}' is {first.type} in {origin} and {field.type} in {path}: "
                    "no column of one Parquet file holds both.",
                    "Give all files the same types, or write .jsonl or .csv instead.",
                )
            fields[field.name] = both, origin
    return pa.schema([field for field, _ in fields.values()])


def _other_fields(path: Path, choice: ColumnChoice, results: Collection[str]) -> Iterator[Any]:
    import pyarrow as pa

    if not (text := text_column_of(path, choice)):
        return  # Of an annotation tool's export, only the texts are read.
    known = find_format(path)
    assert known and known.schema  # See `store_types`.
    texts = choice.columns_of_text(text)
    fields = {field.name: field for field in known.schema(path) if field.name not in texts}
    for name, field in prefix_clashes(fields, results=results).items():
        kind = field.type
        if pa.types.is_dictionary(kind):
            # Rows of several files, each of them with a dictionary of its own, may need a larger one.
            kind = pa.dictionary(pa.int32(), kind.value_type)
        # A file that lacks the column has no values for it, so it is nullable whatever this file says.
        yield pa.field(name, kind)


def _decoded(field: Any) -> Any:
    import pyarrow as pa

    return field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
