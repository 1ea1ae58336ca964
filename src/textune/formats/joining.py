"""Several text columns as one: a column more, whose name and texts are made from those of its parts.

In: the names or the values of a row, and which columns are joined. Out: the same, with the joined column.
Does not know which model reads the texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from textune.errors import DataError
from textune.formats.registry import Reading


def with_joined_name(names: Sequence[str], reading: Reading) -> list[str]:
    """Return column names, the joined column's last if all of its parts are there."""
    has_all = bool(reading.joined) and set(reading.joined) <= set(names)
    return [*names, reading.joined_name] if has_all else list(names)


def join_values(values: Mapping[str, Any], reading: Reading, place: Callable[[], str]) -> dict[str, Any]:
    """Return a row's values with the joined text; parts that are blank or missing are left out.

    Raises:
        DataError: A part is not a text; `place` says where the row is.
    """
    parts = []
    for name in reading.joined:
        part = values.get(name)
        if part is not None and not isinstance(part, str):
            raise DataError(
                f"{place()}: the column '{name}' holds {part!r}, not a text.",
                "Convert it to text, or leave the column out of data.text_column.",
            )
        if part and part.strip():
            parts.append(part)
    return {**values, reading.joined_name: reading.between.join(parts)}


def join_columns(columns: Mapping[str, Sequence[Any]], reading: Reading, origin: str) -> dict[str, Any]:
    """Return columns of values with the joined one, if all of its parts are there; see `join_values`."""
    if reading.joined_name not in with_joined_name(list(columns), reading):
        return dict(columns)
    texts = []
    for number, values in enumerate(zip(*(columns[name] for name in reading.joined), strict=True), start=1):
        row = dict(zip(reading.joined, values, strict=True))
        joined = join_values(row, reading, lambda number=number: f"{origin}, row {number}")  # type: ignore[misc]
        texts.append(joined[reading.joined_name])
    return {**columns, reading.joined_name: texts}
