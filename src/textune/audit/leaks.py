"""Other columns of the source that give the label away.

In: the values of each column beside the text, and the labels. Out: finding D018. textune reads the text and
the label only, so such a column does no harm here; but it says where labels came from, and it must not find
its way into the texts or into another tool. Does not know the texts, and passes over columns of prose: that
words tell a label is what is hoped for.

A column's worth is what a small classifier makes of it out of fold: a decision tree where the values are
numbers, naive Bayes on the pieces of the value (which sees through `data/joy/0017.txt`).
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textune.audit.findings import Finding, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEARLY_ALWAYS = 0.95
_MOST_ERRORS = 0.2
"""What a column may leave of the majority class's errors."""
_MIN_ROWS = 20
_MAX_ROWS = 5000
_FOLDS = 3
_MAX_CHARACTERS = 200
_MAX_LEAVES = 256
_PROSE_WORDS = 8
_PIECE = re.compile(r"[^\W_]+")


def find_leaked_columns(
    others: Mapping[str, Sequence[Any]],
    labels: Sequence[int],
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Finding]:
    """Find columns that tell the label nearly always.

    Args:
        others: The values of every column, (rows,) each.
        labels: The label ids, (rows,).
        on_progress: Called with columns done and columns in all.
    """
    ids = np.asarray(labels)
    if len(ids) < _MIN_ROWS or not others:
        return []
    # Rows in a fixed random order: files are often sorted by label.
    order = np.random.default_rng(0).permutation(len(ids))[:_MAX_ROWS]
    ids = ids[order]
    majority = np.bincount(ids).max() / len(ids)
    findings = []
    for done, (name, values) in enumerate(others.items(), start=1):
        accuracy = column_accuracy([values[row] for row in order], ids)
        if accuracy >= _NEARLY_ALWAYS and 1 - accuracy <= _MOST_ERRORS * (1 - majority):
            findings.append(_leak(name, accuracy, float(majority)))
        if on_progress:
            on_progress(done, len(others))
    return findings


def column_accuracy(values: Sequence[Any], labels: NDArray[np.int64]) -> float:
    """Return how often a column tells a row's label, by what the other rows say; 0 where nothing can."""
    written = [_written(value) for value in values]
    if len(set(written)) < 2 or any(isinstance(value, bytes) for value in values):
        return 0.0
    numbers = _numbers(written)
    by_number = 0.0 if numbers is None else _out_of_fold(_tree(), numbers, labels)
    if np.median([len(text.split()) for text in written]) >= _PROSE_WORDS:
        return by_number
    return max(by_number, _out_of_fold(_bayes(), np.array(written, dtype=object), labels))


def _leak(name: str, accuracy: float, majority: float) -> Finding:
    return Finding(
        "D018",
        "warning",
        f"The column '{name}' alone tells {percent(accuracy)} of the labels (the most frequent class is "
        f"{percent(majority)})",
        1,
        (),
        "textune does not read it. Make sure that the texts are not written with its help, and keep it from "
        "whatever else learns from this source.",
    )


def _written(value: Any) -> str:
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    return "" if missing else str(value).strip()[:_MAX_CHARACTERS]


def _numbers(written: Sequence[str]) -> NDArray[np.float64] | None:
    """Return values as a column of numbers, None if one is no number; what is missing is below all."""
    try:
        numbers = np.array([float(text) if text else math.nan for text in written])
    except ValueError:
        return None
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        return None
    low, high = finite.min() - 1, finite.max() + 1
    column: NDArray[np.float64] = np.nan_to_num(numbers, nan=low, posinf=high, neginf=low)[:, None]
    return column


def _pieces(value: str) -> list[str]:
    """Return a value and the words and numbers in it."""
    return [f"={value}", *_PIECE.findall(value.casefold())]


def _tree() -> Any:
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(max_leaf_nodes=_MAX_LEAVES, min_samples_leaf=2, random_state=0)


def _bayes() -> Any:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    return make_pipeline(CountVectorizer(analyzer=_pieces, binary=True), MultinomialNB(alpha=0.01))


def _out_of_fold(classifier: Any, values: NDArray[Any], labels: NDArray[np.int64]) -> float:
    from sklearn.model_selection import KFold, cross_val_predict

    with warnings.catch_warnings():
        # Classes of a row or two are missing from some folds, which costs them their own rows only.
        warnings.simplefilter("ignore", UserWarning)
        predicted = cross_val_predict(classifier, values, labels, cv=KFold(_FOLDS))
    return float((predicted == labels).mean())
