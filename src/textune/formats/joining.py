"""Several text columns as one: a column more, whose name and texts are made from those of its parts.

In: the names or the values of a row, and which columns are joined, or are the two sides of pairs. Out: the
same, with the columns that are made. Does not know which model reads the texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from textune.errors import DataError
from textune.formats.registry import Reading
from textune.formats.text_pairs import TextPair


def with_made_names(names: Sequence[str], reading: Reading) -> list[str]:
    """Return column names, and after them those of the columns whose parts are all there."""
    made = [name for name in reading.made_names if set(reading.parts_of(name)) <= set(names)]
    return [*names, *made]


def join_values(values: Mapping[str, Any], reading: Reading, place: Callable[[], str]) -> dict[str, Any]:
    """Return a row's values with the joined text and the pair, where the reading asks for them.

    Parts of a joined text that are blank or missing are left out; a missing side of a pair is an empty text.

    Raises:
        DataError: A part is not a text; `place` says where the row is.
    """

    def text_in(row: Mapping[str, Any], name: str) -> str:
        part = row.get(name)
        if part is not None and not isinstance(part, str):
            raise DataError(
                f"{place()}: the column '{name}' holds {part!r}, not a text.",
                "Convert it to text, or name other columns: data.text_column, data.text_pair_column.",
            )
        return part or ""

    row = dict(values)
    if reading.joined:
        parts = [text_in(row, name) for name in reading.joined]
        row[reading.joined_name] = reading.between.join(part for part in parts if part.strip())
    if reading.pair:
        row[reading.pair_name] = TextPair(*(text_in(row, name) for name in reading.pair))
    return row


def join_columns(columns: Mapping[str, Sequence[Any]], reading: Reading, origin: str) -> dict[str, Any]:
    """Return columns of values with those that are made of columns that are there; see `join_values`."""
    made = [name for name in with_made_names(list(columns), reading) if name not in columns]
    if not made:
        return dict(columns)
    parts = dict.fromkeys(part for name in made for part in reading.parts_of(name))
    texts: dict[str, list[Any]] = {name: [] for name in made}
    for number, values in enumerate(zip(*(columns[name] for name in parts), strict=True), start=1):
        row = join_values(
            dict(zip(parts, values, strict=True)),
            reading,
            lambda number=number: f"{origin}, row {number}",  # type: ignore[misc]
        )
        for name in made:
            texts[name].append(row[name])
    return {**columns, **texts}
