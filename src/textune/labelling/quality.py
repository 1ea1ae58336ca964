"""How good the classifier is by now, by the answers for testing, and what more answers would bring.

In: what is known, the head, and features. Out: a `LabellingQuality`. Everything is measured on texts that are
a random sample of the pool, that the head has not learned from, and that have decided nothing. Does not know
who answers, nor what is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.class_metrics import ClassMetrics, measure_classes
from textune.evaluation.intervals import Interval, RowValues, mean_interval, share_interval
from textune.evaluation.macro_f1 import count_confusion, macro_f1, macro_f1_rows
from textune.evaluation.metrics import in_percent
from textune.evaluation.multi_label_metric import f1, f1_slope
from textune.evaluation.prevalence import Prevalence, estimate_prevalence
from textune.labelling.known_labels import KnownLabels, LabelledTexts
from textune.labelling.loop_head import LoopHead
from textune.labelling.pool import TEST_SHARE
from textune.tasks import multi_label, single_label
from textune.wording import counted

MORE_ANSWERS = 50
"""How many more answers the forecast is about."""
FEWEST_TESTS = 5
"""How many answers for testing there must be before anything is measured."""
CURVE_POINTS = 10
_SETTLED = 0.98


@dataclass(frozen=True)
class MeasuredShare:
    """A share, such as an accuracy, with its interval."""

    value: float
    interval: Interval


@dataclass(frozen=True)
class LabelQuality:
    """How well one label is recognised; `answers` counts all answers with it, those to learn from too."""

    metrics: ClassMetrics
    f1_interval: Interval
    answers: int
    prevalence: Prevalence | None


@dataclass(frozen=True)
class CurvePoint:
    """The accuracy of a head that learned from the first `answers` answers for training."""

    answers: int
    accuracy: MeasuredShare


@dataclass(frozen=True)
class LabellingQuality:
    """What the answers for testing say.

    Attributes:
        tests: The number of answers for testing.
        accuracy: The share of texts that get exactly their labels; None for fewer than `FEWEST_TESTS`.
        macro_f1: The mean of F1 over the labels that texts for testing have.
        after_more: The interval of the accuracy that `MORE_ANSWERS` more answers would bring, if it stayed.
        by_label: The metrics of each label.
        confusion: How many texts of one label (first axis) get another; of single labels only.
        curve: The accuracy after fewer answers.
        unchanged: The share of the pool's texts whose prediction the last answers did not change; None: too
            few answers.
    """

    tests: int
    accuracy: MeasuredShare | None
    macro_f1: MeasuredShare | None
    after_more: Interval | None
    by_label: Mapping[str, LabelQuality]
    confusion: NDArray[np.int64] | None
    curve: Sequence[CurvePoint]
    unchanged: float | None

    def __str__(self) -> str:
        """Return accuracy and macro-F1 with their 95 % intervals on one line."""
        if self.accuracy is None or self.macro_f1 is None:
            return f"{counted(self.tests, 'answer')} for testing, too few to measure anything"
        low, high = map(in_percent, self.accuracy.interval)
        return (
            f"accuracy {in_percent(self.accuracy.value)} ({low} to {high}), macro-F1 "
            f"{in_percent(self.macro_f1.value)}, on {counted(self.tests, 'answer')} for testing"
        )

    @property
    def is_settled(self) -> bool:
        """Whether answers hardly change predictions any more."""
        return self.unchanged is not None and self.unchanged >= _SETTLED


def measure_quality(
    known: KnownLabels,
    head: LoopHead,
    features: NDArray[np.float32],
    *,
    of_pool: NDArray[np.int64],
    unchanged: float | None = None,
    curve: Sequence[CurvePoint] = (),
) -> LabellingQuality:
    """Return how good a fitted head is.

    Args:
        known: The labelled texts.
        head: The head, fitted to those for training.
        features: Those of the pool's texts, (texts, width).
        of_pool: Numbers of texts that are a random sample of the pool and that the head did not learn from.
        unchanged: The share of predictions that the last answers did not change.
        curve: The accuracy after fewer answers.
    """
    test = known.test.below(len(features))
    if len(test) < FEWEST_TESTS:
        return LabellingQuality(len(test), None, None, None, {}, None, curve, unchanged)
    probabilities = head.probabilities(features[test.numbers])
    labels, is_multi = _with_classes(test, head.classes), known.kind.is_multi_label
    names = known.label_names[: head.classes]
    right = _are_right(probabilities, labels)
    guessed = head.probabilities(features[of_pool])
    prevalence = [
        estimate_prevalence(
            labels[:, place] == 1 if is_multi else labels == place, probabilities[:, place], guessed[:, place]
        )
        for place in range(len(names))
    ]
    confusion = None if is_multi else count_confusion(probabilities, labels)
    hits, wrong, missed = _label_counts(probabilities, labels)
    metrics = (
        _metrics_of(hits, wrong, missed, names) if confusion is None else measure_classes(confusion, names)
    )
    intervals = _f1_intervals(hits, wrong, missed)
    answers = known.counts(known.train) + known.counts(known.test)
    accuracy = share_of(right)
    more = round(MORE_ANSWERS * TEST_SHARE)
    return LabellingQuality(
        len(test),
        accuracy,
        _macro_f1(probabilities, labels, hits, wrong, missed),
        share_interval(accuracy.value * (len(test) + more), len(test) + more),
        {
            name: LabelQuality(metrics[name], intervals[place], int(answers[place]), prevalence[place])
            for place, name in enumerate(names)
        },
        confusion,
        curve,
        unchanged,
    )


def measure_curve(
    known: KnownLabels,
    head: LoopHead,
    features: NDArray[np.float32],
    *,
    named: NDArray[np.float32] | None = None,
    points: int = CURVE_POINTS,
) -> list[CurvePoint]:
    """Return the accuracy, on all texts for testing, of heads that learned from fewer and fewer answers.

    `named` are the features (classes, width) of the labels' names, if the heads may read them.
    """
    test, train = known.test.below(len(features)), known.train.below(len(features))
    if len(test) < FEWEST_TESTS:
        return []
    labels = _with_classes(test, head.classes)
    counts = np.unique(np.linspace(0, len(train), points + 1).round().astype(int))[1:]
    curve = []
    for count in counts.tolist():
        part = train.first(count)
        if has_two_labels(part, known):
            early = LoopHead(head.scale, known.kind)
            early.fit(features[part.numbers], part.labels, len(known.label_names), named)
            right = _are_right(early.probabilities(features[test.numbers]), labels)
            curve.append(CurvePoint(count, share_of(right)))
    return curve


def predicted(head: LoopHead, features: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the labels (texts,) or (texts, classes) that a head gives."""
    probabilities = head.probabilities(features)
    if head.kind.is_multi_label:
        return multi_label.decide(probabilities).astype(np.int64)
    return single_label.decide(probabilities)


