"""Cells that hold several labels: `2,27`, `joy;anger`, `['joy', 'surprise']`.

In: the distinct labels of a source. Out: those that are several in one, with their parts, and whether that is
certain. A name may hold a comma, so the parts must be known: as labels of their own, or from other cells.
Does not know rows.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

_IDS = re.compile(r"-?[0-9]+(?:\s*[,;|]\s*-?[0-9]+|\s+-?[0-9]+)+")
# Thousands, and scores with a decimal comma: neither are two ids.
_NUMBER_WITH_COMMAS = re.compile(r"-?[1-9][0-9]{0,2}(?:,[0-9]{3})+|-?[0-9]+,(?:5|25|50|75)")
_QUOTED = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
# What NumPy writes where Python writes a comma (a space), and around a list in a list.
_NUMPY = re.compile(
    rf"{_QUOTED}|array\((?=\[)|(?<=\])(?:,\s*dtype=\w+)?\)|(?<=[^\s,\[({{:])\s+(?=[^\s,\])}}:])"
)
_BRACKETS = {"[": "]", "(": ")", "{": "}"}
_QUOTES = " \t'\""
_LONGEST_LIST = 2000

# Names hardly ever hold these, so one part that is a label of its own is enough; a semicolon is enough by
# itself. A comma without a space was written by a program. The others are semicolons and commas of
# Chinese, Japanese and Arabic.
_SEMICOLONS = (";", "\uff1b", "\u061b")
_JOINING = (*_SEMICOLONS, "|", "\n", "\t", "\uff0c", "\u3001", "\u060c", ",")
# Names do hold these ("Mergers, Acquisitions", "R&D"), so all parts must be labels, or one changes places.
_ALSO_IN_NAMES = (
    ", ", "#", "/", "&", "+", ":", "_", "->", "\u2192", ">", "-", "\u2013", "\u2014", "^", "~", "\\",
    "\u00b7", "\u2022", " and ", " or ", " "
)  # fmt: skip


_CERTAIN_SHARE = 0.8
"""How many of the parts of joined labels must be known from elsewhere before the joint is certain.

Of a topic and its subtopics, such as `Phones|Android`, only the topics are.
"""
_SEVERAL_JOINTS = 3
"""Different cells that are joined by what names hold too, before that is certain."""


@dataclass(frozen=True)
class JoinedLabels:
    """Labels that are several in one cell.

    Attributes:
        parts: Their parts.
        separators: What stands between these, in any of the labels.
        are_certain: Whether they can hardly be names.
    """

    parts: Mapping[str, tuple[str, ...]]
    separators: tuple[str, ...] = ()
    are_certain: bool = False


def find_several(labels: Collection[str], *, known: Collection[str] = ()) -> JoinedLabels:
    """Return the labels that are several in one cell.

    `known` are the names of classes, if they are known: none of those is several labels.

    Example:
        >>> find_several(["joy", "anger", "joy;anger", "Mergers, Acquisitions"]).parts
        {'joy;anger': ('joy', 'anger')}
        >>> joined = find_several(["2", "27", "2,27"])
        >>> joined.parts, joined.separators, joined.are_certain
        ({'2,27': ('2', '27')}, (',',), True)
    """
    labels = set(labels) - set(known)
    several = {label: tuple(re.findall("-?[0-9]+", label)) for label in labels if _IDS.fullmatch(label)}
    separators = {label: _separator_of_ids(label) for label in several}
    alone = {*labels, *known} - several.keys()
    # Labels in brackets are alone in them, and capitals do not make another label.
    written_alone = {_inner(label).casefold() for label in alone}
    for separator in (*_JOINING, *_ALSO_IN_NAMES):
        parts = _split_all(labels, separator)
        positions = _positions(parts) if separator in (*_JOINING, ", ") else {}
        recurring = _in_other_labels(parts, separator)
        is_enough = any if separator in _JOINING else all
        for label, of_label in parts.items():
            if label not in several and (
                separator in _SEMICOLONS
                or is_enough(part.casefold() in written_alone for part in of_label)
                or (positions and _has_quoted_part(label, separator))
                or any(len(positions.get(part, ())) > 1 for part in of_label)
                or label in recurring
            ):
                several[label] = of_label
                separators[label] = separator
    used = tuple(dict.fromkeys(separators[label] for label in sorted(several)))
    # What divides some cells divides all of them, if it can hardly be in a name.
    everywhere = {**several}
    for separator in used:
        everywhere = _split_all(labels, separator) | everywhere
    if _are_certain(everywhere, used, {_inner(label) for label in alone - everywhere.keys()}):
        return JoinedLabels(_with_bracketed(everywhere, labels), used, are_certain=True)
    return JoinedLabels(several, used)


def _inner(label: str) -> str:
    """Return a label without the brackets and quotes around it."""
    is_bracketed = label[:1] in _BRACKETS and _BRACKETS[label[0]] == label[-1]
    return label[1:-1].strip(_QUOTES) if is_bracketed else label


def _has_quoted_part(label: str, separator: str) -> bool:
    """Return whether one of the parts is in quotes, as programs write it and names do not."""
    parts = [part.strip() for part in label.split(separator)]
    return any(len(part) > 2 and part[0] == part[-1] in ("'", '"') for part in parts)


def _with_bracketed(
    several: Mapping[str, tuple[str, ...]], labels: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Return labels with their parts, and those that are single in brackets if others are several there."""
    brackets = {label[0] for label in several if _inner(label) != label}
    alone = {label: (_inner(label),) for label in labels if label[0] in brackets and _inner(label) != label}
    return {**alone, **several}


