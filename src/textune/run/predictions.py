"""The predictions that a run stores for the texts of its splits, and how those of two runs are matched.

    RUN/predictions/SPLIT.parquet              the classifier's
    RUN/predictions/baselines/NAME.parquet     a baseline's, for the test split

Columns: `row` (its number in the source's split), `text`, `text_pair` if the texts are pairs, `label` and
`predicted` (names), `score` (the predicted label's probability) and `scores` (every label's). Where a text
can have several labels, there are `labels`, `unknown` (those of which it is not known) and `predicted`, which
are lists of names, and no `label` or `score`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import MULTI_LABEL, SINGLE_LABEL, UNKNOWN, Split
from textune.errors import RunError
from textune.evaluation.label_scores import LabelScores
from textune.files import atomic_path
from textune.formats.text_pairs import TEXT_FIELDS, AnyText, TextPair, as_shown, text_columns
from textune.tasks.single_label import confidence, decide

_SHOWN_CHARACTERS = 60

_Key = tuple[AnyText, str, int]
"""A text, its label or labels, and how many such rows come before it."""


@dataclass(frozen=True)
class Predictions:
    """Labelled texts with the probabilities (rows, classes) that a classifier gave them.

    `rows` are their numbers in the source's split, (rows,), and `labels` are as in `Split`. `label_names` are
    in the order of the classes. Where a text can have several labels, `given` says which it gets, (rows,
    classes).
    """

    rows: NDArray[np.int64]
    texts: tuple[AnyText, ...]
    labels: NDArray[np.int64]
    label_names: tuple[str, ...]
    probabilities: NDArray[np.float64]
    given: NDArray[np.bool_] | None = None

    @classmethod
    def of(
        cls,
        split: Split,
        probabilities: NDArray[np.float64],
        label_names: Sequence[str],
        *,
        given: NDArray[np.bool_] | None = None,
    ) -> Predictions:
        """Return the predictions (rows, classes) for a split."""
        return cls(split.rows, tuple(split.texts), split.labels, tuple(label_names), probabilities, given)

    @property
    def problem_type(self) -> str:
        """The kind of label, see `textune.tasks`."""
        return SINGLE_LABEL if self.given is None else MULTI_LABEL

    @property
    def scored(self) -> Any:
        """What metrics take: the probabilities or, where a text can have several labels, `LabelScores`."""
        return self.probabilities if self.given is None else LabelScores(self.probabilities, self.given)

    @property
    def written_labels(self) -> tuple[str, ...]:
        """The label of each row by name; several in alphabetical order, and `?` before an unknown one."""
        names = self.label_names
        if self.given is None:
            return tuple(names[label] for label in self.labels.tolist())
        marks = {UNKNOWN: "?", 1: ""}
        return tuple(
            ", ".join(sorted(f"{marks[value]}{names[place]}" for place, value in enumerate(row) if value))
            for row in self.labels.tolist()
        )

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable class of every row, (rows,)."""
        return decide(self.probabilities)

    @property
    def scores(self) -> NDArray[np.float64]:
        """The probability of that class, (rows,)."""
        return confidence(self.probabilities)


def write_predictions(path: Path, predictions: Predictions) -> None:
    """Write predictions as Parquet."""
    import pyarrow as pa
    from pyarrow import parquet

    # pa.array would import pandas, which costs a sixth of a second.
    def numbers(values: NDArray[Any]) -> pa.Array:
        buffer = pa.py_buffer(np.ascontiguousarray(values))
        return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, buffer])

    def strings(values: Sequence[str]) -> pa.Array:
        encoded = [value.encode() for value in values]
        buffers = pa.py_buffer(np.cumsum([0, *map(len, encoded)])), pa.py_buffer(b"".join(encoded))
        return pa.LargeStringArray.from_buffers(len(encoded), *buffers).cast(pa.string())

    def lists(cells: NDArray[np.bool_]) -> pa.Array:
        offsets = np.concatenate([[0], cells.sum(axis=1).cumsum()]).astype(np.int32)
        chosen = strings([names[label] for label in np.nonzero(cells)[1].tolist()])
        return pa.ListArray.from_arrays(numbers(offsets), chosen)

    names, labels = predictions.label_names, predictions.labels
    columns = [numbers(column) for column in predictions.probabilities.T]
    if predictions.given is None:
        decided = {
            "label": strings([names[label] for label in labels.tolist()]),
            "predicted": strings([names[label] for label in predictions.predicted.tolist()]),
            "score": numbers(predictions.scores),
        }
    else:
        decided = {
            "labels": lists(labels == 1),
            "unknown": lists(labels == UNKNOWN),
            "predicted": lists(predictions.given),
        }
    table = pa.table(
        {
            "row": numbers(predictions.rows),
            **{name: strings(column) for name, column in text_columns(predictions.texts).items()},
            **decided,
            "scores": pa.StructArray.from_arrays(columns, names=list(names)),
        }
    )
    with atomic_path(path) as temporary:
        parquet.write_table(table, temporary)


