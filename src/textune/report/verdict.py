"""A run's result in three sentences: how good it is, whether training paid off, where to be careful."""

from __future__ import annotations

from dataclasses import dataclass

from textune.evaluation.baselines import BASELINES, MAJORITY, TFIDF, TFIDF_FIRST, TFIDF_SECOND
from textune.evaluation.document import MetricsDocument
from textune.evaluation.metrics import in_percent
from textune.evaluation.split_metrics import SplitMetrics

FEW_ROWS = 100
"""With fewer test rows, all metrics are rough estimates."""
FEW_ROWS_OF_A_CLASS = 10
"""With fewer test rows, the metrics of a class are hardly more than chance."""

_OFTEN = 0.1


@dataclass(frozen=True)
class Judgement:
    """A run's result in sentences: how good it is, whether it beats simpler methods, where it is weak.

    `caution` says why the metrics are rough estimates, or that one text of a pair gives labels away; it is
    empty if there are enough test rows, and none does.
    """

    quality: str
    worth: str
    care: str
    caution: str

    @property
    def sentences(self) -> tuple[str, ...]:
        """The three sentences, and the caution where there is one."""
        return tuple(filter(None, (self.quality, self.worth, self.care, self.caution)))


def judge(document: MetricsDocument) -> Judgement:
    """Return the judgement on a run's `metrics.json`."""
    test = document.test
    return Judgement(
        quality=_quality(test),
        worth=_worth(document),
        care=_care(test),
        caution=" ".join(filter(None, [_describe_few_rows(test), *_one_sided(document)])),
    )


def _describe_few_rows(test: SplitMetrics) -> str:
    """Return what so few test rows can show, in a sentence or two; empty if there are enough."""
    if test.examples >= FEW_ROWS:
        return ""
    key, name = ("micro_f1", "micro-F1") if test.is_multi_label else ("accuracy", "accuracy")
    low, high = test.intervals[key]
    few = sum(metrics.support < FEW_ROWS_OF_A_CLASS for metrics in test.per_class.values())
    noun = "labels" if test.is_multi_label else "classes"
    classes = (
        f" {few} of {len(test.per_class)} {noun} have fewer than {FEW_ROWS_OF_A_CLASS} of them, so their own "
        "metrics say little."
    )
    return (
        f"With only {test.examples} test rows, {name} is known to within about ±{(high - low) * 50:.0f} "
        f"points: smaller differences may be chance.{classes if few else ''}"
    )


def _one_sided(document: MetricsDocument) -> list[str]:
    """Return a sentence for each text of the pairs that predicts labels without the other one."""
    majority = document.baselines.get(MAJORITY)
    sentences = []
    for key in (TFIDF_FIRST, TFIDF_SECOND):
        alone = document.baselines.get(key)
        if majority is None or alone is None or "accuracy" not in alone.intervals:
            continue
        share, most = alone.values["accuracy"], majority.values["accuracy"]
        if alone.intervals["accuracy"][0] > most:
            sentences.append(
                f"{BASELINES[key].title} labels {in_percent(share)} correctly, and the most frequent class "
                f"{in_percent(most)}: part of this result may come from how those texts were written, and "
                "not from comparing the two."
            )
    return sentences


def _quality(test: SplitMetrics) -> str:
    if test.is_multi_label:
        return _quality_of_label_sets(test)
    (low, high), (macro_low, macro_high) = test.intervals["accuracy"], test.intervals["macro_f1"]
    return (
        f"Of {test.examples:,} texts that it had not seen, it labels {in_percent(test.values['accuracy'])} "
        f"correctly (95 % interval: {low * 100:.1f} to {high * 100:.1f}); with every label counting the "
        f"same, macro-F1 is {in_percent(test.values['macro_f1'])} ({macro_low * 100:.1f} to "
        f"{macro_high * 100:.1f})."
    )


def _quality_of_label_sets(test: SplitMetrics) -> str:
    (low, high), (macro_low, macro_high) = test.intervals["micro_f1"], test.intervals["macro_f1"]
    return (
        f"Over the labels of {test.examples:,} texts that it had not seen, micro-F1 is "
        f"{in_percent(test.values['micro_f1'])} (95 % interval: {low * 100:.1f} to {high * 100:.1f}); with "
        f"every label counting the same, macro-F1 is {in_percent(test.values['macro_f1'])} "
        f"({macro_low * 100:.1f} to {macro_high * 100:.1f}). "
        f"{in_percent(test.values['exact_match'])} of the texts get exactly their labels."
    )


def describe_thresholds(document: MetricsDocument) -> str:
    """Return what the labels' own thresholds bring over 0.5, or an empty string if there are none."""
    if document.thresholds is None:
        return ""
    difference = document.thresholds.macro_f1
    low, high = (end * 100 for end in difference.ci95)
    return (
        "A text gets each label from a threshold that was chosen on validation. On test, macro-F1 is "
        f"{in_percent(difference.first)} with these thresholds and {in_percent(difference.second)} with 0.5 "
        f"for every label, a difference of {difference.difference * 100:+.1f} points (95 % interval: "
        f"{low:+.1f} to {high:+.1f})."
    )


def _worth(document: MetricsDocument) -> str:
    if document.verdict is not None and document.verdict.sentence:
        return document.verdict.sentence
    if TFIDF not in document.baselines:
        return "No simpler method was measured beside it, so it is unknown whether training paid off."
    test, baseline, name = document.test, document.baselines[TFIDF], BASELINES[TFIDF].title
    gain = round((test.values["macro_f1"] - baseline.values["macro_f1"]) * 100, 1)
    if not gain:
        return f"{name} does just as well, and is the cheaper choice."
    (low, high), (other_low, other_high) = test.intervals["macro_f1"], baseline.intervals["macro_f1"]
    is_clear = low > other_high or high < other_low
    certainty = (
        "and the intervals do not overlap" if is_clear else "but the intervals overlap, so it may be chance"
    )
    side = "above" if gain > 0 else "below"
    return f"Its macro-F1 is {abs(gain):.1f} points {side} {name}, {certainty}."


def _care(test: SplitMetrics) -> str:
    names = list(test.per_class)
    error = test.values["expected_calibration_error"] * 100
    calibration = f"its probabilities are off by {error:.1f} points on average"
    tested = [name for name in names if test.per_class[name].support]
    if not tested:
        return f"{calibration[:1].upper()}{calibration[1:]}."
    weakest = min(tested, key=lambda name: test.per_class[name].f1)
    f1 = in_percent(test.per_class[weakest].f1)
    if test.is_multi_label:
        return f"It is weakest on {_quoted(weakest)} (F1 {f1}); {calibration}."
    row = test.confusion[names.index(weakest)]
    confused = {name: count for name, count in zip(names, row, strict=True) if name != weakest}
    other = max(confused, key=lambda name: confused[name], default=weakest)
    share = confused.get(other, 0) / test.per_class[weakest].support
    mixed = f", {share * 100:.0f} % of which it labels {_quoted(other)}" if share >= _OFTEN else ""
    return f"It is weakest on {_quoted(weakest)} (F1 {f1}){mixed}; {calibration}."


def _quoted(label: str) -> str:
    line = " ".join(label.split())
    return f"“{line[:39]}…”" if len(line) > 40 else f"“{line}”"
