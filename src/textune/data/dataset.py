"""Checked labelled texts, on which every step after reading works.

In: texts and label ids by split. Out: a `Dataset` of typed `Split`s, and its conversion to
`datasets.DatasetDict`. Does not know where the texts come from, nor models.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from datasets import DatasetDict

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Split:
    """The examples of a split: texts, label ids, and row numbers (from 0) in the split as it was loaded."""

    texts: Sequence[str]
    labels: NDArray[np.int64]
    rows: NDArray[np.int64]

    @classmethod
    def from_lists(cls, texts: Sequence[str], labels: Sequence[int] | NDArray[np.int64]) -> Split:
        """Return a split whose rows are numbered from 0."""
        return cls(texts, np.asarray(labels, dtype=np.int64), np.arange(len(texts)))

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, indices: Sequence[int] | NDArray[np.int64]) -> Split:
        """Return the examples at some indices, in that order; they keep their row numbers."""
        places = np.asarray(indices, dtype=np.int64)
        return Split([self.texts[index] for index in places], self.labels[places], self.rows[places])


@dataclass(frozen=True, eq=False)
class Dataset(Mapping[str, Split]):
    """Labelled texts: a mapping from split names to splits.

    Attributes:
        splits: The splits; a loaded source has `train`, `validation` and `test`.
        label_names: The name of every label id.
        name: The name of the source.
        notes: Sentences about how the source was read.
    """

    splits: Mapping[str, Split]
    label_names: tuple[str, ...]
    name: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def from_lists(
        cls,
        splits: Mapping[str, tuple[Sequence[str], Sequence[int]]],
        *,
        label_names: Sequence[str],
        name: str = "",
        notes: Sequence[str] = (),
    ) -> Dataset:
        """Return a dataset of texts and label ids by split.

        Example:
            >>> dataset = Dataset.from_lists({"train": (["so happy"], [1])}, label_names=["anger", "joy"])
            >>> len(dataset["train"]), dataset["train"].labels.tolist()
            (1, [1])
        """
        typed = {split: Split.from_lists(texts, labels) for split, (texts, labels) in splits.items()}
        return cls(typed, tuple(label_names), name, tuple(notes))

    def to_dataset_dict(self) -> DatasetDict:
        """Return the splits with the columns `text` (string) and `label` (`ClassLabel`)."""
        import datasets

        labels = datasets.ClassLabel(names=list(self.label_names))
        features = datasets.Features(text=datasets.Value("string"), label=labels)
        splits: dict[str, datasets.Dataset] = {}
        for split, rows in self.items():
            columns = {"text": list(rows.texts), "label": rows.labels.tolist()}
            splits[split] = datasets.Dataset.from_dict(columns, features=features)
        return datasets.DatasetDict(splits)

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of all texts, labels and label names by split; the same on any computer."""
        digest = hashlib.sha256(json.dumps(list(self.label_names)).encode())
        for split, rows in self.items():
            digest.update(json.dumps([split, list(rows.texts), rows.labels.tolist()]).encode())
        return digest.hexdigest()

    def __getitem__(self, split: str) -> Split:
        return self.splits[split]

    def __iter__(self) -> Iterator[str]:
        return iter(self.splits)

    def __len__(self) -> int:
        return len(self.splits)
