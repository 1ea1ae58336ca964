"""From a source as it was found to the examples that can be audited.

In: a source, unchecked. Out: every row that has a text and a label, and findings about what training would
refuse: rows without either (D001), and labels or splits that cannot be used (D002). Such a source is audited
all the same, as far as it can be. Does not know what else may be wrong with a text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from textune.audit.findings import Example, Finding, FoundRow
from textune.data.dataset import SPLITS, Dataset
from textune.data.labels import Labelling, read_labels
from textune.data.raw import RawSource, RawSplit, counted
from textune.data.sources import complete_source
from textune.errors import DataError

_NOTHING = RawSplit((), (), ())


@dataclass(frozen=True)
class Material:
    """What an audit looks at.

    Attributes:
        examples: The rows with a text and a label, split after split, in their order.
        label_names: The name of every label id.
        others: What the source's other columns hold, by column; (examples,) each.
        findings: What training would refuse.
        notes: What a person should know about how it was read.
    """

    examples: tuple[Example, ...]
    label_names: tuple[str, ...]
    others: Mapping[str, Sequence[Any]]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def read_material(
    found: RawSource, name: str, *, validation_fraction: float, test_fraction: float, split_seed: int
) -> Material:
    """Read a source for an audit; see `load_source` for the arguments."""
    usable = {split: _usable(rows, is_train=split == "train") for split, rows in found.splits.items()}
    kept = {split: rows.take(usable[split]) for split, rows in found.splits.items()}
    kept_source = replace(found, splits=kept)
    findings = _unusable_rows(found, usable)
    try:
        _check_not_empty(kept_source, name)
        labelling, _ = complete_source(
            kept_source,
            name,
            validation_fraction=validation_fraction,
            test_fraction=test_fraction,
            split_seed=split_seed,
        )
    except DataError as error:
        findings.append(_refused(error))
        labelling = _label_anyhow(kept_source)
    examples, others = _examples(kept, usable, labelling)
    return Material(examples, labelling.names, others, tuple(findings), (*found.notes, *labelling.notes))


def examples_of(dataset: Dataset) -> tuple[Example, ...]:
    """Return the examples of a dataset, split after split."""
    return tuple(
        Example(split, row, text, label, f"row {row + 1}")
        for split, rows in dataset.items()
        for row, (text, label) in enumerate(zip(rows.texts, rows.labels.tolist(), strict=True))
    )


def _usable(rows: RawSplit, *, is_train: bool) -> list[int]:
    """Return the indices of rows with text and label; in a held-out split without any label, with text."""
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


def _unusable_rows(found: RawSource, usable: Mapping[str, Sequence[int]]) -> list[Finding]:
    rows = []
    for split, split_rows in found.splits.items():
        places, kept = split_rows.places(), set(usable[split])
        for index in sorted(set(range(len(places))) - kept):
            text = split_rows.texts[index]
            shown = "" if text is None else str(text)
            note = "no label" if _is_text(text) else "no text" if not shown.strip() else "not a text"
            rows.append(FoundRow(split, index, shown, places[index], note))
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


def _check_not_empty(found: RawSource, name: str) -> None:
    if "train" in found.splits and not found.splits["train"].texts:
        raise DataError(
            f"No row of train in {name} has both a text and a label.",
            "Check that these are the right columns.",
        )


def _refused(error: DataError) -> Finding:
    return Finding("D002", "error", error.message.rstrip("."), 1, (), error.hint)


def _label_anyhow(found: RawSource) -> Labelling:
    """Return the labels as training would read them or, where it refuses them, as they are written."""
    if found.splits.get("train", _NOTHING).texts:
        with suppress(DataError):
            return read_labels(found)
    stored = {str(label): name for label, name in (found.label_names or {}).items()}
    written = {
        split: [_written(label, stored) for label in rows.labels] for split, rows in found.splits.items()
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
    kept: Mapping[str, RawSplit], usable: Mapping[str, Sequence[int]], labelling: Labelling
) -> tuple[tuple[Example, ...], dict[str, list[Any]]]:
    """Return the examples of all labelled splits, and the other columns beside them."""
    examples: list[Example] = []
    splits = [split for split in SPLITS if split in labelling.ids]
    for split in splits:
        rows = kept[split]
        values = zip(usable[split], rows.texts, labelling.ids[split], rows.places(), strict=True)
        examples += [Example(split, row, text, label, place) for row, text, label, place in values]
    names = dict.fromkeys(name for split in splits for name in kept[split].others)
    others = {
        name: [
            value
            for split in splits
            for value in kept[split].others.get(name, [None] * len(kept[split].texts))
        ]
        for name in names
    }
    return tuple(examples), others