def has_two_labels(train: LabelledTexts, known: KnownLabels) -> bool:
    """Return whether a head can learn from texts: from two labels, or one that some have and some lack."""
    if not len(train):
        return False
    if known.kind.is_multi_label:
        return bool(((train.labels == 1).any(axis=0) & (train.labels == 0).any(axis=0)).any())
    return len(np.unique(train.labels)) > 1


def macro_f1_of(head: LoopHead, features: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return the macro-F1 of a head on labelled texts; a class that it does not know is never right."""
    probabilities = head.probabilities(features)
    if labels.ndim == 1:
        missing = max(int(labels.max()) + 1 - probabilities.shape[1], 0)
        return macro_f1(np.pad(probabilities, ((0, 0), (0, missing))), labels)
    hits, wrong, missed = _label_counts(probabilities, labels)
    return float(f1(*(each.sum(axis=0).astype(float) for each in (hits, wrong, missed))).mean())


def share_of(right: NDArray[np.bool_]) -> MeasuredShare:
    """Return the share of true values, and its exact interval."""
    return MeasuredShare(float(right.mean()), share_interval(float(right.sum()), float(len(right))))


def _with_classes(test: LabelledTexts, classes: int) -> NDArray[np.int64]:
    """Return labels; those of classes that a head does not know are left out of rows of several."""
    return test.labels[:, :classes] if test.labels.ndim == 2 else test.labels


def _are_right(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    if labels.ndim == 1:
        return np.asarray(single_label.decide(probabilities) == labels)
    given = multi_label.decide(probabilities)
    return np.asarray(((given == (labels == 1)) | (labels < 0)).all(axis=1))


def _label_counts(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which texts have and get each label, get it wrongly, and lack it wrongly, (texts, classes)."""
    classes = probabilities.shape[1]
    if labels.ndim == 1:
        has = labels[:, None] == np.arange(classes)
        gets = single_label.decide(probabilities)[:, None] == np.arange(classes)
        return has & gets, ~has & gets, has & ~gets
    has, gets = labels == 1, multi_label.decide(probabilities)
    # Of a label that is not known, neither is right or wrong.
    return has & gets, (labels == 0) & gets, has & ~gets


def _metrics_of(
    hits: NDArray[np.bool_], wrong: NDArray[np.bool_], missed: NDArray[np.bool_], names: Sequence[str]
) -> dict[str, ClassMetrics]:
    right, false, lost = (each.sum(axis=0).astype(float) for each in (hits, wrong, missed))
    scores = f1(right, false, lost)
    return {
        name: ClassMetrics(
            float(right[place] / max(right[place] + false[place], 1)),
            float(right[place] / max(right[place] + lost[place], 1)),
            float(scores[place]),
            int(right[place] + lost[place]),
        )
        for place, name in enumerate(names)
    }


def _f1_intervals(
    hits: NDArray[np.bool_], wrong: NDArray[np.bool_], missed: NDArray[np.bool_]
) -> list[Interval]:
    """Return the interval of every label's F1."""
    right, false, lost = (each.sum(axis=0).astype(float) for each in (hits, wrong, missed))
    values, (of_hits, of_others) = f1(right, false, lost), f1_slope(right, false, lost)
    count = len(hits)
    intervals = []
    for place, value in enumerate(values.tolist()):
        if not right[place] + false[place] + lost[place]:
            intervals.append((0.0, 1.0))
            continue
        influence = hits[:, place] * of_hits[place] + (wrong[:, place] | missed[:, place]) * of_others[place]
        rows = value + count * (influence - influence.mean())
        more = value + count * (np.array([of_others[place], of_hits[place]]) - influence.mean())
        ends = np.concatenate([rows, more])
        values_of_rows = RowValues(rows, ends.min(keepdims=True), ends.max(keepdims=True))
        intervals.append(mean_interval(values_of_rows, value, bounds=(0.0, 1.0)))
    return intervals


def _macro_f1(
    probabilities: NDArray[np.float64],
    labels: NDArray[np.int64],
    hits: NDArray[np.bool_],
    wrong: NDArray[np.bool_],
    missed: NDArray[np.bool_],
) -> MeasuredShare:
    if labels.ndim == 1:
        value = macro_f1(probabilities, labels)
        return MeasuredShare(
            value, mean_interval(macro_f1_rows(probabilities, labels), value, bounds=(0.0, 1.0))
        )
    right, false, lost = (each.sum(axis=0).astype(float) for each in (hits, wrong, missed))
    values, (of_hits, of_others) = f1(right, false, lost), f1_slope(right, false, lost)
    value = float(values.mean())
    influence = (hits * of_hits + (wrong | missed) * of_others).mean(axis=1)
    rows = value + len(hits) * (influence - influence.mean())
    ends = RowValues(rows, rows.min(keepdims=True), rows.max(keepdims=True))
    return MeasuredShare(value, mean_interval(ends, value, bounds=(0.0, 1.0)))
