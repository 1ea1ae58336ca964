"""From an unchecked source to the examples to audit, and to the findings about what training would refuse.

Rows without a text or a label are finding D001; labels or splits that cannot be used are D002. Such a source
is still audited as far as possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import Any

from textune.audit.checks import AuditInput, check
from textune.audit.findings import Example, Finding, FlaggedRow, make_example
from textune.data.dataset import MULTI_LABEL, SPLITS
from textune.data.label_cells import is_missing_label
from textune.data.label_names import stored_names
from textune.data.label_sets import labels_in_cells
from textune.data.labels import Labelling, read_labels
from textune.data.mapping_files import with_names
from textune.data.raw import RawSource, RawSplit
from textune.data.sources import complete_source
from textune.data.texts import BlankTexts, are_left_out, blanks_as_empty, is_blank
from textune.errors import DataError
from textune.formats.text_pairs import TextPair
from textune.recipe.settings import DataSettings
from textune.wording import counted

_NOTHING = RawSplit((), (), ())


@check(needs="texts", D001="rows without text or label", D002="labels and splits that training refuses")
def find_refused(audited: AuditInput) -> Iterable[Finding]:
    """Return the findings about what training would refuse."""
    return audited.refused


def read_for_audit(source: RawSource, settings: DataSettings) -> AuditInput:
    """Read an unchecked source for an audit; the settings say how to make missing splits."""
    source = with_names(source, settings.label_names)
    keeps = settings.blank_texts == "keep"
    if keeps:
        kept = {split: blanks_as_empty(rows) for split, rows in source.splits.items()}
        source = replace(source, splits=kept)
    labelled = _labelled_rows(source, settings)
    usable = {
        split: _usable(rows, labelled[split], is_train=split == "train", keeps_blanks=keeps)
        for split, rows in source.splits.items()
    }
    splits = {split: rows.take(usable[split]) for split, rows in source.splits.items()}
    usable_source = replace(source, splits=splits)
    refused = _unusable_rows(source, usable, settings.blank_texts)
    try:
        if "train" in splits and not splits["train"].texts:
            raise DataError(
                f"No row of train in {settings.source} has both a text and a label.",
                "Check that these are the right columns.",
            )
        labelling, _ = complete_source(usable_source, settings.source, settings)
    except DataError as error:
        refused.append(Finding("D002", "error", error.message.rstrip("."), 1, advice=error.hint))
        labelling = _label_anyway(usable_source, settings)
    examples, columns = _examples(splits, usable, labelling)
    notes = (*source.notes, *labelling.notes)
    return AuditInput(
        examples,
        labelling.names,
        columns,
        tuple(refused),
        notes,
        disagreements=source.disagreements,
        test_fraction=settings.test_fraction,
        is_multi_label=labelling.problem_type == MULTI_LABEL,
        unused_labels=labelling.unused,
    )


def _labelled_rows(source: RawSource, settings: DataSettings) -> dict[str, list[bool]]:
    """Return whether each row is labelled; one that has none of several labels is."""
    with suppress(DataError):
        cells = labels_in_cells(
            source.splits,
            separator=settings.label_separator,
            kind=settings.label_kind,
            stored=stored_names(source),
        )
        if cells.is_multi:
            if settings.label_kind == "multi":
                cells = cells.with_blank_as_none()
            return {split: [of_row is not None for of_row in rows] for split, rows in cells.sets.items()}
    return {
        split: [not is_missing_label(label) for label in rows.labels] for split, rows in source.splits.items()
    }


def _usable(rows: RawSplit, labelled: Sequence[bool], *, is_train: bool, keeps_blanks: bool) -> list[int]:
    """Return the indices of rows with a text and a label; an unlabelled held-out split needs no labels."""
    labels_count = is_train or any(labelled)
    return [
        index
        for index, (text, is_labelled) in enumerate(zip(rows.texts, labelled, strict=True))
        if isinstance(text, str | TextPair)
        and (keeps_blanks or not is_blank(text))
        and (is_labelled or not labels_count)
    ]


def _unusable_rows(
    source: RawSource, usable: Mapping[str, Sequence[int]], policy: BlankTexts
) -> list[Finding]:
    refused: list[FlaggedRow] = []
    left_out: list[FlaggedRow] = []
    for split, rows in source.splits.items():
        places = rows.places()
        blank = {index for index, text in enumerate(rows.texts) if is_blank(text)}
        leaves_out = are_left_out(len(blank), len(places), policy)
        for index in sorted(set(range(len(places))) - set(usable[split])):
            text = rows.texts[index]
            has_none = index in blank
            is_text = isinstance(text, str | TextPair)
            note = "no text" if has_none else "no label" if is_text else "not a text"
            shown = text if is_text else "" if text is None else str(text)
            row = FlaggedRow(split, index, shown, places[index], note)
            (left_out if has_none and leaves_out else refused).append(row)
    refusal = Finding(
        "D001",
        "error",
        f"{counted(len(refused), 'row')} without a text or without a label, which training refuses",
        len(refused),
        tuple(refused),
        "Add what is missing, or delete these rows. The other checks ignore them.",
    )
    omission = Finding(
        "D001",
        "warning",
        f"{counted(len(left_out), 'row')} without a text, which training leaves out",
        len(left_out),
        tuple(left_out),
        "Add the texts, or delete these rows. The other checks ignore them.",
    )
    return [finding for finding in (refusal, omission) if finding.rows]


def _label_anyway(source: RawSource, settings: DataSettings) -> Labelling:
    """Return the labels as training would read them, or as they are written where it would refuse them."""
    if source.splits.get("train", _NOTHING).texts:
        with suppress(DataError):
            return read_labels(source, settings)
    names_of: dict[str, list[str]] = {split: [] for split in source.splits}
    for split, rows in source.splits.items():
        for piece, span in rows.spans():
            table = piece.label_names or source.label_names or {}
            stored = {str(label): name for label, name in table.items()}
            written = [str(rows.labels[index]).strip() for index in span]
            names_of[split] += [stored.get(label, label) for label in written]
    ids = {name: number for number, name in enumerate(sorted(set(chain(*names_of.values()))))}
    labels = {split: [ids[name] for name in names] for split, names in names_of.items()}
    return Labelling(tuple(ids), labels, ())


def _examples(
    usable_splits: Mapping[str, RawSplit], usable: Mapping[str, Sequence[int]], labelling: Labelling
) -> tuple[tuple[Example, ...], dict[str, list[Any]]]:
    splits = {split: usable_splits[split] for split in SPLITS if split in labelling.ids}
    examples = [
        make_example(split, *values)
        for split, rows in splits.items()
        for values in zip(usable[split], rows.texts, labelling.ids[split], rows.places(), strict=True)
    ]
    columns: dict[str, list[Any]] = {name: [] for rows in splits.values() for name in rows.others}
    for name, values_of in columns.items():
        for rows in splits.values():
            values_of += rows.others.get(name, [None] * len(rows.texts))
    return tuple(examples), columns
