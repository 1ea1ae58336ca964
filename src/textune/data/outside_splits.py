"""Stored splits of texts that belong to no class, beside those of the classes: `oos_train`, `test_oos`.

In: the name of a part of a source, and its rows. Out: the split that it is of, and the label that all of its
rows have. Does not know what becomes of such texts.
"""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from textune.data.label_cells import Label, whole_number
from textune.data.raw import RawSource, RawSplit, join_rows
from textune.errors import DataError
from textune.formats.split_names import SPLIT_OF


def split_of_part(name: str) -> str | None:
    """Return the split that a part of a source is of, by its first or last word, or None.

    Example:
        >>> split_of_part("oos_train"), split_of_part("test-oos"), split_of_part("extra")
        ('train', 'test', None)
    """
    words = re.split(r"[\W_]+", name.strip().casefold())
    if len(words) < 2:
        return None
    named = {SPLIT_OF[word] for word in (words[0], words[-1]) if word in SPLIT_OF}
    return named.pop() if len(named) == 1 else None


def is_label(label: Label | None, name: str) -> bool:
    """Return whether a label is the one of this name; 1 is also `1.0`, and true is also `True`.

    Example:
        >>> is_label("oos", "oos"), is_label(42, "42.0"), is_label(None, "oos")
        (True, True, False)
    """
    if label is None:
        return False
    written = str(label).strip()
    if isinstance(label, bool) or name.casefold() in ("true", "false"):
        return written.casefold() == name.casefold()
    number = whole_number(written)
    return written == name or (number is not None and number == whole_number(name))


def labels_by_part(splits: Mapping[str, RawSplit], parts: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the name of the label that all rows of a part of a source have, by the part; else nothing.

    `parts` are the part of every row, by split.
    """
    found: defaultdict[str, set[str]] = defaultdict(set)
    for split, rows in splits.items():
        for piece, span in rows.spans():
            for index in span:
                label = rows.labels[index]
                written = "" if label is None else str(label).strip()
                number = whole_number(written)
                stored = (piece.label_names or {}).get(number) if number is not None else None
                found[parts[split][index]].add(stored or written)
    return {part: labels.pop() if len(labels) == 1 else "" for part, labels in found.items()}


def parts_without_class(names: Mapping[str, str], other: str) -> dict[str, str]:
    """Return which parts of a source hold only texts that belong to no class, and the split of each.

    Args:
        names: The label that all rows of a part have, by the part's name.
        other: The label of texts that belong to no class; empty: there is none.
    """
    return {
        part: split
        for part, label in names.items()
        if other and (split := split_of_part(part)) and is_label(label, other)
    }


def with_parts(
    raw: RawSource,
    left_out: Mapping[str, str],
    read: Callable[[str], RawSplit],
    *,
    other: str,
    what: str = "splits",
) -> RawSource:
    """Return a source with those of its left out parts that hold only texts without a class, and a note.

    Args:
        raw: The source's train, validation and test.
        left_out: The names of its other parts, and these names without the suffixes of files.
        read: Returns the rows of a part by its name.
        other: The label of texts that belong to no class; empty: there is none.
        what: What such parts are called.
    """
    parts = {}
    for name in (name for name, plain in left_out.items() if split_of_part(plain)):
        with suppress(DataError):  # A part that is ignored may well lack a column.
            parts[left_out[name]] = read(name)
    labels = labels_by_part(parts, {plain: [plain] * len(rows.texts) for plain, rows in parts.items()})
    joined, splits = parts_without_class(labels, other), dict(raw.splits)
    for plain, split in joined.items():
        splits[split] = join_rows([splits[split], parts[plain]]) if split in splits else parts[plain]
    notes = note_on_ignored([name for name, plain in left_out.items() if plain not in joined], what)
    advice = advise({plain: label for plain, label in labels.items() if plain not in joined})
    return replace(raw, splits=splits, notes=(*raw.notes, *(f"{note}{advice}" for note in notes)))


def note_on_ignored(names: Iterable[str], what: str = "splits") -> tuple[str, ...]:
    """Return a note about the parts of a source that are ignored, if there are any.

    Example:
        >>> note_on_ignored(["extra"])
        ('Ignored splits: extra.',)
    """
    listed = ", ".join(names)
    return (f"Ignored {what}: {listed}.",) if listed else ()


def advise(labels: Mapping[str, str]) -> str:
    """Return what ignored parts may be for, if they are named after splits and all have the same label."""
    found = {label for part, label in labels.items() if split_of_part(part)}
    if len(found) != 1 or not (label := found.pop()):
        return ""
    return (
        f" All rows of such a split have the label '{label}'. If it means that a text belongs to no class: "
        f"--set evaluate.other={shlex.quote(label)}"
    )
