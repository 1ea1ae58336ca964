"""Columns beside the label that could be the label themselves, or that say what its numbers are called.

In: a source with these columns. Out: the source with names for its label ids, or notes on columns that could
be the label too; or a `DataError`, if it is not clear which column the label is.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from textune.data.columns import LABEL_NAMES, ColumnChoice, listed_columns
from textune.data.label_cells import is_missing_label, show_label, whole_number
from textune.data.label_names import stored_names
from textune.data.raw import RawSource
from textune.errors import DataError

_LABEL_WORDS = {*LABEL_NAMES, "classes", "annotation", "annotated"} - {"y"}
"""A column with one of these words in its name may be the label, such as `gold_label`."""
_TRUTH_WORDS = {"gold", "goldlabel", "truth", "final", "corrected", "adjudicated"}
"""What a column with one of these words holds is meant to be the label, whatever its classes are."""
_YES_AND_NO = {"true", "false", "yes", "no"}
_MEASURES = {
    "confidence", "score", "scores", "probability", "prob", "probs", "weight", "agreement", "count", "counts",
    "number", "start", "end", "length", "time", "date", "source", "origin", "status", "state",
    "human", "annotator", "annotators", "is", "was", "has"
}  # fmt: skip
"""Words for what is said about a label."""
_REPLACED = {
    "pred", "predicted", "prediction", "predictions", "model", "machine", "auto", "automatic", "suggested",
    "weak", "noisy", "old", "previous", "original", "raw"
}  # fmt: skip
"""Words for labels that others stand in for: these are never preferred to the label."""


def may_be_label(name: str, choice: ColumnChoice, label: str) -> bool:
    """Return whether a column may say what the labels are called, or be the label, by its name."""
    return _may_name(name, label) or (choice.label != label and (_is_usual(name) or _has_label_word(name)))


def name_labels(raw: RawSource, choice: ColumnChoice, *, label: str, origin: str) -> RawSource:
    """Return a source with the names that a column has for its label ids, if any.

    Raises:
        DataError: Several columns could be the label, or a column of names contradicts the ids.
    """
    rivals, notes = [], []
    for name in raw.columns():
        if not may_be_label(name, choice, label):
            continue
        values = [_written(value) for rows in raw.splits.values() for value in rows.column(name)]
        labels = _labels(raw, as_names=any(value and whole_number(value) is None for value in values))
        pairs = Counter(
            (ours, theirs) for ours, theirs in zip(labels, values, strict=True) if ours and theirs
        )
        is_plausible = _is_plausible(values)
        if is_plausible and _are_matched(pairs):
            if names := _names_of_numbers(pairs, raw):
                note = f"Labels are named after the column '{name}'."
                return replace(raw, label_names=names, notes=(*raw.notes, note))
        elif is_plausible and _may_name(name, label) and _are_numbers_and_names(pairs):
            raise _contradictory(pairs.keys(), label=label, name=name, origin=origin)
        elif choice.label == label:
            continue
        elif is_plausible and (
            _is_usual(name)
            or _is_truth(name, pairs)
            or (_same_classes(pairs) and not _is_replaced(name, pairs))
        ):
            rivals.append(name)
        elif (is_plausible or _same_classes(pairs)) and not _agree(pairs):
            notes.append(_note(name, label, pairs))
    if rivals:
        raise DataError(
            f"{origin} has several columns that could hold the label: {listed_columns([label, *rivals])}.",
            f"Choose one: --set data.label_column={label}",
        )
    return replace(raw, notes=(*raw.notes, *notes))


Pairs = Mapping[tuple[str, str], int]
"""How many rows hold a label and a value of another column."""


def _may_name(name: str, label: str) -> bool:
    pattern = rf"{re.escape(label.casefold())}[\s_-]?(?:text|names?|str|string|title)"
    return re.fullmatch(pattern, name.strip().casefold()) is not None


def _is_usual(name: str) -> bool:
    return name.strip().casefold() in LABEL_NAMES


def _words(name: str) -> Set[str]:
    return {word.casefold() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}


def _has_label_word(name: str) -> bool:
    words = _words(name)
    return bool(words & (_LABEL_WORDS | _TRUTH_WORDS)) and not words & _MEASURES


def _is_truth(name: str, pairs: Pairs) -> bool:
    """Return whether a column is meant to be the label, and does not just say yes or no about it."""
    words, (ours, theirs) = _words(name), _kinds(pairs)
    is_flag = theirs <= _YES_AND_NO and not ours & _YES_AND_NO
    return bool(words & _TRUTH_WORDS) and not words & _REPLACED and not is_flag


def _labels(raw: RawSource, *, as_names: bool) -> list[str | None]:
    """Return the labels as they are written, or the names that are stored for their ids."""
    written = []
    for rows in raw.splits.values():
        for piece, span in rows.spans():
            names = (piece.label_names or raw.label_names or {}) if as_names else {}
            values = rows.labels[span.start : span.stop]
            written += [_written(names.get(each, each) if isinstance(each, int) else each) for each in values]
    return written


def _written(value: Any) -> str | None:
    if is_missing_label(value):
        return None
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if is_whole else str(value).strip()


def _is_plausible(values: Sequence[str | None]) -> bool:
    """Return whether values look like labels: present, of two kinds or more, and repeated."""
    present = [value for value in values if value is not None]
    kinds = set(present)
    return 2 * len(present) > len(values) and 2 <= len(kinds) <= len(present) / 2


def _kinds(pairs: Pairs) -> tuple[set[str], set[str]]:
    return {ours.casefold() for ours, _ in pairs}, {theirs.casefold() for _, theirs in pairs}


def _agree(pairs: Pairs) -> bool:
    return all(ours.casefold() == theirs.casefold() for ours, theirs in pairs)


def _are_matched(pairs: Pairs) -> bool:
    """Return whether each label has one value of its own, so that both columns have the same classes."""
    are_matched = len(pairs) == len({ours for ours, _ in pairs}) == len({theirs for _, theirs in pairs})
    ours, theirs = _kinds(pairs)
    # The same names in other rows are not the same classes; the same numbers may begin at 0 and at 1.
    is_swapped = ours == theirs and not _agree(pairs)
    return are_matched and not is_swapped


def _same_classes(pairs: Pairs) -> bool:
    """Return whether the values of another column are mostly classes of the label."""
    ours, theirs = _kinds(pairs)
    return theirs <= ours or len(ours & theirs) >= max(2, len(theirs) / 2)


def _is_replaced(name: str, pairs: Pairs) -> bool:
    """Return whether another column's labels stand back: older ones, predictions, or coarser ones."""
    is_coarser = len({theirs for _, theirs in pairs}) < len({ours for ours, _ in pairs}) == len(pairs)
    return is_coarser or bool(_words(name) & _REPLACED)


