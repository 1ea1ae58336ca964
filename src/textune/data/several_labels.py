"""Cells that hold several labels: `2,27`, `joy;anger`, `['joy', 'surprise']`.

In: the distinct labels of a source. Out: those that are several in one, with their parts. A name may hold a
comma, so the parts must be known: as labels of their own, or from other cells. Does not know rows.
"""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

_IDS = re.compile(r"-?[0-9]+(?:\s*[,;|]\s*-?[0-9]+|\s+-?[0-9]+)+")
_QUOTED = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
# What NumPy writes where Python writes a comma (a space), and around a list in a list.
_NUMPY = re.compile(
    rf"{_QUOTED}|array\((?=\[)|(?<=\])(?:,\s*dtype=\w+)?\)|(?<=[^\s,\[({{:])\s+(?=[^\s,\])}}:])"
)
_BRACKETS = {"[": "]", "(": ")", "{": "}"}
_QUOTES = " \t'\""
_LONGEST_LIST = 2000

# Names hardly ever hold these, so one part that is a label of its own is enough; a semicolon is enough by
# itself. A comma without a space was written by a program. Two are the commas of Chinese and
# Japanese.
_JOINING = (";", "|", "\n", "\t", "\uff0c", "\u3001", ",")
# Names do hold these ("Mergers, Acquisitions", "R&D"), so all parts must be labels, or one changes places.
_ALSO_IN_NAMES = (", ", "#", "/", "&", "+", " ")


def find_several(labels: Collection[str], *, known: Collection[str] = ()) -> dict[str, tuple[str, ...]]:
    """Return the labels that are several in one cell, with their parts.

    `known` are the names of classes, if they are known: none of those is several labels.

    Example:
        >>> find_several(["joy", "anger", "joy;anger", "Mergers, Acquisitions"])
        {'joy;anger': ('joy', 'anger')}
        >>> find_several(["2", "2,27"])
        {'2,27': ('2', '27')}
    """
    labels = set(labels) - set(known)
    several = {label: tuple(re.findall("-?[0-9]+", label)) for label in labels if _IDS.fullmatch(label)}
    alone = {*labels, *known} - several.keys()
    for separator in _JOINING:
        parts = _split_all(labels, separator)
        positions = _positions(parts)
        several |= {
            label: of_label
            for label, of_label in parts.items()
            if separator == ";" or any(part in alone or len(positions[part]) > 1 for part in of_label)
        }
    for separator in _ALSO_IN_NAMES:
        parts = _split_all(labels, separator)
        positions = _positions(parts) if separator == ", " else {}
        several |= {
            label: of_label
            for label, of_label in parts.items()
            if all(part in alone for part in of_label)
            or any(len(positions.get(part, ())) > 1 for part in of_label)
        }
    return several


def parse_list(label: str) -> list[Any] | None:
    """Return the items of a list, tuple or set that a cell holds as JSON, Python or NumPy writes it.

    Example:
        >>> parse_list("['joy', 'surprise']"), parse_list("[joy]")
        (['joy', 'surprise'], None)
    """
    if _BRACKETS.get(label[0]) != label[-1] or len(label) > _LONGEST_LIST:
        return None
    items = read_items(label)
    return items if items is not None and all(isinstance(item, str | int) for item in items) else None


def read_items(cell: str) -> list[Any] | None:
    """Return the items of a list, tuple or set as `parse_list` does; items may be lists of any length.

    Example:
        >>> read_items("['joy' 'surprise']"), read_items("[array(['joy'], dtype=object)]")
        (['joy', 'surprise'], [['joy']])
    """
    for read in (json.loads, _read_python):
        try:
            value = read(cell)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(value, list | tuple | set):
            return sorted(value, key=str) if isinstance(value, set) else list(value)
    return None


def _read_python(cell: str) -> Any:
    # Python joins strings without a comma between them.
    if cell.startswith("["):
        cell = _NUMPY.sub(lambda found: found[1] or ("," if found[0].isspace() else ""), cell)
    return ast.literal_eval(cell)


def _split_all(labels: Collection[str], separator: str) -> dict[str, tuple[str, ...]]:
    parts = {}
    for label in labels:
        inner = label[1:-1] if _BRACKETS.get(label[0]) == label[-1] else label
        if separator in inner and not (separator == "," and ", " in inner):
            # Forms write a separator after every label, the last one too; some programs write two in a row.
            of_label = tuple(part.strip(_QUOTES) for part in inner.split(separator) if part.strip(_QUOTES))
            if len(of_label) > 1:
                parts[label] = of_label
    return parts


def _positions(parts: Mapping[str, tuple[str, ...]]) -> dict[str, set[int]]:
    """Return where each part stands: a topic always before its subtopic, a second label anywhere."""
    positions: defaultdict[str, set[int]] = defaultdict(set)
    for of_label in parts.values():
        for position, part in enumerate(of_label):
            positions[part].add(position)
    return positions
