"""What a training's figures are worth, in the form in which a run keeps it.

The verdict beside baselines, how reliable the probabilities are, and what a precision costs in coverage.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from textune.model.threshold import Abstention
from textune.run.layout import Run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scored = tuple[NDArray[np.float64], NDArray[np.int64]]
    """Probabilities (rows, classes) and true class ids (rows,)."""

MAJORITY = "majority_class"
TFIDF = "tfidf_logistic_regression"
BASELINE_NAMES = {MAJORITY: "the most frequent class", TFIDF: "TF-IDF + logistic regression"}
"""What the baselines are called in a sentence."""


def better_baseline(figures: Mapping[str, Any]) -> str:
    """Return the name of the baseline with the higher macro-F1; of equals, that with the lower log loss."""
    return max(figures, key=lambda name: (figures[name]["macro_f1"], -figures[name]["log_loss"]))


def best_baseline(run: Run) -> str | None:
    """Return the name of the better of a run's baselines, or None where it has none."""
    figures = json.loads(run.metrics.read_text(encoding="utf-8")).get("baselines")
    return better_baseline(figures) if figures else None


def verdict(
    probabilities: NDArray[np.float64],
    labels: NDArray[np.int64],
    baselines: Mapping[str, NDArray[np.float64]],
    *,
    figures: Mapping[str, Any],
    bootstrap_samples: int,
) -> dict[str, Any]:
    """Return whether fine-tuning paid, as JSON values: the model beside the better baseline, on test.

    Args:
        probabilities: The model's, (test rows, classes).
        labels: The true class ids, (test rows,).
        baselines: The baselines' probabilities, by name.
        figures: The baselines' figures, by name.
        bootstrap_samples: Resamples behind each interval.
    """
    from textune.evaluation.comparison import compare_probabilities, describe_verdict

    name = better_baseline(figures)
    comparison = compare_probabilities(
        probabilities, baselines[name], labels, bootstrap_samples=bootstrap_samples
    )
    sentence = describe_verdict(comparison, BASELINE_NAMES[name])
    return {"baseline": name, **comparison.to_json(), "sentence": sentence}


def calibration(
    scored: Mapping[str, Scored], temperature: float, *, bootstrap_samples: int
) -> dict[str, Any]:
    """Return how reliable the probabilities are before and after calibration, as JSON values.

    Args:
        scored: Probabilities and labels, by split.
        temperature: By what the logits were divided.
        bootstrap_samples: Resamples behind each interval.
    """
    from textune.evaluation.reliability import measure_reliability, undo_temperature

    def reliability(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, Any]:
        found = measure_reliability(probabilities, labels, bootstrap_samples=bootstrap_samples)
        return dict(plain(asdict(found)))

    splits = {
        split: {
            "before": reliability(undo_temperature(probabilities, temperature), labels),
            "after": reliability(probabilities, labels),
        }
        for split, (probabilities, labels) in scored.items()
    }
    return {"temperature": temperature, **splits}


def coverage(validation: Scored, test: Scored) -> list[dict[str, Any]]:
    """Return what the usual precisions cost in coverage, as JSON values."""
    from textune.evaluation.abstention import coverage_table

    return [plain(asdict(row)) for row in coverage_table(validation, test)]


def find_abstention(validation: Scored, min_precision: float) -> Abstention:
    """Return the threshold for a precision; one without a threshold where validation shows none."""
    from textune.evaluation.abstention import choose_threshold

    return Abstention(min_precision, choose_threshold(*validation, min_precision=min_precision))


def describe_abstention(abstention: Abstention, scored: Mapping[str, Scored]) -> dict[str, Any]:
    """Return a threshold and what it does to the rows of some splits, as JSON values."""
    from textune.evaluation.abstention import measure_answers

    splits = {
        split: plain(asdict(measure_answers(*rows, threshold=abstention.least_score)))
        for split, rows in scored.items()
    }
    return {**asdict(abstention), **splits}


def cannot_reach(validation: Scored, min_precision: float) -> str:
    """Say that no threshold is shown to give a precision, and which one could be had."""
    from textune.evaluation.abstention import most_precision

    most = most_precision(*validation)
    return (
        f"The {len(validation[1]):,} validation rows show no threshold at which {min_precision:.1%} of the "
        f"labels are right: {int(most * 1000) / 1000:.1%} is the most that they show."
    )


def plain(value: Any) -> Any:
    """Return nested values with lists for tuples, as JSON has them."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value
