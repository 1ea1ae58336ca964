"""Sources of labelled texts: one name in, one checked dataset out.

In: the name of a source and how to read it. Out: a `Dataset` that always has the splits `train`, `validation`
and `test`, or an error that says what to fix. Does not know models, nor what is done with the texts.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path

from textune.context import Context
from textune.data.columns import ColumnChoice
from textune.data.dataset import SPLITS, Dataset, Split
from textune.data.folders import read_folder, read_tables
from textune.data.formats.lines import missing_file
from textune.data.formats.registry import find_format, table_suffixes
from textune.data.hub_datasets import fetch_dataset, is_hub_name
from textune.data.labels import Labelling, read_labels
from textune.data.raw import RawSource, counted
from textune.data.splits import make_splits, normalise_text
from textune.data.stored import is_saved_dataset, read_dataset, read_saved_dataset
from textune.data.texts import check_raw_texts
from textune.errors import DataError, RecipeError
from textune.recipe.settings import DataSettings

MIN_ROWS = 2

_KINDS = (
    "A source is a file ({suffixes}), a folder of them named by split, a folder in TweetEval's layout or one "
    "made by save_to_disk, a dataset on the Hub as owner/name or owner/name:configuration, or sample:emotion."
)
_OTHER_FILE_SUFFIXES = (".json", ".txt", ".xlsx", ".xls", ".gz", ".zip", ".arrow")


def load_dataset(settings: DataSettings, ctx: Context) -> Dataset:
    """Load the source that a recipe names; see `load_source`.

    Raises:
        RecipeError: The recipe names none.
    """
    if not settings.source:
        raise RecipeError(
            "No data is given.",
            "Name a source with --data, for instance --data sample:emotion or --data texts.csv.",
        )
    return load_source(
        settings.source,
        text_column=settings.text_column,
        label_column=settings.label_column,
        validation_fraction=settings.validation_fraction,
        test_fraction=settings.test_fraction,
        split_seed=settings.split_seed,
        offline=ctx.offline,
    )


def load_source(
    name: str,
    *,
    text_column: str = "",
    label_column: str = "",
    validation_fraction: float = 0.1,
    test_fraction: float = 0.2,
    split_seed: int = 0,
    offline: bool = False,
) -> Dataset:
    """Load a source of labelled texts into the splits `train`, `validation` and `test`, in this order.

    Args:
        name: A file, a folder, a dataset on the Hub (`owner/name`, `owner/name:configuration`) or
            `sample:emotion`.
        text_column: The column that holds the text; empty: found by its name.
        label_column: The column that holds the label; empty: found by its name.
        validation_fraction: The share of train's rows that becomes validation, where there is none.
        test_fraction: The share of train's rows that becomes test, where there is none.
        split_seed: Decides which rows go into a split that is made.
        offline: Attempt no connection.

    Raises:
        DataError: The source does not exist, cannot be read, or cannot be learned from.
        HubError: The Hub cannot be reached, or does not provide the dataset.
    """
    raw = read_source(name, ColumnChoice(text_column, label_column), offline=offline)
    labelling, splits = complete_source(
        raw,
        name,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        split_seed=split_seed,
    )
    notes = (
        *raw.notes,
        *labelling.notes,
        *_notes_on_splits(splits, made=[split for split in SPLITS if split not in labelling.ids]),
        *_notes_on_classes(splits, labelling.names),
        *_notes_on_overlap(splits),
    )
    return Dataset(splits, labelling.names, name, notes)


def complete_source(
    raw: RawSource, name: str, *, validation_fraction: float, test_fraction: float, split_seed: int
) -> tuple[Labelling, dict[str, Split]]:
    """Check a source and make the splits that it lacks; see `load_source` for the arguments.

    Returns:
        The labels of the splits that the source has, and all three splits.

    Raises:
        DataError: It cannot be learned from.
    """
    if "train" not in raw.splits:
        raise DataError(
            f"{name} has no train split; it has {' and '.join(raw.splits)}.",
            "Add it, named 'train', or give a single file: it will be split.",
        )
    for rows in raw.splits.values():
        check_raw_texts(rows)
    labelling = read_labels(raw)
    stored = {split: Split.from_lists(raw.splits[split].texts, ids) for split, ids in labelling.ids.items()}
    train = stored["train"]
    made = make_splits(
        train.texts,
        [labelling.names[label] for label in train.labels],
        validation_fraction=0 if "validation" in stored else validation_fraction,
        test_fraction=0 if "test" in stored else test_fraction,
        seed=split_seed,
    )
    # Rows of a made split count from 0 in it: it is a split of its own from here on.
    splits = {
        split: stored[split]
        if split in stored and split != "train"
        else Split.from_lists([train.texts[row] for row in rows], train.labels[list(rows)])
        for split, rows in (("train", made.train), ("validation", made.validation), ("test", made.test))
    }
    for split, examples in splits.items():
        if len(examples) < MIN_ROWS:
            raise DataError(
                f"The split {split} of {name} has {counted(len(examples), 'row')}, too few to be useful.",
                f"Give it at least {MIN_ROWS} rows, or leave it out: it is then made out of train.",
            )
    return labelling, splits


def read_source(name: str, choice: ColumnChoice, *, offline: bool = False) -> RawSource:
    """Read a source without checking its texts and labels; see `load_source` for the arguments and errors."""
    kind, colon, sample = name.partition(":")
    if kind == "sample" and colon:
        return _read_sample(sample, choice)
    path = Path(os.path.expanduser(name))  # noqa: PTH111 - Path.expanduser raises on unknown users.
    if name and os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises on names that are too long.
        saved = is_saved_dataset(path)
        return read_saved_dataset(path, choice) if saved else read_folder(path, choice)
    if os.path.isfile(path):  # noqa: PTH113
        return read_tables({"train": [path]}, choice)
    if name.startswith((".", "/", "~")) or "\\" in name or _is_file_name(path):
        raise missing_file(path)
    if is_hub_name(name):
        loaded, notes = fetch_dataset(name, offline=offline)
        raw = read_dataset(loaded, choice, origin=name)
        return replace(raw, notes=(*notes, *raw.notes))
    if "/" in name:
        raise missing_file(path)
    nearest = difflib.get_close_matches(name, _sample_names(), n=1, cutoff=0.8)
    hint = f"Did you mean sample:{nearest[0]}? " if nearest else ""
    kinds = _KINDS.format(suffixes=", ".join(table_suffixes()))
    raise DataError(f"'{name}' is not a source: there is no file or folder of that name.", hint + kinds)


def _is_file_name(path: Path) -> bool:
    return find_format(path) is not None or path.suffix.lower() in _OTHER_FILE_SUFFIXES


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


def _notes_on_splits(splits: Mapping[str, Split], *, made: Sequence[str]) -> list[str]:
    if not made:
        return []
    sizes = " and ".join(f"{split} ({counted(len(splits[split]), 'row')})" for split in made)
    left = counted(len(splits["train"]), "row")
    return [
        f"There is no {' or '.join(made)} split: {sizes} {'were' if len(made) > 1 else 'was'} made out of "
        f"train, which keeps {left}. Classes have the same shares in all; texts that are alike but for case "
        "and spaces stay together."
    ]


def _notes_on_classes(splits: Mapping[str, Split], names: Sequence[str]) -> list[str]:
    notes = []
    for split, rows in splits.items():
        present = set(rows.labels.tolist())
        if absent := [name for label, name in enumerate(names) if label not in present]:
            notes.append(f"The split {split} has no row of: {', '.join(absent)}.")
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(normalise_text(name), []).append(name)
    notes += [
        f"These labels count as different, though they are written almost alike: {', '.join(group)}."
        for group in alike.values()
        if len(group) > 1
    ]
    return notes


def _notes_on_overlap(splits: Mapping[str, Split]) -> list[str]:
    train = {normalise_text(text) for text in splits["train"].texts}
    notes = []
    for split in ("validation", "test"):
        texts = splits[split].texts
        if count := sum(normalise_text(text) in train for text in texts):
            notes.append(
                f"{count:,} of {len(texts):,} rows of {split} also stand in train (case and spaces aside)."
            )
    return notes
