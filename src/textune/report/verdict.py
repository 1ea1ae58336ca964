"""A run's result in three sentences: how good, whether fine-tuning paid, and where to be careful.

In: what `metrics.json` holds. Out: sentences in plain words. Does not know how they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FEW_ROWS = 100
"""Test rows below which all figures are a hint at best."""

BASELINES = {
    "majority_class": "the most frequent class",
    "tfidf_logistic_regression": "TF-IDF + logistic regression",
}
"""What the baselines are called in a sentence."""

_TFIDF = "tfidf_logistic_regression"
_OFTEN = 0.1


@dataclass(frozen=True)
class Verdict:
    """What a run's result comes to.

    Attributes:
        quality: How good it is, and how sure that is.
        worth: Whether it beats what is simpler.
        care: Where it is weak, and how far its probabilities can be trusted.
        caution: Why all of this is a hint only; empty where it is more.
    """

    quality: str
    worth: str
    care: str
    caution: str

    @property
    def sentences(self) -> tuple[str, ...]:
        """The three sentences, and the caution where there is one."""
        return tuple(each for each in (self.quality, self.worth, self.care, self.caution) if each)


def judge(document: Mapping[str, Any]) -> Verdict:
    """Return what a run's `metrics.json` comes to."""
    test = document["metrics"]["test"]
    few = test["examples"] < FEW_ROWS
    return Verdict(
        quality=_quality(test),
        worth=_worth(document),
        care=_care(test),
        caution=f"With only {test['examples']} test rows all of this is a hint at best, intervals included."
        if few
        else "",
    )


def percent(value: float) -> str:
    """Return a share as it is written everywhere.

    Example:
        >>> percent(0.7594)
        '75.9 %'
    """
    return f"{value * 100:.1f} %"


def _quality(test: Mapping[str, Any]) -> str:
    low, high = test["accuracy_ci95"]
    macro_low, macro_high = test["macro_f1_ci95"]
    return (
        f"Of {test['examples']:,} texts that it had not seen, it labels {percent(test['accuracy'])} rightly "
        f"(95 % interval: {low * 100:.1f} to {high * 100:.1f}); with every label counting the same, macro-F1 "
        f"is {percent(test['macro_f1'])} ({macro_low * 100:.1f} to {macro_high * 100:.1f})."
    )


def _worth(document: Mapping[str, Any]) -> str:
    """Return a sentence on whether the pretrained encoder was worth it."""
    given = document.get("verdict")
    if isinstance(given, Mapping) and given.get("sentence"):
        return str(given["sentence"])
    tfidf = document.get("baselines", {}).get(_TFIDF)
    if tfidf is None:
        return "Nothing simpler was measured beside it, so whether fine-tuning paid is open."
    test = document["metrics"]["test"]
    gain = round((test["macro_f1"] - tfidf["macro_f1"]) * 100, 1)
    if not gain:
        return "TF-IDF + logistic regression does just as well, and is the cheaper choice."
    low, high = test["macro_f1_ci95"]
    other_low, other_high = tfidf["macro_f1_ci95"]
    clear = low > other_high or high < other_low
    doubt = "more than the doubt in either" if clear else "but the intervals overlap, so it may be chance"
    side = "above" if gain > 0 else "below"
    return f"Its macro-F1 is {abs(gain):.1f} points {side} TF-IDF + logistic regression, {doubt}."


def _care(test: Mapping[str, Any]) -> str:
    names, confusion = list(test["per_class"]), test["confusion"]
    tested = [name for name in names if test["per_class"][name]["support"]]
    error = test["expected_calibration_error"] * 100
    sureness = f"its probabilities are off by {error:.1f} points on average"
    if not tested:
        return f"{sureness[:1].upper()}{sureness[1:]}."
    weakest = min(tested, key=lambda name: test["per_class"][name]["f1"])
    number = names.index(weakest)
    taken = {name: count for name, count in zip(names, confusion[number], strict=True) if name != weakest}
    other = max(taken, key=lambda name: taken[name], default=weakest)
    share = taken.get(other, 0) / test["per_class"][weakest]["support"]
    mixed = f", {share * 100:.0f} % of which it takes for {quoted(other)}" if share >= _OFTEN else ""
    f1 = percent(test["per_class"][weakest]["f1"])
    return f"It is weakest on {quoted(weakest)} (F1 {f1}){mixed}; {sureness}."


def quoted(label: str) -> str:
    """Return a label in quotation marks, in one line and not too long.

    Example:
        >>> quoted("joy")
        '“joy”'
    """
    line = " ".join(label.split())
    return f"“{line[:39]}…”" if len(line) > 40 else f"“{line}”"
