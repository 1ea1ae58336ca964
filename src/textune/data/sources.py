"""Sources of labelled texts: one name in, one checked dataset out.

The `Dataset` always has the splits `train`, `validation` and `test`; errors say what to fix. Does not know
models, nor what the texts are for.
"""

from __future__ import annotations

import difflib
import os
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np

from textune.context import UNWATCHED, Context
from textune.data.columns import ColumnChoice
from textune.data.dataset import MULTI_LABEL, SPLITS, Dataset, Split
from textune.data.folders import read_archive, read_folder, read_tables
from textune.data.hub_datasets import fetch_dataset, is_hub_name
from textune.data.in_memory import PythonData, check_names_a_place, read_python_data
from textune.data.label_cells import WRONG_COLUMN
from textune.data.labelling_folder import labelling_journal
from textune.data.labels import Labelling, read_labels
from textune.data.mapping_files import with_names
from textune.data.outside import set_apart, with_outside
from textune.data.raw import RawSource, RawSplit
from textune.data.split_notes import notes_on_splits
from textune.data.splits import make_splits
from textune.data.stored import is_saved_dataset, read_dataset, read_saved_dataset
from textune.data.stratification import make_multi_label_splits
from textune.data.texts import rows_with_texts
from textune.errors import DataError, RecipeError
from textune.formats.compression import SUFFIXES, is_archive
from textune.formats.lines import missing_file
from textune.formats.registry import may_be_table, table_suffixes
from textune.recipe.settings import DataSettings
from textune.wording import counted, listed

_MIN_ROWS = 2

_KINDS = (
    "A source is a file ({suffixes}; also compressed), a folder or ZIP archive of such files named after "
    "splits, a folder in TweetEval's layout, from save_to_disk or from textune label, a dataset on the Hub "
    "as owner/name or owner/name:configuration, or sample:emotion."
)
_OTHER_FILE_SUFFIXES = (".xlsx", ".xls", ".zip", ".tar", ".tgz", ".arrow", *SUFFIXES)


def load_dataset(
    settings: DataSettings, ctx: Context, data: PythonData | None = None, *, other: str = ""
) -> Dataset:
    """Load the source that a recipe names (see `load_source`), which `data` may hold.

    Raise a `RecipeError` if the recipe names none.
    """
    if not settings.source:
        raise RecipeError(
            "There is no data to load.",
            "Name a source with --data, for instance --data sample:emotion or --data texts.csv.",
        )
    source = data if data is not None and data.name == settings.source else settings.source
    return load_source(source, settings, ctx, other=other)


def load_source(
    name: str | PythonData,
    settings: DataSettings = DataSettings(),  # noqa: B008 - settings do not change.
    ctx: Context = UNWATCHED,
    *,
    other: str = "",
) -> Dataset:
    """Load a source of labelled texts into the splits `train`, `validation` and `test`, in this order.

    Args:
        name: A file, a folder, a dataset on the Hub (`owner/name`, `owner/name:configuration`) or
            `sample:emotion`; or data in memory, see `textune.data.in_memory.as_source`.
        settings: The columns, and how to make missing splits; their `source` is ignored.
        ctx: Whether connections are allowed.
        other: The label, or a file, of texts that belong to no class: they are in `Dataset.outside` and in no
            split.

    Raises:
        DataError: The source does not exist, cannot be read, or cannot be learned from.
        HubError: The Hub cannot be reached, or does not provide the dataset.
    """
    raw = with_names(read_source(name, ColumnChoice.of(settings, other=other), ctx), settings.label_names)
    try:
        return dataset_of(raw, str(name), settings, other)
    except DataError:
        for note in raw.notes:  # How the source was read may explain what is wrong with it.
            ctx.note(note)
        raise


def dataset_of(raw: RawSource, name: str, settings: DataSettings, other: str) -> Dataset:
    """Return the checked data set of a source as it was read, whose label ids are named."""
    apart = set_apart(raw, other, settings) if other else None
    labelling, splits = complete_source(raw if apart is None else apart.inside, name, settings)
    dataset = Dataset(splits, labelling.names, name, problem_type=labelling.problem_type)
    new = [split for split in SPLITS if split not in labelling.ids]
    notes = (*raw.notes, *labelling.notes, *notes_on_splits(dataset, new=new))
    dataset = replace(dataset, notes=notes)
    return dataset if apart is None else with_outside(dataset, apart, new=new, settings=settings)


