"""Labels that one text of a pair gives away without the other: D021.

Whoever writes the second text for a label may give the label away: "nobody" and "never" mark contradictions
(Gururangan et al. 2018, https://arxiv.org/abs/1803.02324). A model that learns this is good on such a test
split, and has learned nothing about pairs. TF-IDF of each text alone is judged on rows that it has not seen;
copies of a text are in one fold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from textune.audit.checks import AuditInput, SkippedCheckError, check
from textune.audit.findings import Finding, percent
from textune.data.splits import make_folds
from textune.evaluation.baselines import tfidf_probabilities
from textune.evaluation.intervals import share_interval
from textune.formats.text_pairs import TextPair
from textune.tasks.single_label import decide

_SIDES = ("first", "second")
_FOLDS = 3
_MIN_ROWS = 100
_MAX_ROWS = 5000
_LEAST_GAIN = 0.1
"""The share of the majority class's errors that a text alone must avoid at least to be worth a warning."""


@check(needs="texts", D021="labels that one text of a pair gives away")
def find_one_sided(audited: AuditInput) -> Iterator[Finding]:
    """Measure how well the first texts alone, and the second texts alone, predict the label."""
    rows = [row for row in audited.examples if row.split == "train" and isinstance(row.text, TextPair)]
    if audited.noun != "pair":
        return
    if audited.is_multi_label:
        raise SkippedCheckError("it is measured only where every pair has one label")
    labels = np.array([row.label for row in rows], dtype=np.int64)
    if len(rows) < _MIN_ROWS or len(np.unique(labels)) < 2:
        raise SkippedCheckError(f"fewer than {_MIN_ROWS} rows of train, or a single class")
    audited.ctx.stage("Looking at each text of the pairs alone")
    # A fixed random order, as files are often sorted by label.
    chosen = np.random.default_rng(0).permutation(len(rows))[:_MAX_ROWS]
    labels = labels[chosen]
    majority = float(np.bincount(labels).max() / len(labels))
    shares, telling = [], []
    for place, side in enumerate(_SIDES):
        texts = [str(rows[row].text[place]) for row in chosen]
        right = _right_out_of_fold(texts, labels, len(audited.label_names))
        low, high = share_interval(float(right.sum()), float(len(right)))
        shares.append(f"{side} texts {percent(float(right.mean()))} ({low * 100:.0f} to {high * 100:.0f})")
        if 1 - low <= (1 - _LEAST_GAIN) * (1 - majority):
            telling.append(side)
        audited.progress("texts of the pairs")(place + 1, len(_SIDES))
    measured = f"{', '.join(shares)}; the most frequent class {percent(majority)}"
    if not telling:
        yield Finding("D021", "info", f"Neither text of a pair alone predicts the label: {measured}", 0)
        return
    yield Finding(
        "D021",
        "warning",
        f"The {' and the '.join(telling)} texts alone predict labels: {measured}",
        len(telling),
        advice="How the texts were written gives the label away, so a model can be good here without "
        "comparing the two. Compare the results with their one-sided baselines, and measure on pairs of "
        "another origin.",
    )


def _right_out_of_fold(texts: Sequence[str], labels: NDArray[np.int64], classes: int) -> NDArray[np.bool_]:
    """Return which labels (rows,) are predicted right from texts by TF-IDF on the other folds."""
    folds = np.array(make_folds(texts, list(map(str, labels.tolist())), folds=_FOLDS))
    right = np.zeros(len(labels), dtype=np.bool_)
    for fold in range(_FOLDS):
        held_out = np.flatnonzero(folds == fold)
        train = np.flatnonzero(folds != fold)
        if not len(held_out) or not len(train):
            continue
        probabilities = tfidf_probabilities(
            [texts[int(row)] for row in train],
            labels[train],
            [texts[int(row)] for row in held_out],
            classes=classes,
        )
        right[held_out] = decide(probabilities) == labels[held_out]
    return right
