"""A source as it was read: texts and labels, valid or not, and the place of every row in its file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from textune.data.dataset import SPLITS
from textune.errors import DataError
from textune.formats.split_names import SPLIT_OF
from textune.wording import listed

_PLACES_SHOWN = 10


def choose_splits(names: Iterable[str], *, origin: str) -> tuple[dict[str, str], list[str]]:
    """Return which of a source's splits are train, validation and test, and the names of the others.

    Raises:
        DataError: None of them is.

    Example:
        >>> choose_splits(["train", "dev", "extra"], origin="the dataset")
        ({'train': 'train', 'validation': 'dev'}, ['extra'])
    """
    names, chosen = list(names), dict[str, str]()
    # A split called exactly `test` wins over one called `eval`.
    for name in sorted(names, key=lambda name: name not in SPLITS):
        if name.strip().lower() in SPLIT_OF:
            chosen.setdefault(SPLIT_OF[name.strip().lower()], name)
    if not chosen:
        raise DataError(
            f"{origin} has no split 'train'. It has: {', '.join(names) or 'none'}.",
            "Choose another dataset, or pass one of these splits on its own.",
        )
    left_out = [name for name in names if name not in chosen.values()]
    return {split: chosen[split] for split in SPLITS if split in chosen}, left_out


@dataclass(frozen=True)
class Piece:
    """Consecutive rows of one file or stored split, with their numbers there; `unit` is `line` or `row`.

    `label_names` are the names that this file or stored split has for its label ids, if any.
    """

    text_origin: str
    label_origin: str
    unit: str
    numbers: Sequence[int]
    label_names: Mapping[int, str] | None = None


@dataclass(frozen=True)
class RawSplit:
    """The pieces of a split in order, and its columns: texts, labels and, if requested, others."""

    pieces: tuple[Piece, ...]
    texts: Sequence[Any]
    labels: Sequence[Any]
    others: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def column(self, name: str) -> Sequence[Any]:
        """Return the values of another column, which this split may lack."""
        return self.others.get(name) or [None] * len(self.texts)

    def text_places(self, indices: Sequence[int]) -> str:
        """Return the places of the texts of some rows, for instance `a.csv, lines 4, 9`."""
        return self._places(indices, lambda piece: piece.text_origin)

    def label_places(self, indices: Sequence[int]) -> str:
        """Return the places of the labels of some rows."""
        return self._places(indices, lambda piece: piece.label_origin)

    def places(self) -> list[str]:
        """Return the place of each row, for instance `line 4`, with the file if there are several."""
        several = len(self.pieces) > 1
        return [
            f"{Path(piece.text_origin).name}, {piece.unit} {number}" if several else f"{piece.unit} {number}"
            for piece in self.pieces
            for number in piece.numbers
        ]

    def take(self, indices: Sequence[int]) -> RawSplit:
        """Return some of the rows; their indices are in ascending order."""
        pieces = [replace(piece, numbers=numbers) for piece, numbers in self._numbers(indices)]
        others = {name: [values[index] for index in indices] for name, values in self.others.items()}
        texts, labels = ([values[index] for index in indices] for values in (self.texts, self.labels))
        return RawSplit(tuple(pieces), texts, labels, others)

    def spans(self) -> Iterator[tuple[Piece, range]]:
        """Yield each piece with the indices of its rows."""
        start = 0
        for piece in self.pieces:
            yield piece, range(start, start := start + len(piece.numbers))

    def _numbers(self, indices: Sequence[int]) -> Iterator[tuple[Piece, list[int]]]:
        for piece, span in self.spans():
            yield piece, [piece.numbers[index - span.start] for index in indices if index in span]

    def _places(self, indices: Sequence[int], origin: Callable[[Piece], str]) -> str:
        places = []
        for piece, numbers in self._numbers(indices):
            if numbers:
                units = f"{piece.unit}s" if len(numbers) > 1 else piece.unit
                places.append(f"{origin(piece)}, {units} {listed(numbers, most=_PLACES_SHOWN)}")
        return "; ".join(places)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A text whose annotators disagree, and their votes, such as `joy 2, anger 1`.

    `row` is its number in the split, from 0; None: there is no majority, and the split does not contain it.
    """

    split: str
    row: int | None
    text: str
    place: str
    votes: str


@dataclass(frozen=True)
class RawSource:
    """A source's splits, named as in `SPLITS`, notes, and disagreements.

    `label_names` are the names of label ids in pieces without their own.
    """

    splits: Mapping[str, RawSplit]
    label_names: Mapping[int, str] | None = None
    notes: tuple[str, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()

    def columns(self) -> list[str]:
        """Return the names of the columns beside text and label."""
        return list(dict.fromkeys(name for rows in self.splits.values() for name in rows.others))


def join_rows(parts: Sequence[RawSplit]) -> RawSplit:
    """Return the rows of several splits as one; a column that a part lacks is empty there."""
    names = dict.fromkeys(name for part in parts for name in part.others)
    return RawSplit(
        tuple(piece for part in parts for piece in part.pieces),
        [text for part in parts for text in part.texts],
        [label for part in parts for label in part.labels],
        {name: [value for part in parts for value in part.column(name)] for name in names},
    )


def label_places(splits: Mapping[str, RawSplit], indices: Mapping[str, Sequence[int]]) -> str:
    """Return the places of the labels of some rows of several splits."""
    return "; ".join(splits[split].label_places(rows) for split, rows in indices.items() if rows)
