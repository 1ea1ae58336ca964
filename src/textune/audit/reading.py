"""From an unchecked source to the examples that can be audited, and what training would refuse.

Rows without a text or a label are finding D001, labels or splits that cannot be used are D002. Such a source
is audited anyway, as far as possible. Does not know what else may be wrong with a text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from textune.audit.checks import AuditInput, check
from textune.audit.findings import Example, Finding, FlaggedRow
from textune.data.dataset import SPLITS, Dataset
from textune.data.labels import Labelling, read_labels
from textune.data.raw import RawSource, RawSplit, counted
from textune.data.sources import complete_source
from textune.errors import DataError
from textune.recipe.settings import DataSettings

_NOTHING = RawSplit((), (), ())


@check(needs="texts", D001="rows without text or label", D002="labels and splits that training refuses")
def find_refused(audited: AuditInput) -> Iterable[Finding]:
    """Return what training would refuse, which reading the source has found."""
    return audited.refused


def read_for_audit(source: RawSource, settings: DataSettings) -> AuditInput:
    """Read a source for an audit.

    Args:
        source: The source, unchecked.
        settings: Its name, and how missing splits are to be made.
    """
    usable = {split: _usable(rows, is_train=split == "train") for split, rows in source.splits.items()}
    splits = {split: rows.take(usable[split]) for split, rows in source.splits.items()}
    usable_source = replace(source, splits=splits)
    refused = _unusable_rows(source, usable)
    try:
        _check_not_empty(usable_source, settings.source)
        labelling, _ = complete_source(usable_source, settings.source, settings)
    except DataError as error:
        refused.append(Finding("D002", "error", error.message.rstrip("."), 1, advice=error.hint))
        labelling = _label_anyway(usable_source)
    examples, columns = _examples(splits, usable, labelling)
    return AuditInput(
        examples=examples,
        label_names=labelling.names,
        columns=columns,
        refused=tuple(refused),
        notes=(*source.notes, *labelling.notes),
        test_fraction=settings.test_fraction,
    )


def examples_of(dataset: Dataset) -> tuple[Example, ...]:
    """Return the examples of a dataset, split after split."""
    return tuple(
        Example(split, row, text, label, f"row {row + 1}")
        for split, rows in dataset.items()
        for row, (text, label) in enumerate(zip(rows.texts, rows.labels.tolist(), strict=True))
    )


def _usable(rows: RawSplit, *, is_train: bool) -> list[int]:
    """Return the indices of rows with a text and a label; an unlabelled held-out split needs texts only."""
    labels_count = is_train or any(map(_is_label, rows.labels))
    return [
        index
        for index, (text, label) in enumerate(zip(rows.texts, rows.labels, strict=True))
        if _is_text(text) and (_is_label(label) or not labels_count)
    ]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_label(value: Any) -> bool:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return False
    return not isinstance(value, str) or bool(value.strip())


def _unusable_rows(source: RawSource, usable: Mapping[str, Sequence[int]]) -> list[Finding]:
    rows = []
    for split, split_rows in source.splits.items():
        places = split_rows.places()
        for index in sorted(set(range(len(places))) - set(usable[split])):
            text = split_rows.texts[index]
            shown = "" if text is None else str(text)
            note = "no label" if _is_text(text) else "no text" if not shown.strip() else "not a text"
            rows.append(FlaggedRow(split, index, shown, places[index], note))
    if not rows:
        return []
    return [
        Finding(
            "D001",
            "error",
            f"{counted(len(rows), 'row')} without a text or without a label, which training refuses",
            len(rows),
            tuple(rows),
            "Write what is missing, or delete these rows. The other checks leave them out.",
        )
    ]


def _check_not_empty(source: RawSource, name: str) -> None:
    if "train" in source.splits and not source.splits["train"].texts:
        raise DataError(
            f"No row of train in {name} has both a text and a label.",
            "Check that these are the right columns.",
        )


def _label_anyway(source: RawSource) -> Labelling:
    """Return the labels as training would read them or, if it refuses them, as they are written."""
    if source.splits.get("train", _NOTHING).texts:
        with suppress(DataError):
            return read_labels(source)
    stored = {str(label): name for label, name in (source.label_names or {}).items()}
    written = {
        split: [_written(label, stored) for label in rows.labels] for split, rows in source.splits.items()
    }
    names = sorted({name for labels in written.values() for name in labels})
    ids = {name: number for number, name in enumerate(names)}
    return Labelling(
        tuple(names), {split: [ids[name] for name in labels] for split, labels in written.items()}, ()
    )


def _written(label: Any, stored: Mapping[str, str]) -> str:
    written = str(label).strip()
    return stored.get(written, written)


def _examples(
    usable_splits: Mapping[str, RawSplit], usable: Mapping[str, Sequence[int]], labelling: Labelling
) -> tuple[tuple[Example, ...], dict[str, list[Any]]]:
    """Return the examples of all labelled splits, and the values of the other columns."""
    examples: list[Example] = []
    splits = {split: usable_splits[split] for split in SPLITS if split in labelling.ids}
    for split, rows in splits.items():
        values = zip(usable[split], rows.texts, labelling.ids[split], rows.places(), strict=True)
        examples += [Example(split, row, text, label, place) for row, text, label, place in values]
    columns: dict[str, list[Any]] = {name: [] for rows in splits.values() for name in rows.others}
    for name, values_of in columns.items():
        for rows in splits.values():
            values_of += rows.others.get(name, [None] * len(rows.texts))
    return tuple(examples), columns
