"""An annotation tool's export becomes items, one per text.

In: a file, or rows in memory. Out: the items with their places, or a `DataError`. Does not know the tools,
nor which answers become labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from textune.annotations.registry import ExportItem, Tool, find_file_tool, find_row_tool
from textune.data.columns import ColumnChoice, find_text_column
from textune.errors import DataError
from textune.formats.joining import join_values
from textune.formats.registry import AS_USUAL, Row, format_of
from textune.formats.tables import read_rows, table_notes
from textune.formats.text_pairs import TextPair
from textune.wording import first_line

SPLIT_FIELD = "split"
"""The name of a value that says which split a text is in, and is not the text."""

ROWS_LOOKED_AT = 20
"""The rows that decide whether a table is an export."""

_DIFFERENCES = (AttributeError, LookupError, TypeError, ValueError, RecursionError)
"""What reading a row may raise that does not have the structure of the others."""


@dataclass(frozen=True, slots=True)
class ToolExport:
    """The items of an export, one per text; they come from a number of rows. `unit` is what lines count.

    `notes` say how its file is read.
    """

    origin: str
    shown: str
    tool: Tool
    items: Sequence[ExportItem]
    rows: int
    unit: str
    notes: Sequence[str] = ()


def exporting_tool(path: Path, choice: ColumnChoice) -> Tool | None:
    """Return the tool that exported a file; None for a table or a file that cannot be read.

    None as well if the choice is one for tables, see `exporting_tool_of_rows`.
    """
    if not _is_usual(choice.requested()):
        return None
    try:
        tool = find_file_tool(path)
        first = [row.values for row in islice(read_rows(path), ROWS_LOOKED_AT)] if tool is None else []
    except DataError:  # Whatever reads the file as a table says what is wrong with it.
        return None
    return tool or exporting_tool_of_rows(first, choice)


def exporting_tool_of_rows(rows: Sequence[Mapping[str, Any]], choice: ColumnChoice) -> Tool | None:
    """Return the tool that exported the first rows of a table, in a file or in memory.

    None if no tool has such rows, or if the choice is one for tables: of how to read them, or of a column
    that the tool knows neither as text nor as label. Choices that a run only remembers do not count.
    """
    choice = choice.requested()
    tool = find_row_tool(rows) if _is_usual(choice) else None
    return None if tool is None or _has_other_columns(rows, tool, choice) else tool


def read_tool_export(path: Path, tool: Tool, choice: ColumnChoice) -> ToolExport:
    """Read the items of a file; raise a `DataError` if it does not have the tool's structure throughout."""
    if tool.read_file is not None:
        items, unit, notes = tool.read_file(path), tool.unit, tool.file_notes(path)
    else:
        unit, notes = format_of(path).unit, table_notes(path)
        items = _row_items(read_rows(path), f"{path}, {unit}", tool)
    export = _collect(str(path), path.name, tool, items, unit)
    return _joined(replace(export, notes=notes), choice)


def read_export_rows(
    rows: Iterable[Mapping[str, Any]], origin: str, tool: Tool, choice: ColumnChoice
) -> ToolExport:
    """Read rows in memory as `read_tool_export` reads those of a file."""
    numbered = (Row(number, values) for number, values in enumerate(rows, start=1))
    items = _row_items(numbered, f"{origin}, row", tool)
    return _joined(_collect(origin, origin, tool, items, "row"), choice)


def export_texts(path: Path, tool: Tool, choice: ColumnChoice) -> Iterator[tuple[str, Any]]:
    """Yield the place and the text of every text of an export, labelled or not."""
    export = read_tool_export(path, tool, choice)
    name = text_name(export, choice, option="--text-column NAME")
    for item in export.items:
        yield f"{path}, {export.unit} {item.line}", item.texts.get(name)


def _is_usual(choice: ColumnChoice) -> bool:
    """Return whether nothing is chosen about how a file is read, except for columns to join or to pair."""
    return not choice.labels and choice.reading.without_made() == AS_USUAL


def _has_other_columns(rows: Sequence[Mapping[str, Any]], tool: Tool, choice: ColumnChoice) -> bool:
    """Return whether the chosen columns are of the table, but are not what the tool calls text or labels."""
    assert tool.is_row is not None and tool.read_row is not None
    values = next(values for values in rows if tool.is_row(values))
    with suppress(*_DIFFERENCES):
        item = tool.read_row(Row(1, values))
        texts = [(part, item.texts) for part in choice.reading.parts_of(choice.text)]
        chosen = (*texts, (choice.label, item.answers))
        return any(name in values and name not in names for name, names in chosen if name)
    return False


def _collect(origin: str, shown: str, tool: Tool, items: Iterable[ExportItem], unit: str) -> ToolExport:
    joined: dict[Any, ExportItem] = {}
    rows = 0
    for rows, item in enumerate(items, start=1):
        key = ("", rows) if item.key is None else (item.key,)
        joined[key] = _join(joined[key], item) if key in joined else item
    return ToolExport(origin, shown, tool, list(joined.values()), rows, unit)


def _row_items(rows: Iterable[Row], unit: str, tool: Tool) -> Iterator[ExportItem]:
    assert tool.read_row is not None
    for row in rows:
        try:
            yield tool.read_row(row)
        except _DIFFERENCES as error:
            reason = f"it has no {error}" if isinstance(error, KeyError) else first_line(error)
            raise DataError(
                f"{unit} {row.line} does not have the structure of {tool.name}'s exports, as other rows do: "
                f"{reason}.",
                "Fix or delete this row, or export the file again.",
            ) from error


def _join(first: ExportItem, later: ExportItem) -> ExportItem:
    questions = dict.fromkeys((*first.answers, *later.answers))
    answers = {name: [*first.answers.get(name, ()), *later.answers.get(name, ())] for name in questions}
    return replace(first, answers=answers, has_suggestion=first.has_suggestion or later.has_suggestion)


def _joined(export: ToolExport, choice: ColumnChoice) -> ToolExport:
    """Return an export with the joined texts and pairs that are chosen, if all of their parts are in it."""
    reading = choice.reading
    names = {name for item in export.items for name in item.texts}
    if not reading.made_names or not names.issuperset(reading.parts_of(reading.made_names[-1])):
        return export
    items = []
    for item in export.items:
        place = f"{export.origin}, {export.unit} {item.line}"
        items.append(replace(item, texts=join_values(item.texts, reading, partial(str, place))))
    return replace(export, items=items)


def text_name(
    export: ToolExport, choice: ColumnChoice, *, option: str = "--set data.text_column=NAME"
) -> str:
    """Return what the export calls its text: the only text there is, or the one with a usual name."""
    names = dict.fromkeys(name for item in export.items for name in item.texts if name != SPLIT_FIELD)
    texts = [
        name
        for name in names
        if any(isinstance(item.texts.get(name), str | TextPair) for item in export.items)
    ]
    name = choice.text if choice.text in names or "text_column" not in choice.remembered else ""
    if len(texts) == 1 and not name:
        return texts[0]
    return find_text_column(list(names), ColumnChoice(name), origin=export.origin, option=option)
