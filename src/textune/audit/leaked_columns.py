"""Other columns of the source that give the label away: D018.

textune reads only the text and the label, so such a column does no harm here. It shows where labels came
from, and must not get into the texts or into another tool. Columns of prose are skipped: their words should
predict the label.

Small classifiers judge each column by their out-of-fold accuracy: a decision tree if the values are numbers,
and naive Bayes on the parts of the values (which sees through `data/joy/0017.txt`).
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.audit.checks import AuditInput, check
from textune.audit.findings import Example, Finding, label_matrix, percent

_NEARLY_ALWAYS = 0.95
_MOST_ERRORS = 0.2
"""The share of the majority class's errors that a leaked column may leave."""
_MIN_ROWS = 20
_MAX_ROWS = 5000
_FOLDS = 3
_MAX_CHARACTERS = 200
_MAX_LEAVES = 256
_PROSE_WORDS = 8
_PIECE = re.compile(r"[^\W_]+")


@check(needs="columns", D018="leaked columns")
def find_leaked_columns(audited: AuditInput) -> Iterator[Finding]:
    """Find columns that nearly always determine the label."""
    count = len(audited.examples)
    if count < _MIN_ROWS or not audited.columns:
        return
    audited.ctx.stage("Looking at other columns")
    # A fixed random order, as files are often sorted by label.
    order = np.random.default_rng(0).permutation(count)[:_MAX_ROWS].tolist()
    targets = _targets([audited.examples[row] for row in order], audited)
    for done, (name, values) in enumerate(audited.columns.items(), start=1):
        shown = [values[row] for row in order]
        for what, labels in targets.items():
            majority = float(np.bincount(labels).max() / len(labels))
            accuracy = column_accuracy(shown, labels)
            if accuracy >= _NEARLY_ALWAYS and 1 - accuracy <= _MOST_ERRORS * (1 - majority):
                yield Finding(
                    "D018",
                    "warning",
                    f"The column '{name}' alone predicts {percent(accuracy)} of {what} {percent(majority)})",
                    1,
                    advice="textune does not read it. Make sure that it has not leaked into the texts, and "
                    "keep it away from other tools that learn from this source.",
                )
                break
        audited.progress("columns")(done, len(audited.columns))


def _targets(examples: Sequence[Example], audited: AuditInput) -> dict[str, NDArray[np.int64]]:
    """Return what a column may give away (rows,), by how a sentence goes on.

    These are the labels or, where texts can have several, their sets, and each label that is neither in few
    rows nor missing from few.
    """
    if not audited.is_multi_label:
        labels = np.array([example.label for example in examples], dtype=np.int64)
        return {"the labels (the most frequent class is": labels}
    numbers: dict[tuple[int, ...], int] = {}
    sets = [numbers.setdefault(example.labels, len(numbers)) for example in examples]
    targets = {"the sets of labels (the most frequent one is": np.array(sets, dtype=np.int64)}
    has = label_matrix(examples, len(audited.label_names)) == 1
    for label in np.flatnonzero(np.minimum(has.sum(axis=0), (~has).sum(axis=0)) >= _MIN_ROWS).tolist():
        name = audited.label_names[label]
        targets[f"the label '{name}' (the more frequent answer is"] = has[:, label].astype(np.int64)
    return targets


def column_accuracy(values: Sequence[Any], labels: NDArray[np.int64]) -> float:
    """Return the share of labels that a column predicts out of fold; 0 if it cannot be used."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline
    from sklearn.tree import DecisionTreeClassifier

    missing = [value is None or (isinstance(value, float) and math.isnan(value)) for value in values]
    written = [
        "" if absent else str(value).strip()[:_MAX_CHARACTERS]
        for value, absent in zip(values, missing, strict=True)
    ]
    if len(set(written)) < 2 or any(isinstance(value, bytes) for value in values):
        return 0.0
    numbers = _numbers(written)
    tree = DecisionTreeClassifier(max_leaf_nodes=_MAX_LEAVES, min_samples_leaf=2, random_state=0)
    by_number = 0.0 if numbers is None else _out_of_fold(tree, numbers, labels)
    if np.median([len(text.split()) for text in written]) >= _PROSE_WORDS:
        return by_number
    bayes = make_pipeline(CountVectorizer(analyzer=_pieces, binary=True), MultinomialNB(alpha=0.01))
    return max(by_number, _out_of_fold(bayes, np.array(written, dtype=object), labels))


def _numbers(written: Sequence[str]) -> NDArray[np.float64] | None:
    """Return values as a column of numbers, missing ones lowest, or None if one is not a number."""
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
    return [f"={value}", *_PIECE.findall(value.casefold())]


def _out_of_fold(classifier: Any, values: NDArray[Any], labels: NDArray[np.int64]) -> float:
    from sklearn.model_selection import KFold, cross_val_predict

    with warnings.catch_warnings():
        # Classes of one or two rows are missing from some folds; only their own rows suffer.
        warnings.simplefilter("ignore", UserWarning)
        predicted = cross_val_predict(classifier, values, labels, cv=KFold(_FOLDS))
    return float((predicted == labels).mean())