def complete_source(raw: RawSource, name: str, settings: DataSettings) -> tuple[Labelling, dict[str, Split]]:
    """Return the labels of a source's own splits, and all three splits; missing ones are made from train.

    Raises:
        DataError: The source cannot be learned from.
    """
    if "train" not in raw.splits:
        raise DataError(
            " ".join([f"{name} has no train split; it has {' and '.join(raw.splits)}.", *raw.notes]),
            "Add a split named 'train', or use a single file, which is split automatically.",
        )
    notes, rows = raw.notes, rows_with_texts(raw, settings.blank_texts)
    raw = rows.source
    labelling = read_labels(raw, settings)
    labelling = replace(labelling, notes=(*raw.notes[len(notes) :], *labelling.notes))
    stored = {
        split: Split(raw.splits[split].texts, np.asarray(ids, np.int64), np.asarray(rows.numbers[split]))
        for split, ids in labelling.ids.items()
    }
    train = stored["train"]
    rows_of = _divide(train, labelling, stored, settings, raw.splits["train"])
    # Rows of a split that was made are numbered from 0.
    splits = {
        split: stored[split]
        if split in stored and (split != "train" or len(rows_of["train"]) == len(train))
        else Split.from_lists([train.texts[row] for row in rows_of[split]], train.labels[rows_of[split]])
        for split in SPLITS
    }
    for split, examples in splits.items():
        if len(examples) < _MIN_ROWS:
            raise DataError(
                f"The split {split} of {name} has only {counted(len(examples), 'row')}.",
                f"Give it at least {_MIN_ROWS} rows, or remove it: a missing split is made from train.",
            )
    return labelling, splits


def _divide(
    train: Split, labelling: Labelling, stored: Collection[str], settings: DataSettings, rows: RawSplit
) -> dict[str, list[int]]:
    """Return the rows of train that stay there, and those of the splits that are made from them."""
    validation = 0 if "validation" in stored else settings.validation_fraction
    test = 0 if "test" in stored else settings.test_fraction
    if labelling.problem_type == MULTI_LABEL:
        return make_multi_label_splits(
            train.texts,
            train.labels,
            validation_fraction=validation,
            test_fraction=test,
            seed=settings.split_seed,
        )
    if not (validation or test):
        _check_single_rows(rows, labelling)
    return make_splits(
        train.texts,
        [labelling.names[label] for label in train.labels],
        validation_fraction=validation,
        test_fraction=test,
        seed=settings.split_seed,
        places=rows.label_places,
    )


def read_source(name: str | PythonData, choice: ColumnChoice, ctx: Context = UNWATCHED) -> RawSource:
    """Read a source without checking its texts and labels; see `load_source` for the arguments and errors."""
    if isinstance(name, PythonData):
        return read_python_data(name, choice)
    check_names_a_place(name)
    kind, colon, sample = name.partition(":")
    if kind == "sample" and colon:
        return _read_sample(sample, choice)
    path = Path(os.path.expanduser(name))  # noqa: PTH111 - Path.expanduser raises on unknown users.
    if name and os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises on names that are too long.
        if (journal := labelling_journal(path)) is not None:
            return read_tables({"train": [journal]}, choice)
        saved = is_saved_dataset(path)
        return read_saved_dataset(path, choice) if saved else read_folder(path, choice)
    if os.path.isfile(path):  # noqa: PTH113
        return read_archive(path, choice) if is_archive(path) else read_tables({"train": [path]}, choice)
    is_file_name = (path.suffix and may_be_table(path)) or path.suffix.lower() in _OTHER_FILE_SUFFIXES
    if name.startswith((".", "/", "~")) or "\\" in name or is_file_name:
        raise missing_file(path)
    if is_hub_name(name):
        loaded, notes = fetch_dataset(name, ctx)
        raw = read_dataset(loaded, choice, origin=name)
        return replace(raw, notes=(*notes, *raw.notes))
    if "/" in name:
        raise missing_file(path)
    nearest = difflib.get_close_matches(name, _sample_names(), n=1, cutoff=0.8)
    hint = f"Did you mean sample:{nearest[0]}? " if nearest else ""
    kinds = _KINDS.format(suffixes=", ".join(table_suffixes()))
    raise DataError(f"'{name}' is not a source: there is no file or folder with that name.", hint + kinds)


def _sample_names() -> list[str]:
    samples = resources.files("textune") / "data" / "samples"
    return sorted(folder.name for folder in samples.iterdir() if folder.is_dir())


def _read_sample(name: str, choice: ColumnChoice) -> RawSource:
    if name not in _sample_names():
        raise DataError(
            f"There is no sample '{name}'.",
            f"The samples are: {', '.join(f'sample:{known}' for known in _sample_names())}.",
        )
    with resources.as_file(resources.files("textune") / "data" / "samples" / name) as folder:
        return read_folder(folder, choice)


def _check_single_rows(rows: RawSplit, labelling: Labelling) -> None:
    """Raise a `DataError` if train has a single row of a class, which may be a misspelling."""
    labels = labelling.ids["train"]
    counts = Counter(labels)
    rare = [index for index, label in enumerate(labels) if counts[label] == 1]
    if rare:
        names = [f"'{labelling.names[labels[index]][:60]}'" for index in rare]
        raise DataError(
            f"{rows.label_places(rare)}: train has no other row with the label {listed(names, most=10)}.",
            f"Add rows with that label, change it, or delete the row. {WRONG_COLUMN}",
        )
