"""How often a threshold keeps its promise: chosen on few rows, measured on all others.

    python benchmarks/abstention.py RUN [RUN ...]

From each run's test predictions, some rows are drawn as validation rows, 300 times. Several rules choose a
threshold for a precision on these rows, and the threshold is measured on the rows that were not drawn.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from textune.evaluation import abstention
from textune.run.predictions import Predictions, read_predictions

DRAWS = 300
PRECISIONS = (0.8, 0.9, 0.95)
SIZES = (120, 374)
# The level of the one-sided interval: at 50 %, its lower end is nearly the observed precision.
RULES = {"as observed": 0.5, "80 % confidence": 0.8, "90 % confidence": 0.9, "95 % confidence": 0.95}


def outcomes(predictions: Predictions, rows: int, precision: float) -> tuple[int, list[tuple[float, float]]]:
    """Return how many draws gave no threshold, and (precision, coverage) on other rows for those that did."""
    rng, missing, answered = np.random.default_rng(0), 0, []
    for _ in range(DRAWS):
        order = rng.permutation(len(predictions.labels))
        drawn, others = order[:rows], order[rows:]
        threshold = abstention.choose_threshold(
            predictions.probabilities[drawn], predictions.labels[drawn], min_precision=precision
        )
        if threshold is None:
            missing += 1
            continue
        answers = abstention.measure_answers(
            predictions.probabilities[others], predictions.labels[others], threshold=threshold
        )
        if answers.precision is not None:
            answered.append((answers.precision, answers.coverage))
    return missing, answered


def main() -> None:
    print("| run | rows | precision | rule | no threshold | held | precision, mean | answered, mean |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in sys.argv[1:]:
        predictions = read_predictions(Path(name) / "predictions" / "test.parquet")
        for rows in SIZES:
            for precision in PRECISIONS:
                for rule, confidence in RULES.items():
                    abstention._CONFIDENCE = confidence
                    missing, answered = outcomes(predictions, rows, precision)
                    held = np.mean([reached >= precision for reached, _ in answered]) if answered else np.nan
                    means = np.mean(answered, axis=0) if answered else (np.nan, np.nan)
                    print(
                        f"| {Path(name).name} | {rows} | {precision:.0%} | {rule} | {missing / DRAWS:.0%} "
                        f"| {held:.0%} | {means[0]:.1%} | {means[1]:.0%} |"
                    )


if __name__ == "__main__":
    main()
