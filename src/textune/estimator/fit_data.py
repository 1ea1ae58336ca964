"""What scikit-learn hands to an estimator becomes texts and class ids, or a `ValueError` as it expects one.

In: texts, or pairs of them, as a list, an array or a series, and labels. Out: checked texts; the classes and
an id per row; the rows to train on and those to hold out. Does not know models.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import Dataset, Split
from textune.data.python_tables import values_of
from textune.data.splits import groups_by_class, make_splits
from textune.errors import DataError
from textune.formats.text_pairs import AnyText, TextPair, as_whole_text


def read_texts_of(X: Any, *, pairs: bool | None = None) -> list[AnyText]:  # noqa: N803 - scikit-learn's name.
    """Return texts, or pairs of texts, as a list.

    `pairs` says which of the two a fitted classifier takes. Raise a `ValueError` unless `X` has one
    dimension, and a string in every row, or a tuple of two in every row.
    """
    if getattr(X, "ndim", 1) != 1:
        raise ValueError(
            f"X has {X.ndim} dimensions, but texts have one: a string per row. Reshape your data: pass one "
            "column of a table, X['text']. A ColumnTransformer takes its name, not a list of names. Pairs of "
            "texts are tuples in a list: list(zip(X['question'], X['answer']))."
        )
    try:
        values = values_of(X, "X")
    except DataError as error:
        raise ValueError(str(error)) from error
    texts = list(map(as_whole_text, values))
    other = next((row for row, text in enumerate(texts) if not isinstance(text, str | TextPair)), None)
    if other is not None:
        raise ValueError(f"X[{other}] is {texts[other]!r} ({type(texts[other]).__name__}), not a text.")
    if not texts:
        raise ValueError("Found array with 0 sample(s): X has no texts.")
    is_fitted, pairs = pairs is not None, isinstance(texts[0], TextPair) if pairs is None else pairs
    misfit = next((row for row, text in enumerate(texts) if isinstance(text, TextPair) is not pairs), None)
    if misfit is not None:
        single, pair = "a single text", "a pair of texts"
        others = f"X[0] is {pair if pairs else single}"
        if is_fitted:
            others = f"the classifier was fitted on {'pairs of texts' if pairs else 'single texts'}"
        raise ValueError(f"X[{misfit}] is {single if pairs else pair}, but {others}.")
    return texts


def check_has_labels(y: Any) -> None:
    """Raise a `ValueError` if there are no labels."""
    if y is None:
        raise ValueError("TextClassifier requires y to be passed, but the target y is None.")


def read_classes(y: Any, *, rows: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the sorted classes, in their own type, and the class id of every row, (rows,).

    Raises:
        ValueError: There is not one label per row, a label is missing, or there are fewer than two classes.
    """
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import column_or_1d

    labels = column_or_1d(y, warn=True)
    if len(labels) != rows:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: [{rows}, {len(labels)}]"
        )
    missing = next((row for row, label in enumerate(values_of(labels, "y")) if label is None), None)
    if missing is not None:
        raise ValueError(f"y[{missing}] is missing (None, NaN or NA): y must not contain NaN.")
    check_classification_targets(labels)
    classes, ids = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"y has one class, {classes.tolist()[0]!r}; a classifier needs at least 2 classes.")
    return classes, ids.astype(np.int64)


def hold_out(
    texts: list[AnyText], ids: NDArray[np.int64], names: tuple[str, ...], *, fraction: float, seed: int
) -> Dataset:
    """Return the rows to train on as `train`, and the others as `validation`.

    Texts that are alike stay together, and belong to the class of most of them. A class with only one text
    is trained on, as is a text of a class that is nowhere that of most. If no class has two texts to spare,
    all rows are in both splits.
    """
    labels = [names[label] for label in ids.tolist()]
    by_class = groups_by_class(texts, labels, seed)
    trained_on = {labels.index(label) for label, groups in by_class.items() if not groups}
    class_of: dict[int, str] = {}
    for label, groups in by_class.items():
        free = [group for group in groups if trained_on.isdisjoint(group)]
        if len(free) > 1:
            class_of |= {row: label for group in free for row in group}
    spare = sorted(class_of)
    splits = make_splits(
        [texts[row] for row in spare],
        [class_of[row] for row in spare],
        validation_fraction=fraction,
        test_fraction=0,
        seed=seed,
    )
    held_out = sorted(spare[row] for row in splits["validation"])
    train = sorted({*range(len(texts))} - {*held_out})
    rows = Split.from_lists(texts, ids)
    return Dataset(
        {"train": rows.take(train), "validation": rows.take(held_out or train)}, names, "python:estimator"
    )
