"""Labelled texts to measure a finished classifier on: one split of a source, by the classifier's labels.

In: the name of a source, and the labels of a classifier. Out: a `Dataset` of one split; errors say what to
fix. Does not know classifiers.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from contextlib import suppress
from dataclasses import replace

import numpy as np

from textune.context import UNWATCHED, Context
from textune.data.columns import ALL_SETTINGS, ColumnChoice
from textune.data.dataset import SINGLE_LABEL, Dataset, OutsideTexts, Split
from textune.data.in_memory import PythonData
from textune.data.labels import read_ids
from textune.data.mapping_files import with_names
from textune.data.outside import outside_rows, set_apart_label
from textune.data.raw import RawSource
from textune.data.sources import dataset_of, read_source
from textune.data.texts import rows_with_texts
from textune.errors import DataError
from textune.recipe.settings import DataSettings


def load_held_out(
    name: str | PythonData,
    settings: DataSettings,
    *,
    split: str,
    label_names: Sequence[str],
    problem_type: str = SINGLE_LABEL,
    own_fingerprint: str = "",
    other: str = "",
    given: Set[str] = ALL_SETTINGS,
    ctx: Context = UNWATCHED,
) -> Dataset:
    """Load one split, or all rows of a source without splits, to measure a finished classifier on.

    Args:
        name: The source, see `load_source`.
        settings: How to read it.
        split: The split to load; the result has only this one.
        label_names: The classes of the classifier, whose ids the labels get.
        problem_type: Whether the classifier gives a text one label or any number; see `Dataset`.
        given: The names of the settings that were given for this source. The others are those of the
            classifier's own data: columns that this source lacks are detected, and names of ids do not
            replace those that it stores.
        own_fingerprint: That of the data that the classifier was trained on. Of that source, the split is
            the one of the training.
        other: The label, if any, of texts that belong to no class: they are in `Dataset.outside`.
        ctx: Whether connections are allowed.

    Raises:
        DataError: The source cannot be read, it has no such split, or a label is not a class.
        HubError: The Hub cannot be reached, or does not provide the dataset.
    """
    raw = read_source(name, ColumnChoice.of(settings, given=given, other=other), ctx)
    notes = raw.notes
    own = _completed(raw, settings, other, fingerprint=own_fingerprint) if split not in raw.splits else None
    if own is not None:
        note = f"The run was trained on {name}, so only the {split} split made from it is measured."
        return replace(own, splits={split: own[split]}, name=str(name), notes=(*notes, note))
    if split in raw.splits:
        rows = raw.splits[split]
    elif list(raw.splits) == ["train"]:  # A source without splits is read as one.
        rows = raw.splits["train"]
        notes = (*notes, f"{name} has no splits: all of its {len(rows.texts):,} rows are used as {split}.")
    else:
        raise DataError(
            f"{name} has no split '{split}'; it has {' and '.join(raw.splits)}.",
            f"Choose one of these, for instance --split {next(iter(raw.splits))}.",
        )
    raw = with_names(
        replace(raw, splits={split: rows}, notes=notes),
        settings.label_names,
        remembered="label_names" not in given,
    )
    outside, numbers = None, None
    if other and problem_type == SINGLE_LABEL:
        apart = set_apart_label(raw, other, settings.model_copy(update={"label_kind": "single"}))
        raw, numbers = apart.inside, np.asarray(apart.numbers[split], dtype=np.int64)
        outside = OutsideTexts(other, outside_rows(apart, settings)[0])
        if split not in raw.splits:
            raise DataError(
                f"All rows of {split} of {name} have the label '{other}', which is not a class of the run.",
                "Give rows of classes, too.",
            )
    texts = rows_with_texts(raw, settings.blank_texts)
    ids = read_ids(texts.source, split, label_names, settings, problem_type=problem_type)
    rows, places = texts.source.splits[split], np.asarray(texts.numbers[split])
    examples = Split(rows.texts, np.asarray(ids, np.int64), places if numbers is None else numbers[places])
    notes = texts.source.notes
    return Dataset({split: examples}, tuple(label_names), str(name), notes, problem_type, outside)


def _completed(raw: RawSource, settings: DataSettings, other: str, *, fingerprint: str) -> Dataset | None:
    """Return a source with the splits that training makes, if it is the one with this fingerprint."""
    with suppress(DataError):
        dataset = dataset_of(with_names(raw, settings.label_names), "", settings, other)
        return dataset if dataset.fingerprint == fingerprint else None
    return None
