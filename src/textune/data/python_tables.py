"""Tables that Python holds: lists, dicts, DataFrames, Arrow tables and datasets become columns of values.

Values are read by position, and series of pandas with different indexes are refused. NumPy's numbers become
Python's, and every missing value (None, NaN, NA) becomes None. The libraries whose objects these are stay
unimported. Does not know which column is the text, nor what a label is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from textune.errors import DataError
from textune.wording import counted

KINDS = (
    "a pair (texts, labels), a list of pairs (text, label), a list of dicts, a dict of columns, a DataFrame "
    "of pandas or polars, an Arrow table, or a datasets.Dataset"
)
"""What `columns_of` reads, for errors."""
_PLAIN = str | int | float | bool | None


def is_dataset(table: Any) -> bool:
    """Return whether a table is a `datasets.Dataset`, whose features name its labels."""
    return hasattr(table, "features") and hasattr(table, "select_columns") and hasattr(table, "__len__")


def is_table(value: Any) -> bool:
    """Return whether something can only be a whole table, and not one column of a table."""
    is_pair = _is_pair(value) and not any(
        isinstance(part, str) or not isinstance(part, Iterable) for part in value
    )
    return (
        is_pair or isinstance(value, Mapping) or hasattr(value, "columns") or hasattr(value, "column_names")
    )


def columns_of(table: Any, origin: str) -> dict[str, list[Any]]:
    """Return a table's columns of plain values by name; `origin` names the table in errors.

    Texts and labels without column names are in the columns `text` and `label`; a matrix of labels becomes a
    list per row, and a table of them a mapping from names to values. A dataset's class labels are given as
    names.

    Raises:
        DataError: It is not a table, two columns have the same name, or their lengths or indexes differ.

    Example:
        >>> columns_of([("so happy", "joy"), ("so sad", None)], "the list")
        {'text': ['so happy', 'so sad'], 'label': ['joy', None]}
    """
    named = _named_columns(table, origin)
    names = [name for name, _ in named]
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise DataError(
            f"{origin} has the column '{repeated}' {names.count(repeated)} times.",
            "Give every column its own name.",
        )
    columns = {name: values_of(column, f"{origin}, column '{name}'") for name, column in named}
    lengths = {name: len(values) for name, values in columns.items()}
    first, rows = next(iter(lengths.items()), ("", 0))
    other = next((name for name, length in lengths.items() if length != rows), None)
    if other is not None:
        raise DataError(
            f"{origin}: '{first}' has {counted(rows, 'value')}, but '{other}' has {lengths[other]:,}.",
            "Pass a label for every text, in the same order.",
        )
    _check_indexes(named, origin)
    return columns


def values_of(column: Any, origin: str) -> list[Any]:
    """Return a column's values; `origin` names it in errors.

    Raises:
        DataError: It is not a column: a single string, an unordered set, or an array of two dimensions.
    """
    if isinstance(column, str | bytes | Mapping | Set) or not isinstance(column, Iterable):
        raise DataError(
            f"{origin}: {type(column).__name__} is not a sequence of values.",
            "Pass a list, an array or a series, with one value per row.",
        )
    if (dimensions := getattr(column, "ndim", 1)) != 1:
        raise DataError(
            f"{origin}: the array has {dimensions} dimensions instead of one.",
            "Pass one value per row; values.ravel() flattens an array of one column.",
        )
    # They are methods of pandas and polars, of Arrow, and of NumPy and torch.
    methods = [method for method in ("to_list", "to_pylist", "tolist") if hasattr(column, method)]
    values = [_plain(value) for value in (getattr(column, methods[0])() if methods else column)]
    for row, value in enumerate(values, start=1):
        texts = value if isinstance(value, tuple | list) else (value,)
        broken = next((text for text in texts if isinstance(text, str) and not _is_unicode(text)), None)
        if broken is not None:
            raise DataError(
                f"{origin}, row {row}: {broken[:60]!r} is broken: it has half of a surrogate pair.",
                "Give it as valid Unicode; text.encode('utf-8', 'replace').decode() replaces what is broken.",
            )
    return values


def plain_columns(columns: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """Return the columns that hold nothing but names and numbers."""
    return {name: values for name, values in columns.items() if all(isinstance(v, _PLAIN) for v in values)}


def _named_columns(table: Any, origin: str) -> list[tuple[str, Any]]:
    if is_dataset(table):
        return [(name, _dataset_column(table, name)) for name in table.column_names]
    if isinstance(table, Mapping):
        return [(str(name), column) for name, column in table.items()]
    if isinstance(table, tuple) and len(table) == 2:
        texts, labels = table
        _check_indexes([("text", texts), ("label", labels)], origin)
        return [("text", texts), ("label", _rows_of_matrix(labels))]
    if isinstance(table, list) and table:
        return _columns_of_rows(table, origin)
    if type(table).__name__ == "LazyFrame":
        raise DataError(f"{origin} is a query that has not been run.", "Run it: pass data.collect()")
    if hasattr(table, "column") and hasattr(table, "column_names"):
        return [(str(name), table.column(place)) for place, name in enumerate(table.column_names)]
    if hasattr(table, "columns") and hasattr(table, "__getitem__"):
        # pandas may have two columns of one name, which only their positions tell apart.
        by_place = hasattr(table, "iloc")
        return [
            (str(name), table.iloc[:, place] if by_place else table[name])
            for place, name in enumerate(table.columns)
        ]
    streamed = "Load it without streaming. " if type(table).__name__.startswith("IterableDataset") else ""
    raise DataError(f"{origin} is not a table of labelled texts.", f"{streamed}Pass {KINDS}.")


def _check_indexes(columns: Sequence[tuple[str, Any]], origin: str) -> None:
    """Raise a `DataError` if series of pandas have different indexes: rows may not be where they seem."""
    indexed = [(name, column.index) for name, column in columns if hasattr(_index_of(column), "equals")]
    for name, index in indexed[1:]:
        first, own = indexed[0]
        if not own.equals(index):
            row = next((n for n, pair in enumerate(zip(own, index, strict=True)) if pair[0] != pair[1]), 0)
            raise DataError(
                f"{origin}: the indexes of '{first}' and '{name}' differ, for instance {own[row]!r} and "
                f"{index[row]!r} in row {row + 1}.",
                "Put them into the same order by their index, labels.loc[texts.index], and check it. If "
                "they belong together by position: texts.to_list(), labels.to_list()",
            )


def _index_of(column: Any) -> Any:
    return getattr(column, "index", None)


def _rows_of_matrix(labels: Any) -> Any:
    """Return the rows of labels that are an array or a table, with a column per label; others as they are."""
    if hasattr(labels, "toarray"):  # A sparse matrix of SciPy.
        labels = labels.toarray()
    if getattr(labels, "ndim", 1) != 2 and not hasattr(labels, "to_dicts"):
        return labels
    if hasattr(labels, "columns"):
        rows: Any = labels.to_dicts() if hasattr(labels, "to_dicts") else labels.to_dict("records")
        return rows
    return labels.tolist() if labels.shape[1] > 1 else labels


def _columns_of_rows(rows: list[Any], origin: str) -> list[tuple[str, Any]]:
    if all(isinstance(row, Mapping) for row in rows):
        names = dict.fromkeys(name for row in rows for name in row)
        return [(str(name), [row.get(name) for row in rows]) for name in names]
    kind = next((row for row in rows if not isinstance(row, Mapping)), None)
    if isinstance(kind, tuple):
        other = next((place for place, row in enumerate(rows) if not _is_pair(row)), None)
        if other is None:
            return [("text", [text for text, _ in rows]), ("label", [label for _, label in rows])]
        raise DataError(
            f"{origin}, row {other + 1}: {str(rows[other])[:60]!r} is not a pair of text and label.",
            "Make every row a pair (text, label).",
        )
    if all(isinstance(row, str) for row in rows):
        raise DataError(f"{origin} has texts, but no labels.", "Pass both: data=(texts, labels)")
    raise DataError(f"{origin} is a list of {type(kind).__name__}, not of labelled texts.", f"Pass {KINDS}.")


def _is_pair(row: Any) -> bool:
    return isinstance(row, tuple) and len(row) == 2


def _dataset_column(rows: Any, name: str) -> list[Any]:
    values: list[Any] = rows.select_columns([name]).with_format(None)[:][name]
    names = getattr(rows.features[name], "names", None)
    if not names:
        return values
    # The library's own id of a row without a label is -1.
    return [None if value is None or value < 0 else names[value] for value in values]


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _plain(value: Any) -> Any:
    if type(value) is str:
        return value
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):  # A number of NumPy or torch.
        value = value.item()
    elif getattr(value, "ndim", None) == 1 and hasattr(value, "tolist"):  # What pandas reads a list as.
        value = value.tolist()
    is_missing = (isinstance(value, float) and math.isnan(value)) or type(value).__name__ in (
        "NAType",
        "NaTType",
    )
    return None if is_missing else value
