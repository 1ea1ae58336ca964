"""Names of label ids that the user gives: a list, or a file that maps ids to names.

In: the setting `data.label_names`. Out: a name for each id, or a `DataError` with the line. Does not know
which ids occur.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from textune.data.label_names import stored_names
from textune.data.raw import RawSource
from textune.errors import DataError
from textune.formats.lines import read_lines

_ENTRY = re.compile(r"\s*(?P<id>[0-9]{1,9})\s*[\t,;:=]\s*(?P<name>[^\t]*[^\s])\s*")
# TweetEval describes its emoji after their names.
_DESCRIBED = re.compile(r"\s*(?P<id>[0-9]{1,9})\t(?P<name>[^\t]*[^\s])\t_[^\t]*_\s*")
_SPACED = re.compile(r"(?P<id>[0-9]{1,9})\s+(?P<name>[^\t]*[^\s])\s*")
_REVERSED = re.compile(r"\s*(?P<name>.*\S)\s*[\t,;:=]\s*(?P<id>[0-9]{1,9})\s*")
_EXAMPLE = (
    "Write a name per line, from id 0; or an id, a tab and a name per line; or JSON such as "
    '{"0": "anger", "1": "joy"}.'
)


def with_names(raw: RawSource, names: str | Sequence[str], *, remembered: bool = False) -> RawSource:
    """Return a source whose label ids are named as the setting `data.label_names` says.

    `remembered` names are those of a run's own data, which do not replace those that the source has.

    Raises:
        DataError: A file of names is missing or wrong, two ids have one name, or the names that the source
            stores for the ids contradict each other or the setting.
    """
    if names == "auto" or (remembered and stored_names(raw)):
        return raw
    if names == "none":
        table = None
    elif isinstance(names, str):
        table = read_names(Path(names).expanduser())
    else:
        table = _checked(("data.label_names", *entry) for entry in enumerate(names))
    _check_stored(raw, table or {})
    splits = {
        split: replace(rows, pieces=tuple(replace(piece, label_names=None) for piece in rows.pieces))
        for split, rows in raw.splits.items()
    }
    return replace(raw, splits=splits, label_names=table)


def _check_stored(raw: RawSource, table: Mapping[int, str]) -> None:
    """Raise a `DataError` if an id has other names elsewhere in a source, or a name another id in `table`."""
    stored: dict[int, tuple[str, str]] = {}
    for piece in (piece for rows in raw.splits.values() for piece in rows.pieces):
        for number, name in (piece.label_names or {}).items():
            first, origin = stored.setdefault(number, (name, piece.label_origin))
            if first != name:
                raise DataError(
                    f"{origin} stores {first[:60]!r} for the id {number}, and {piece.label_origin} stores "
                    f"{name[:60]!r}: data.label_names cannot mean both.",
                    "Leave data.label_names out: each file is read by the names that it stores.",
                )
    ids = {name: number for number, name in table.items()}
    for number, (name, origin) in stored.items():
        if ids.get(name, number) != number:
            raise DataError(
                f"data.label_names gives the name {name[:60]!r} to the id {ids[name]}, but {origin} stores "
                f"it for the id {number}.",
                "List the names in the order of the stored ids, or leave data.label_names out.",
            )


def read_names(path: Path) -> dict[int, str]:
    """Return the names by id of a mapping file: JSON, or lines of names or of ids and names.

    Raises:
        DataError: It cannot be read, or an id or a name occurs twice.
    """
    if path.suffix.lower() == ".json":
        return _checked((str(path), *entry) for entry in _json_entries(path))
    lines = list(enumerate(read_lines(path), start=1))
    while lines and not lines[-1][1].strip():
        lines.pop()
    filled = [(number, line) for number, line in lines if line.strip()]
    for pattern in (_ENTRY, _DESCRIBED, _SPACED, _REVERSED):
        matches = [(number, line, pattern.fullmatch(line)) for number, line in filled]
        # The first line may hold the names of columns.
        has_names = len(matches) > 2 and not matches[0][2] and not re.match(r"\s*[0-9]", matches[0][1])
        own = matches[1:] if has_names else matches
        entries = [
            (f"{path}, line {number}", int(match["id"]), match["name"]) for number, _, match in own if match
        ]
        if not entries or (pattern is not _ENTRY and not _are_ids(entries, of=len(own))):
            continue
        for number, line, match in own:
            if match is None:
                raise _no_entry(path, number, line)
        return _checked(entries)
    blank = next((number for number, line in lines if not line.strip()), None)
    if blank is not None or not lines:
        raise DataError(f"{path}, line {blank or 1}: there is no name.", _EXAMPLE)
    for number, line in lines:
        if "\t" in line.strip():
            raise _no_entry(path, number, line)
    return _checked((f"{path}, line {number}", number - 1, line) for number, line in lines)


def _no_entry(path: Path, number: int, line: str) -> DataError:
    return DataError(
        f"{path}, line {number}: expected an id, a tab and a name, found {line[:60]!r}.", _EXAMPLE
    )


def _are_ids(entries: Sequence[tuple[str, int, str]], *, of: int) -> bool:
    """Return whether every line has an id and a name of its own: otherwise, names hold numbers."""
    _, ids, names = zip(*entries, strict=True)
    return len(set(ids)) == len(set(names)) == of and sorted(ids) == list(range(min(ids), min(ids) + of))


def _json_entries(path: Path) -> Iterable[tuple[int, str]]:
    try:
        value: Any = json.loads("\n".join(read_lines(path)))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON: {error}.", _EXAMPLE) from error
    if isinstance(value, dict) and isinstance(value.get("id2label"), dict):
        value = value["id2label"]  # The config.json of a model.
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return enumerate(value)
    entries = list(value.items()) if isinstance(value, dict) else []
    if entries and all(re.fullmatch("[0-9]{1,9}", key) and isinstance(name, str) for key, name in entries):
        return ((int(key), name) for key, name in entries)
    if entries and all(type(number) is int and number >= 0 for _, number in entries):
        return ((number, name) for name, number in entries)
    raise DataError(f"{path} maps no ids to names.", _EXAMPLE)


def _checked(entries: Iterable[tuple[str, int, str]]) -> dict[int, str]:
    """Return names by id, in the order of the ids, from the place, the id and the name of each."""
    names: dict[int, str] = {}
    for place, number, name in entries:
        name = name.strip()
        if not name or number in names or name in names.values():
            fault = "is empty" if not name else "or its id occurs twice"
            raise DataError(
                f"{place}: the name {name[:60]!r} of the id {number} {fault}.",
                "Give every id one name, and every name one id.",
            )
        names[number] = name
    return dict(sorted(names.items()))
