"""The column of the label, or several columns of zeros and ones, one per label, that stand for it.

In: the values of a row. Out: its label as it is written; or the labels that it has and those that are not
known, as numbers of the columns; or a `DataError` with the place. Does not know how tables are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from textune.data.label_cells import LabelSet
from textune.errors import DataError

_YES = ("1", "true", "yes")
_NO = ("0", "false", "no")


@dataclass(frozen=True)
class LabelColumn:
    """The column of the label; its `parts`, if any, are columns that are named after the labels."""

    name: str
    parts: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to read."""
        return self.parts or (self.name,)

    @property
    def names(self) -> dict[int, str] | None:
        """The names of label ids, if columns have them."""
        return dict(enumerate(self.parts)) or None

    def value_in(self, values: Mapping[str, Any], place: Callable[[], str]) -> Any:
        """Return the label of a row; of parts, a `LabelSet` of their numbers, or None if all are blank.

        A part is true or false in any of the usual ways, or blank: then it is not known.

        Raises:
            DataError: A part holds anything else; `place` says where the row is.
        """
        if not self.parts:
            return values[self.name]
        bits = [_bit(values.get(name)) for name in self.parts]
        for name, bit in zip(self.parts, bits, strict=True):
            if isinstance(bit, str):
                raise DataError(
                    f"{place()}: the column '{name}' holds {bit[:60]}, not 0 or 1.",
                    "Write 1, true or yes where a text has the label, 0, false or no where it has not, and "
                    "nothing where that is not known. Or leave the column out of data.label_columns.",
                )
        if all(bit is None for bit in bits):
            return None
        return LabelSet(
            tuple(number for number, bit in enumerate(bits) if bit),
            tuple(number for number, bit in enumerate(bits) if bit is None),
        )

    def values_in(self, columns: Mapping[str, Sequence[Any]], origin: str) -> Sequence[Any]:
        """Return the labels of all rows of columns, see `value_in`; `origin` names the table in errors."""
        if not self.parts:
            return columns[self.name]
        rows = zip(*(columns[name] for name in self.parts), strict=True)
        return [
            self.value_in(
                dict(zip(self.parts, row, strict=True)), partial("{}, row {}".format, origin, number)
            )
            for number, row in enumerate(rows, start=1)
        ]


def _bit(value: Any) -> bool | str | None:
    """Return what a cell says, or the cell itself for an error."""
    if value is None or value != value or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    written = value.strip().casefold() if isinstance(value, str) else ""
    if written.removesuffix(".0") in _YES:
        return True
    return False if written.removesuffix(".0") in _NO else repr(value)
