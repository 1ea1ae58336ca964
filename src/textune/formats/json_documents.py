"""JSON files that are one array or object: of rows, of columns or of splits; or a row per line.

What is in a file decides, not whether its name ends in `.json` or `.jsonl`. Objects over several lines each,
as `jq` prints them, are rows as well. A row is an object, or an array whose cells are called `1`, `2` and so
on. Rows in several arrays of one object get a column `split` with the array's key. The text of a file is in
memory; of an array, its rows are not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from textune.errors import DataError
from textune.formats.json_lines import keys_of, rows_of_lines
from textune.formats.json_values import checked_object, json_value
from textune.formats.lines import decode_lines, empty_file, open_data_file
from textune.formats.registry import AS_USUAL, Format, Reading, Row, register
from textune.formats.split_names import SPLIT_OF
from textune.wording import counted

_SPLIT = "split"
_SEPARATED = "Separate the rows of an array with commas, and end it with a bracket."


def _adapt(file_format: Format, path: Path, _: Reading) -> Format:
    text = _text(path)
    is_one = text[0] != "{" or json_value(text, str(path))[1] == len(text)
    return _as_document(file_format) if is_one or not _begins_with_object(text) else _as_lines(file_format)


def _adapt_lines(file_format: Format, path: Path, _: Reading) -> Format:
    with open_data_file(path) as file:
        lines = (line.strip() for line in decode_lines(file, str(path)) if not line.isspace())
        first, is_single = next(lines, ""), next(lines, None) is None
    if (first[:1] == "[" and is_single) or (first[:1] in ("[", "{") and not _is_value(first)):
        with suppress(DataError):  # What is not a document either has a faulty line, which its reader names.
            for _row in _rows(path, ()):
                pass
            return _as_document(file_format)
    return _as_lines(file_format)


def _begins_with_object(text: str) -> bool:
    return _is_value(text.partition("\n")[0].strip())


def _is_value(line: str) -> bool:
    try:
        return json_value(line, "")[1] == len(line)
    except DataError:
        return False


def _as_lines(file_format: Format) -> Format:
    return _as_in_file(file_format, rows_of_lines, "line")


def _as_document(file_format: Format) -> Format:
    return _as_in_file(file_format, _rows, "row")


def _as_in_file(
    file_format: Format, rows: Callable[[Path, Collection[str]], Iterator[Row]], unit: Literal["line", "row"]
) -> Format:
    return file_format.as_in_file(rows=rows, columns=lambda path: keys_of(rows(path, ())), unit=unit)


def _text(path: Path) -> str:
    with open_data_file(path) as file:
        text = "".join(decode_lines(file, str(path))).strip()
    if not text:
        raise empty_file(path)
    return text


def _rows(path: Path, columns: Collection[str]) -> Iterator[Row]:
    text = _text(path)
    rows = _array(text, path) if text[0] == "[" else _objects(text, path)
    for number, value in enumerate(rows, start=1):
        row = _cells(value) if isinstance(value, list) else checked_object(value, f"{path}, row {number}")
        yield Row(number, {name: row.get(name) for name in columns} if columns else row)


def _array(text: str, path: Path) -> Iterator[Any]:
    """Yield the values of an array one by one."""
    position, number = _after_space(text, 1), 1
    while text[position : position + 1] != "]" or number > 1:
        value, position = json_value(text, f"{path}, row {number}", start=position)
        yield value
        position = _after_space(text, position)
        if (mark := text[position : position + 1]) == "]":
            break
        if mark != ",":
            raise DataError(
                f"{path}, row {number}: a comma or a bracket must follow, found {mark!r}.", _SEPARATED
            )
        position, number = _after_space(text, position + 1), number + 1
    if position + 1 < len(text):
        raise DataError(f"{path}: there is more text after the array, after row {number}.", _SEPARATED)


def _objects(text: str, path: Path) -> Iterator[Any]:
    """Yield the rows of an object, or the objects that follow each other as rows."""
    value, position = json_value(text, str(path))
    if position == len(text):
        yield from _rows_of_object(value, path)
        return
    number = 1
    yield value
    while (position := _after_space(text, position)) < len(text):
        number += 1
        value, position = json_value(text, f"{path}, row {number}", start=position)
        yield value


def _after_space(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _rows_of_object(value: Any, path: Path) -> Iterator[Any]:
    """Yield the rows of a document that is an object."""
    document = checked_object(value, str(path))
    lists = {key: part for key, part in document.items() if isinstance(part, list)}
    tables = {key: part for key, part in lists.items() if part and isinstance(part[0], dict | list)}
    if {"columns", "data"} <= lists.keys() and not isinstance((document["columns"] or [None])[0], dict):
        yield from _rows_beside_names(document["columns"], document["data"], path)
    elif tables:
        yield from _rows_of_tables(tables, path)
    elif lists and len(lists) == len(document):
        if len({len(part) for part in lists.values()}) > 1:
            lengths = ", ".join(f"'{key[:60]}' {len(part):,}" for key, part in lists.items())
            raise DataError(
                f"{path}: the columns differ in length: {lengths}.", "Give all columns equally many values."
            )
        yield from (dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True))
    elif document and all(isinstance(part, dict) for part in document.values()):
        yield from _rows_of_objects(document)
    else:
        yield document


def _rows_beside_names(columns: Sequence[Any], rows: Sequence[Any], path: Path) -> Iterator[Any]:
    """Yield the rows of an array of arrays, whose names stand beside it."""
    names = [str(name) for name in columns]
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, list) or len(row) != len(names):
            raise DataError(
                f"{path}, row {number} of 'data' is not an array of {counted(len(names), 'cell')}.",
                "Give each row a cell for each name in 'columns'.",
            )
        yield dict(zip(names, row, strict=True))


def _rows_of_tables(tables: Mapping[str, Sequence[Any]], path: Path) -> Iterator[Any]:
    """Yield the rows of arrays, with the key of the array as a column if it may be a split."""
    several = len(tables) > 1 or next(iter(tables)).lower() in SPLIT_OF
    for key, rows in tables.items():
        for number, row in enumerate(rows, start=1):
            place = f"{path}, row {number} of '{key}'"
            cells = _cells(row) if isinstance(row, list) else checked_object(row, place)
            if several and cells.get(_SPLIT, key) != key:
                raise DataError(
                    f"{place} says that its split is {cells[_SPLIT]!r}.",
                    "Move the row to that array, or remove its field 'split'.",
                )
            yield {_SPLIT: key, **cells} if several else cells


def _rows_of_objects(document: Mapping[str, Mapping[str, Any]]) -> Iterator[Any]:
    """Yield rows that are objects with a key each, or the rows of columns whose values have a key each."""
    keys = list(dict.fromkeys(key for part in document.values() for key in part))
    if all(key.isdigit() for key in keys):
        yield from ({name: part.get(key) for name, part in document.items()} for key in keys)
    else:
        yield from document.values()


def _cells(row: list[Any]) -> dict[str, Any]:
    return {str(number): cell for number, cell in enumerate(row, start=1)}


def _count(path: Path) -> int:
    known = _adapt(_JSON, path, AS_USUAL)
    return sum(1 for _ in known.rows(path, ()))


register(Format("JSONL", (".jsonl", ".ndjson"), adapt=_adapt_lines))
_JSON = Format("JSON", (".json",), adapt=_adapt, row_count=_count)
register(_JSON)