def read_predictions(path: Path) -> Predictions:
    """Read what `write_predictions` wrote; raise a `RunError` if there is no such file."""
    import pyarrow as pa
    from pyarrow import compute, parquet

    if not path.is_file():
        raise RunError(
            f"The predictions {path} are missing.",
            "Give a run that this version of `textune train` finished.",
        )
    table = parquet.read_table(path)
    scores = table["scores"].combine_chunks()
    names = [scores.type.field(number).name for number in range(scores.type.num_fields)]
    given = None
    if "labels" in table.column_names:
        labels = _cells(table["labels"], names).astype(np.int64)
        labels[_cells(table["unknown"], names)] = UNKNOWN
        given = _cells(table["predicted"], names)
    else:
        ids = table["label"].combine_chunks()
        labels = np.asarray(compute.index_in(ids, pa.array(names, pa.string())), dtype=np.int64)
    return Predictions(
        rows=table["row"].to_numpy(),
        texts=texts_in(table),
        labels=labels,
        label_names=tuple(names),
        probabilities=np.column_stack([scores.field(number).to_numpy() for number in range(len(names))]),
        given=given,
    )


def _cells(column: Any, names: Sequence[str]) -> NDArray[np.bool_]:
    """Return which of the names each row of a column of lists holds, (rows, names)."""
    places = {name: place for place, name in enumerate(names)}
    cells = np.zeros((len(column), len(names)), dtype=bool)
    for row, values in enumerate(column.to_pylist()):
        cells[row, [places[value] for value in values]] = True
    return cells


def texts_in(table: Any) -> tuple[AnyText, ...]:
    """Return the texts, or pairs, in an Arrow table's columns of their names."""
    columns = [table[name].to_pylist() for name in TEXT_FIELDS if name in table.column_names]
    return tuple(columns[0] if len(columns) == 1 else map(TextPair._make, zip(*columns, strict=True)))


def match_rows(first: Predictions, second: Predictions, *, names: tuple[str, str], split: str) -> Predictions:
    """Return the second's predictions with rows and classes in the order of the first's.

    If their rows or classes differ, a `RunError` calls the two by `names`, and names the split.
    """
    if first.problem_type != second.problem_type:
        raise RunError(
            f"{names[0]} and {names[1]} cannot be compared: of one of them, a text has one label, and of the "
            "other any number of labels.",
            "Compare runs that were trained on the same data.",
        )
    if set(first.label_names) != set(second.label_names):
        raise RunError(
            f"{names[0]} and {names[1]} cannot be compared: the labels of the first are "
            f"{', '.join(first.label_names)}, those of the second {', '.join(second.label_names)}.",
            "Compare runs that were trained on the same data.",
        )
    keys = _keys(first), _keys(second)
    place = {key: number for number, key in enumerate(keys[1])}
    if len(place) != len(keys[0]) or any(key not in place for key in keys[0]):
        raise _rows_differ(keys, names=names, split=split)
    order = np.array([place[key] for key in keys[0]])
    columns = [second.label_names.index(name) for name in first.label_names]
    return replace(
        second,
        rows=second.rows[order],
        texts=first.texts,
        labels=first.labels,
        given=None if second.given is None else second.given[order][:, columns],
        label_names=first.label_names,
        probabilities=second.probabilities[order][:, columns],
    )


def _keys(predictions: Predictions) -> list[_Key]:
    counts: Counter[tuple[AnyText, str]] = Counter()
    keys = []
    for text, label in zip(predictions.texts, predictions.written_labels, strict=True):
        pair = text, label
        counts[pair] += 1
        keys.append((*pair, counts[pair]))
    return keys


def _rows_differ(keys: tuple[list[_Key], list[_Key]], *, names: tuple[str, str], split: str) -> RunError:
    sets = set(keys[0]), set(keys[1])
    only = [[key for key in keys[number] if key not in sets[1 - number]] for number in (0, 1)]
    number = 0 if only[0] else 1
    text, label, _ = only[number][0]
    relabelled = {key[0] for key in only[0]} & {key[0] for key in only[1]}
    shown = " ".join(as_shown(text).split())
    shown = shown if len(shown) <= _SHOWN_CHARACTERS else shown[: _SHOWN_CHARACTERS - 1] + "…"
    return RunError(
        f"{names[0]} and {names[1]} cannot be compared: their {split} rows differ. "
        f"{len(only[0]):,} of {len(keys[0]):,} rows are only in the first and {len(only[1]):,} of "
        f"{len(keys[1]):,} only in the second ({len(relabelled):,} texts have other labels). For instance, "
        f"only {names[number]} has '{shown}' as {label}.",
        "Compare runs whose data, split seed and word filter are the same.",
    )
