"""Labelled texts that Python holds, as a source: a table, or a mapping from split names to tables.

In: whatever `textune.train` takes as `data`. Out: a `PythonData`, which passes for the name of a source, and
its splits as a `RawSource`. Does not check texts or labels, nor make splits.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pkgutil import resolve_name
from typing import Any

from textune.data.columns import LABEL_NAMES, TEXT_NAMES, ColumnChoice
from textune.data.deciding_columns import decide_columns, deciding_columns
from textune.data.label_columns import LabelColumn
from textune.data.outside_splits import note_on_ignored, with_parts
from textune.data.python_tables import columns_of, is_dataset, is_table, plain_columns
from textune.data.raw import Piece, RawSource, RawSplit, choose_splits
from textune.data.stored import EXPORTED_ROWS, read_dataset
from textune.errors import DataError
from textune.formats.joining import join_columns
from textune.formats.split_names import SPLIT_OF
from textune.formats.text_pairs import as_text

IN_MEMORY = "python:"
"""What a source's name begins with if Python holds its data."""
_OF_A_PAIR = {"text", "label"}
"""The columns of texts and labels alone, which no tool wrote, even if the labels are lists."""


@dataclass(frozen=True, eq=False)
class PythonData:
    """Tables of labelled texts by split; `name` stands for them in a recipe, such as `python:DataFrame`."""

    name: str
    tables: Mapping[str, Any]

    def __str__(self) -> str:
        return self.name


def as_source(data: Any) -> tuple[str | None, PythonData | None]:
    """Return the name of a source, and what it stands for if that is data in memory.

    An iterator is read here, as that can be done only once.

    Example:
        >>> as_source((["so happy", "so sad"], ["joy", "sadness"]))[0]
        'python:tuple'
    """
    if data is None or isinstance(data, str):
        return data, None
    if isinstance(data, PythonData):
        return data.name, data
    if isinstance(data, os.PathLike):
        return str(os.fspath(data)), None
    name = f"{IN_MEMORY}{type(data).__name__}"
    if isinstance(data, Iterator):
        data = list(data)
    by_split = isinstance(data, Mapping) and _is_by_split(data)
    tables = {str(split): table for split, table in data.items()} if by_split else {"train": data}
    return name, PythonData(name, tables)


def data_of_run(data: Any, name: str) -> PythonData | None:
    """Return the data for a run that is resumed, whose source has this name; None: the name says enough.

    Raises:
        DataError: The run needs data from memory and there is none, or it needs none.
    """
    _, held = as_source(data)
    if not name.startswith(IN_MEMORY) and data is None:
        return None
    if held is None:
        raise DataError(
            f"This run began with data in Python's memory ({name}), which no file holds.",
            "Resume it from Python, with the same data: textune.resume(RUN, data=...)",
        )
    if not name.startswith(IN_MEMORY):
        raise DataError(f"This run reads its data from {name}.", "Resume it without data=...")
    return replace(held, name=name)


def check_names_a_place(name: str) -> None:
    """Raise a `DataError` if a source's name stands for data that was in memory."""
    if name.startswith(IN_MEMORY):
        raise DataError(
            f"'{name}' stands for data in Python's memory, which no file holds.",
            "Name a file or another source, or pass the data itself from Python: data=...",
        )


def read_python_data(data: PythonData, choice: ColumnChoice) -> RawSource:
    """Read data in memory; raise a `DataError` if it is not a table, or a column is missing."""
    tables = data.tables
    if all(is_dataset(table) for table in tables.values()):
        return read_dataset(tables, choice, origin=data.name)
    split_names, left_out = choose_splits(tables, origin=data.name)
    origins = {split: _origin(data, name) for split, name in split_names.items()}
    columns = {split: columns_of(tables[name], origins[split]) for split, name in split_names.items()}
    empty = next((split for split, of in columns.items() if not any(of.values())), None)
    if empty is not None:
        raise DataError(f"{origins[empty]} has no rows.", "Pass labelled texts, one per row.")
    read_exported_rows: Callable[..., RawSource | None] = resolve_name(EXPORTED_ROWS)
    rows = {split: (origins[split], _rows(values)) for split, values in columns.items()}
    of_a_tool = any(of.keys() != _OF_A_PAIR for of in columns.values())
    if of_a_tool and (exported := read_exported_rows(rows, choice)) is not None:
        return replace(exported, notes=(*exported.notes, *note_on_ignored(left_out)))
    reading = choice.reading
    columns = {split: join_columns(values, reading, origins[split]) for split, values in columns.items()}
    names = list(next(iter(columns.values())))
    text, label, more = choice.find(names, origin=data.name)
    others = deciding_columns(names, choice, text=text, label=label, origin=data.name)
    needed = (*reading.parts_of(text), *label.columns)
    splits = {
        split: _read_split(values, origins[split], text, label, needed=needed, others=others)
        for split, values in columns.items()
    }

    def read_part(name: str) -> RawSplit:
        origin = _origin(data, name)
        values = join_columns(columns_of(tables[name], origin), reading, origin)
        return _read_split(values, origin, text, label, needed=needed, others=others)

    raw = with_parts(
        RawSource(splits, notes=more), {name: name for name in left_out}, read_part, other=choice.other
    )
    return decide_columns(raw, choice, label=label, origin=data.name)


def _origin(data: PythonData, name: str) -> str:
    return f"{data.name}, split {name}" if len(data.tables) > 1 else data.name


def _is_by_split(data: Mapping[Any, Any]) -> bool:
    """Return whether a mapping has splits rather than columns."""
    names = {str(name).strip().casefold() for name in data}
    if names & {*TEXT_NAMES, *LABEL_NAMES}:
        return False
    return bool(names & SPLIT_OF.keys()) or any(is_table(value) for value in data.values())


def _rows(columns: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def _read_split(
    columns: Mapping[str, list[Any]],
    origin: str,
    text: str,
    label: LabelColumn,
    *,
    needed: Sequence[str],
    others: Sequence[str],
) -> RawSplit:
    if missing := [name for name in needed if name not in columns]:
        raise DataError(
            f"{origin} has no column '{missing[0]}', which train has.", "Give all splits the same columns."
        )
    more = {name: columns[name] for name in others if name in columns}
    piece = Piece(origin, origin, "row", range(1, len(columns[text]) + 1), label.names)
    texts = list(map(as_text, columns[text]))
    return RawSplit((piece,), texts, label.values_in(columns, origin), plain_columns(more))
