"""Several labels per text, as scikit-learn or a list of lists states them, become classes and a matrix.

In: an indicator matrix of zeros and ones (rows, classes), or a list of labels per row. Out: the classes, and
the matrix. Does not know texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import MULTI_LABEL, Dataset, Split
from textune.data.stratification import make_multi_label_splits
from textune.formats.text_pairs import AnyText


@dataclass(frozen=True)
class LabelMatrix:
    """Which rows have which labels: 1 or 0, (rows, classes); `are_lists`: they came as lists of labels."""

    classes: NDArray[Any]
    values: NDArray[np.int64]
    are_lists: bool


def read_label_matrix(y: Any, *, rows: int) -> LabelMatrix | None:
    """Return labels as a matrix, or None if `y` has one label per row.

    Raises:
        ValueError: There is not one row per text, or `y` is neither zeros and ones nor lists of labels.
    """
    names = getattr(y, "columns", None)
    if hasattr(y, "toarray"):
        y = y.toarray()
    if getattr(y, "ndim", 1) == 2:
        if y.shape[1] < 2:
            return None
        return _of_indicators(np.asarray(y), names, rows=rows)
    if hasattr(y, "tolist"):
        y = y.tolist()
    if not isinstance(y, Sequence) or isinstance(y, str):
        return None
    are_lists = list(map(_is_list, y))
    if not any(are_lists):
        return None
    if not all(are_lists):
        row = are_lists.index(False)
        raise ValueError(f"y[{row}] is {y[row]!r}, and other rows are lists of labels. Make it a list, too.")
    lists = [list(each) for each in y]
    if all(len(each) == 1 for each in lists):
        return None  # A column, which scikit-learn's estimators take with a warning.
    if _are_indicators(lists):
        return _of_indicators(np.array(lists), None, rows=rows)
    return _of_lists(lists, rows=rows)


def indicators_of(y: Any, classes: NDArray[Any]) -> NDArray[np.int64]:
    """Return lists of labels as a matrix of zeros and ones, (rows, classes).

    Raises:
        ValueError: A label is not one of the classes.
    """
    places = {label: place for place, label in enumerate(classes.tolist())}
    values = np.zeros((len(y), len(classes)), dtype=np.int64)
    for row, labels in enumerate(y):
        for label in labels:
            if label not in places:
                raise ValueError(f"y[{row}] has the label {label!r}, which the classifier does not know.")
            values[row, places[label]] = 1
    return values


def hold_out_rows(
    texts: list[AnyText], labels: LabelMatrix, names: tuple[str, ...], *, fraction: float, seed: int
) -> Dataset:
    """Return the rows to train on as `train`, and the others as `validation`.

    Texts that are alike stay together, and every label is trained on. If nothing can be held out, all rows
    are in both splits.
    """
    splits = make_multi_label_splits(
        texts, labels.values, validation_fraction=fraction, test_fraction=0, seed=seed
    )
    rows = Split.from_lists(texts, labels.values)
    train, held_out = splits["train"], splits["validation"]
    every = list(range(len(texts)))
    if not held_out or not train:
        train = held_out = every
    return Dataset(
        {"train": rows.take(train), "validation": rows.take(held_out)},
        names,
        "python:estimator",
        problem_type=MULTI_LABEL,
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence | AbstractSet | np.ndarray) and not isinstance(value, str)


def _are_indicators(lists: list[list[Any]]) -> bool:
    """Return whether all lists have the same length, at least 2, and hold nothing but zeros and ones."""
    if len({len(each) for each in lists}) != 1 or len(lists[0]) < 2:
        return False
    return all(not isinstance(value, str) and value in (0, 1) for each in lists for value in each)


def _of_indicators(y: NDArray[Any], names: Any, *, rows: int) -> LabelMatrix:
    _check_rows(len(y), rows)
    allowed = np.isin(y.astype(object), [0, 1])
    if not allowed.all():
        row, column = np.argwhere(~allowed)[0].tolist()
        raise ValueError(
            f"y[{row}, {column}] is {y[row, column]!r}, which is neither zero nor one. Unknown label type: y "
            "must have one label per row, a matrix of zeros and ones, or a list of labels per row."
        )
    classes = np.arange(y.shape[1]) if names is None else np.asarray(names)
    return LabelMatrix(classes, y.astype(np.int64), are_lists=False)


def _of_lists(lists: list[list[Any]], *, rows: int) -> LabelMatrix:
    _check_rows(len(lists), rows)
    for row, labels in enumerate(lists):
        if any(label is None or label != label for label in labels):
            raise ValueError(f"y[{row}] holds a label that is missing: y must not contain NaN.")
    distinct = {label for each in lists for label in each}
    if len(distinct) < 2:
        raise ValueError(f"y has {len(distinct)} different labels; a classifier needs at least 2 classes.")
    classes = np.unique(np.array(list(distinct)))
    return LabelMatrix(classes, indicators_of(lists, classes), are_lists=True)


def _check_rows(count: int, rows: int) -> None:
    if count != rows:
        raise ValueError(f"Found input variables with inconsistent numbers of samples: [{rows}, {count}]")
