"""Where labelled texts come from: one name in, one checked data set out.

In: the name of a source and how to read it. Out: a `Source` whose data set always has the splits `train`,
`validation` and `test` with the columns `text` and `label`, or an error that says what to mend. Does not
know models, nor what is done with the texts.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from textune.data.dataset import SPLITS, FoundSource, counted
from textune.data.folders import read_folder, read_tables
from textune.data.formats.lines import missing_file
from textune.data.formats.tables import TABLE_SUFFIXES
from textune.data.hub_datasets import fetch_dataset, is_hub_name
from textune.data.labels import Labelling, read_labels
from textune.data.splits import make_splits, normalise_text
from textune.data.stored import is_saved_dataset, read_dataset, read_saved_dataset
from textune.data.texts import check_texts
from textune.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

MIN_ROWS = 2

_KINDS = (
    "A source is a file (.csv, .tsv, .jsonl, .parquet), a folder of them named by split, a folder in "
    "TweetEval's layout or one made by save_to_disk, a data set on the Hub as owner/name or "
    "owner/name:configuration, or sample:emotion."
)
_FILE_SUFFIXES = (*TABLE_SUFFIXES, ".json", ".txt", ".xlsx", ".xls", ".gz", ".zip", ".arrow")


@dataclass(frozen=True)
class Source:
    """Labelled texts, ready to be prepared.

    Attributes:
        dataset: The splits `train`, `validation` and `test`, in this order, with the columns `text` (string)
            and `label` (`ClassLabel`).
        name: The name that was asked for.
        fingerprint: The SHA-256 of all texts, labels and label names by split; the same on any computer.
        notes: What a person should know about how it was read, in sentences.
    """

    dataset: DatasetDict
    name: str
    fingerprint: str
    notes: tuple[str, ...]


class _Columns(TypedDict):
    text_column: str
    label_column: str
    other_columns: bool


@dataclass(frozen=True)
class Examples:
    """Texts and label ids of a split, (rows,) each."""

    texts: Sequence[str]
    ids: Sequence[int]

    def rows(self, indices: Sequence[int]) -> Examples:
        """Return some of the rows."""
        return Examples([self.texts[index] for index in indices], [self.ids[index] for index in indices])


def load_source(
    name: str,
    *,
    text_column: str = "",
    label_column: str = "",
    validation_fraction: float = 0.1,
    test_fraction: float = 0.2,
    split_seed: int = 0,
    offline: bool = False,
) -> Source:
    """Load a source of labelled texts.

    Args:
        name: A file, a folder, a data set on the Hub (`owner/name`, `owner/name:configuration`) or
            `sample:emotion`.
        text_column: The column that holds the text; empty: found by its name.
        label_column: The column that holds the label; empty: found by its name.
        validation_fraction: The share of train's rows that becomes validation, where there is none.
        test_fraction: The share of train's rows that becomes test, where there is none.
        split_seed: Decides which rows the made splits get.
        offline: Attempt no connection.

    Raises:
        DataError: The source is not there, cannot be read, or cannot be learned from.
        HubError: The Hub cannot be reached, or does not give the data set out.
    """
    found = find_source(name, text_column=text_column, label_column=label_column, offline=offline)
    labelling, examples, complete = complete_source(
        found,
        name,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        split_seed=split_seed,
    )
    notes = (
        *found.notes,
        *labelling.notes,
        *_notes_on_splits(examples, complete),
        *_notes_on_classes(complete, labelling.names),
        *_notes_on_overlap(complete),
    )
    return Source(_dataset(complete, labelling.names), name, _fingerprint(complete, labelling.names), notes)


def complete_source(
    found: FoundSource, name: str, *, validation_fraction: float, test_fraction: float, split_seed: int
) -> tuple[Labelling, dict[str, Examples], dict[str, Examples]]:
    """Check what was found and make the splits that are missing; see `load_source` for the arguments.

    Returns:
        The labels; the labelled rows of the splits that were found; and those of all three splits.

    Raises:
        DataError: It cannot be learned from.
    """
    if "train" not in found.splits:
        raise DataError(
            f"{name} has no train split; it has {' and '.join(found.splits)}.",
            "Add it, named 'train', or give a single file: it will be split.",
        )
    for rows in found.splits.values():
        check_texts(rows)
    labelling = read_labels(found)
    examples = {split: Examples(found.splits[split].texts, ids) for split, ids in labelling.ids.items()}
    complete = _with_made_splits(
        examples,
        labelling,
        fractions={"validation": validation_fraction, "test": test_fraction},
        seed=split_seed,
    )
    _check_rows(complete, name)
    return labelling, examples, complete


def find_source(
    name: str,
    *,
    text_column: str = "",
    label_column: str = "",
    other_columns: bool = False,
    offline: bool = False,
) -> FoundSource:
    """Read a source as it is, its texts and labels unchecked.

    See `load_source` for the arguments; with `other_columns`, those beside text and label are read as well.
    """
    columns: _Columns = {
        "text_column": text_column,
        "label_column": label_column,
        "other_columns": other_columns,
    }
    kind, colon, sample = name.partition(":")
    if kind == "sample" and colon:
        return _read_sample(sample, columns)
    path = Path(os.path.expanduser(name))  # noqa: PTH111 - Path.expanduser raises on unknown users.
    if name and os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises on names that are too long.
        saved = is_saved_dataset(path)
        return read_saved_dataset(path, **columns) if saved else read_folder(path, **columns)
    if os.path.isfile(path):  # noqa: PTH113
        return read_tables({"train": [path]}, **columns)
    if name.startswith((".", "/", "~")) or "\\" in name or path.suffix.lower() in _FILE_SUFFIXES:
        raise missing_file(path)
    if is_hub_name(name):
        loaded, notes = fetch_dataset(name, offline=offline)
        found = read_dataset(loaded, origin=name, **columns)
        return FoundSource(found.splits, found.label_names, (*notes, *found.notes))
    if "/" in name:
        raise missing_file(path)
    nearest = difflib.get_close_matches(name, _sample_names(), n=1, cutoff=0.8)
    hint = f"Did you mean sample:{nearest[0]}? " if nearest else ""
    raise DataError(f"'{name}' is no source: there is no file or folder of that name.", hint + _KINDS)


def _sample_names() -> list[str]:
    samples = resources.files("textune") / "data" / "samples"
    return sorted(folder.name for folder in samples.iterdir() if folder.is_dir())


def _read_sample(name: str, columns: _Columns) -> FoundSource:
    if name not in _sample_names():
        raise DataError(
            f"There is no sample '{name}'.",
            f"The samples are: {', '.join(f'sample:{known}' for known in _sample_names())}.",
        )
    with resources.as_file(resources.files("textune") / "data" / "samples" / name) as folder:
        return read_folder(folder, **columns)


def _with_made_splits(
    examples: Mapping[str, Examples], labelling: Labelling, *, fractions: Mapping[str, float], seed: int
) -> dict[str, Examples]:
    """Return all three splits; those that are missing are carved out of train."""
    train = examples["train"]
    made = make_splits(
        train.texts,
        [labelling.names[label] for label in train.ids],
        validation_fraction=0 if "validation" in examples else fractions["validation"],
        test_fraction=0 if "test" in examples else fractions["test"],
        seed=seed,
    )
    return {
        "train": train.rows(made.train),
        "validation": examples.get("validation") or train.rows(made.validation),
        "test": examples.get("test") or train.rows(made.test),
    }


def _check_rows(examples: Mapping[str, Examples], name: str) -> None:
    for split, rows in examples.items():
        if len(rows.texts) < MIN_ROWS:
            raise DataError(
                f"The split {split} of {name} has {counted(len(rows.texts), 'row')}, too few to be of use.",
                f"Give it {MIN_ROWS} rows at least, or leave it out: it is then made out of train.",
            )


def _notes_on_splits(given: Mapping[str, Examples], complete: Mapping[str, Examples]) -> list[str]:
    made = [split for split in SPLITS if split not in given]
    if not made:
        return []
    sizes = " and ".join(f"{split} ({counted(len(complete[split].texts), 'row')})" for split in made)
    left = counted(len(complete["train"].texts), "row")
    return [
        f"There is no {' or '.join(made)} split: {sizes} {'were' if len(made) > 1 else 'was'} made out of "
        f"train, which keeps {left}. Classes have the same shares in all; texts that are alike but for case "
        "and spaces stay together."
    ]


def _notes_on_classes(examples: Mapping[str, Examples], names: Sequence[str]) -> list[str]:
    notes = []
    for split, rows in examples.items():
        present = set(rows.ids)
        if absent := [name for label, name in enumerate(names) if label not in present]:
            notes.append(f"The split {split} has no row of: {', '.join(absent)}.")
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(normalise_text(name), []).append(name)
    notes += [
        f"These labels count as different and are written almost alike: {', '.join(group)}."
        for group in alike.values()
        if len(group) > 1
    ]
    return notes


def _notes_on_overlap(examples: Mapping[str, Examples]) -> list[str]:
    train = {normalise_text(text) for text in examples["train"].texts}
    notes = []
    for split in ("validation", "test"):
        texts = examples[split].texts
        if count := sum(normalise_text(text) in train for text in texts):
            notes.append(
                f"{count:,} of {len(texts):,} rows of {split} also stand in train (case and spaces aside)."
            )
    return notes


def _dataset(examples: Mapping[str, Examples], names: Sequence[str]) -> DatasetDict:
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

    features = Features(text=Value("string"), label=ClassLabel(names=list(names)))
    splits: dict[str, Dataset] = {
        split: Dataset.from_dict({"text": rows.texts, "label": rows.ids}, features=features)
        for split, rows in examples.items()
    }
    return DatasetDict(splits)


def _fingerprint(examples: Mapping[str, Examples], names: Sequence[str]) -> str:
    digest = hashlib.sha256(json.dumps(list(names)).encode())
    for split in SPLITS:
        rows = examples[split]
        digest.update(json.dumps([split, list(rows.texts), list(rows.ids)]).encode())
    return digest.hexdigest()
