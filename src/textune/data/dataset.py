"""Checked labelled texts, on which every step after reading works.

In: texts and labels by split. Out: a `Dataset` of typed `Split`s, and its conversion to
`datasets.DatasetDict`. Does not know where the texts come from, nor models.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textune.errors import DataError
from textune.formats.text_pairs import AnyText, has_pairs, text_columns
from textune.wording import counted

if TYPE_CHECKING:
    from datasets import DatasetDict

SPLITS = ("train", "validation", "test")

SINGLE_LABEL = "single_label_classification"
MULTI_LABEL = "multi_label_classification"
"""The kinds of label, by the names that the `problem_type` of a transformers configuration has for them."""

UNKNOWN = -1
"""Stands where it is not known whether a text of a multi-label dataset has a label."""

NO_CLASS = -1
"""Stands for the label of a text that belongs to no class."""


_TEXTS_HASHED_TOGETHER = 4096

LabelValues = Sequence[int] | Sequence[Sequence[int]] | NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Split:
    """The examples of a split: texts, labels, and row numbers (from 0) in the split as it was loaded.

    If every text has one label, `labels` are its ids, (rows,). If a text can have several, `labels` are
    (rows, classes): 1 for a label that the text has, 0 for one that it has not, and `UNKNOWN`.

    The texts are strings, or all of them are pairs.
    """

    texts: Sequence[AnyText]
    labels: NDArray[np.int64]
    rows: NDArray[np.int64]

    @classmethod
    def from_lists(cls, texts: Sequence[AnyText], labels: LabelValues) -> Split:
        """Return a split whose rows are numbered from 0."""
        return cls(texts, np.asarray(labels, dtype=np.int64), np.arange(len(texts)))

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, indices: Sequence[int] | NDArray[np.int64]) -> Split:
        """Return the examples at some indices, in that order; they keep their row numbers."""
        places = np.asarray(indices, dtype=np.int64)
        return Split([self.texts[index] for index in places], self.labels[places], self.rows[places])


@dataclass(frozen=True, eq=False)
class OutsideTexts:
    """Texts that belong to no class, by split: those of test measure, the others choose, none is trained on.

    `label` is what the source calls them; empty if they are from a file. The labels of the splits are
    `NO_CLASS`.
    """

    label: str
    splits: Mapping[str, Split]

    @property
    def choosing(self) -> list[AnyText]:
        """The texts by which a threshold is chosen."""
        return [text for split, rows in self.splits.items() if split != "test" for text in rows.texts]


@dataclass(frozen=True, eq=False)
class Dataset(Mapping[str, Split]):
    """Labelled texts: a mapping from split names to splits.

    Attributes:
        splits: The splits; a loaded source has `train`, `validation` and `test`.
        label_names: The name of every label id.
        name: The name of the source.
        notes: Sentences about how the source was read.
        problem_type: Whether every text has one label, `SINGLE_LABEL`, or any number of them, `MULTI_LABEL`.
        outside: Texts that belong to no class; None: none are known.
    """

    splits: Mapping[str, Split]
    label_names: tuple[str, ...]
    name: str = ""
    notes: tuple[str, ...] = ()
    problem_type: str = SINGLE_LABEL
    outside: OutsideTexts | None = None

    @classmethod
    def from_lists(
        cls,
        splits: Mapping[str, tuple[Sequence[AnyText], LabelValues]],
        *,
        label_names: Sequence[str],
        name: str = "",
        notes: Sequence[str] = (),
        problem_type: str = SINGLE_LABEL,
    ) -> Dataset:
        """Return a dataset of texts and labels by split; see `Split` for the labels of each kind.

        Example:
            >>> dataset = Dataset.from_lists({"train": (["so happy"], [1])}, label_names=["anger", "joy"])
            >>> len(dataset["train"]), dataset["train"].labels.tolist()
            (1, [1])
        """
        typed = {split: Split.from_lists(texts, labels) for split, (texts, labels) in splits.items()}
        return cls(typed, tuple(label_names), name, tuple(notes), problem_type)

    @property
    def is_multi_label(self) -> bool:
        """Whether a text can have any number of labels."""
        return self.problem_type == MULTI_LABEL

    def to_dataset_dict(self) -> DatasetDict:
        """Return the splits with the columns `text` (string), for pairs also `text_pair`, and `label`.

        A label is a `ClassLabel`, or a list of them if a text can have several.

        Raises:
            DataError: It is not known whether a text has a label: a list cannot say so.
        """
        import datasets

        one = datasets.ClassLabel(names=list(self.label_names))
        labels = datasets.List(one) if self.is_multi_label else one
        splits: dict[str, datasets.Dataset] = {}
        for split, rows in self.items():
            texts = text_columns(rows.texts)
            features = datasets.Features({**dict.fromkeys(texts, datasets.Value("string")), "label": labels})
            columns = {**texts, "label": self._ids_of(rows)}
            splits[split] = datasets.Dataset.from_dict(columns, features=features)
        return datasets.DatasetDict(splits)

    @cached_property
    def has_pairs(self) -> bool:
        """Whether the texts are pairs."""
        return any(has_pairs(rows.texts[:1]) for rows in self.values())

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of all texts, labels and label names by split; the same on any computer.

        Texts that belong to no class count, too.
        """
        digest = hashlib.sha256(json.dumps(list(self.label_names)).encode())
        for split, rows in self.items():
            # The JSON of a list of all three, in parts: that of a million texts takes half a gigabyte.
            digest.update(f"[{json.dumps(split)}, [".encode())
            for start in range(0, len(rows), _TEXTS_HASHED_TOGETHER):
                texts = json.dumps(list(rows.texts[start : start + _TEXTS_HASHED_TOGETHER]))
                digest.update(f"{', ' if start else ''}{texts[1:-1]}".encode())
            digest.update(f"], {json.dumps(rows.labels.tolist())}]".encode())
        for split, rows in self.outside.splits.items() if self.outside is not None else ():
            digest.update(json.dumps(["outside", split, list(rows.texts)]).encode())
        return digest.hexdigest()

    def _ids_of(self, rows: Split) -> Sequence[Any]:
        if not self.is_multi_label:
            return list(rows.labels.tolist())
        if unknown := int((rows.labels == UNKNOWN).any(axis=1).sum()):
            have = "it has" if unknown == 1 else "they have"
            raise DataError(
                f"It is not known for {counted(unknown, 'text')} whether {have} some of the labels, and a "
                "list of labels cannot say so.",
                "Leave these texts out, or use the arrays in `Split.labels`.",
            )
        return [np.flatnonzero(row).tolist() for row in rows.labels]

    def __getitem__(self, split: str) -> Split:
        return self.splits[split]

    def __iter__(self) -> Iterator[str]:
        return iter(self.splits)

    def __len__(self) -> int:
        return len(self.splits)