def _separator_of_ids(label: str) -> str:
    return next((separator for separator in ";|," if separator in label), " ")


def _are_certain(
    several: Mapping[str, tuple[str, ...]], separators: Collection[str], alone: Collection[str]
) -> bool:
    """Return whether the parts are ids, or labels elsewhere too: alone, or in another place of a cell."""
    kinds = {separator.strip(" ") or " " for separator in separators}
    if len(kinds) != 1 or all(map(_NUMBER_WITH_COMMAS.fullmatch, several)):
        return False
    if kinds <= {*",;|"} and all(map(_IDS.fullmatch, several)):
        return True
    positions = _positions(several)
    parts = [part for of_label in several.values() for part in of_label]
    attested = sum(part in alone or len(positions[part]) > 1 for part in parts)
    if {*separators} & {*_JOINING}:
        return attested >= _CERTAIN_SHARE * len(parts)
    return kinds <= {",", "#"} and len(several) >= _SEVERAL_JOINTS and attested == len(parts)


def parse_list(label: str) -> list[Any] | None:
    """Return the items of a list, tuple or set that a cell holds as JSON, Python or NumPy writes it.

    Example:
        >>> parse_list("['joy', 'surprise']"), parse_list("[joy]")
        (['joy', 'surprise'], None)
    """
    if _BRACKETS.get(label[0]) != label[-1] or len(label) > _LONGEST_LIST:
        return None
    items = read_items(label)
    return items if items is not None and all(isinstance(item, str | int | float) for item in items) else None


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


def _in_other_labels(parts: Mapping[str, tuple[str, ...]], separator: str) -> set[str]:
    """Return the labels whose parts all stand in other labels too, where a program wrote the comma between.

    Cells with one of a few kinds and one of a few others (`joy,mild`, `joy,strong`, `anger,mild`) have no
    part alone, nor in another place.
    """
    if separator != ",":
        return set()
    counts = Counter(part for of_label in parts.values() for part in set(of_label))
    return {label for label, of_label in parts.items() if all(counts[part] > 1 for part in of_label)}


def _positions(parts: Mapping[str, tuple[str, ...]]) -> dict[str, set[int]]:
    """Return where each part stands: a topic always before its subtopic, a second label anywhere."""
    positions: defaultdict[str, set[int]] = defaultdict(set)
    for of_label in parts.values():
        for position, part in enumerate(of_label):
            positions[part].add(position)
    return positions