def _are_numbers_and_names(pairs: Pairs) -> bool:
    return all(whole_number(ours) is not None and whole_number(theirs) is None for ours, theirs in pairs)


def _names_of_numbers(pairs: Pairs, raw: RawSource) -> dict[int, str]:
    """Return the names that a column has for label ids which have none yet."""
    if stored_names(raw) or not _are_numbers_and_names(pairs):
        return {}
    numbers = {whole_number(ours): theirs for ours, theirs in pairs}
    return {number: numbers[number] for number in sorted(number for number in numbers if number is not None)}


def _note(name: str, label: str, pairs: Pairs) -> str:
    differ = sum(rows for (ours, theirs), rows in pairs.items() if ours.casefold() != theirs.casefold())
    where = f", and differs in {differ:,} of {sum(pairs.values()):,} rows" if _same_classes(pairs) else ""
    return (
        f"The labels are those of '{label}'. The column '{name}' could be the label, too{where}. To learn "
        f"that: --set data.label_column={name}"
    )


def _contradictory(pairs: Set[tuple[str, str]], *, label: str, name: str, origin: str) -> DataError:
    names_of: defaultdict[str, list[str]] = defaultdict(list)
    ids_of: defaultdict[str, list[str]] = defaultdict(list)
    for number, value in sorted(pairs):
        names_of[number].append(value)
        ids_of[value].append(number)
    several = next(((number, names) for number, names in names_of.items() if len(names) > 1), None)
    if several is not None:
        found = f"{several[0]} is called {' and '.join(map(show_label, several[1][:2]))}"
    else:
        value, numbers = next((value, numbers) for value, numbers in ids_of.items() if len(numbers) > 1)
        found = f"{' and '.join(numbers[:2])} are both called {show_label(value)}"
    return DataError(
        f"In {origin}, the columns '{label}' and '{name}' contradict each other: {found}.",
        f"Fix these rows, or take the names alone: --set data.label_column={name}",
    )
