"""How often the interval of the calibration error covers the true error, on simulated test sets.

    python benchmarks/calibration_interval.py

Probabilities of four classes are drawn, and then labels: either as the probabilities say (a true error of 0),
or as if the probabilities were overconfident. For each of 200 test sets, textune's interval and that of plain
percentiles are computed.
"""

from __future__ import annotations

import numpy as np

from textune.evaluation.reliability import calibration_error, error_resamples, measure_reliability

SETS = 200
RESAMPLES = 400
ROWS = (120, 1421)
SHARPNESS = (1.0, 0.8, 0.5)
TRUTH_ROWS = 1_000_000


def draw(rows: int, sharpness: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities (rows, 4) and labels: the top class is right by its odds ** sharpness."""
    probabilities = rng.dirichlet([0.5] * 4, size=rows)
    top, best = probabilities.max(axis=1), probabilities.argmax(axis=1)
    odds = (top / np.maximum(1 - top, 1e-12)) ** sharpness
    right = rng.random(rows) < odds / (1 + odds)
    return probabilities, np.where(right, best, (best + 1) % 4)


def main() -> None:
    rng = np.random.default_rng(0)
    print("| true error | rows | error, mean | covered by the interval | covered by percentiles |")
    print("| --- | --- | --- | --- | --- |")
    for sharpness in SHARPNESS:
        truth = 0.0 if sharpness == 1 else calibration_error(*draw(TRUTH_ROWS, sharpness, rng))
        for rows in ROWS:
            covered, plain, errors = 0, 0, []
            for _ in range(SETS):
                probabilities, labels = draw(rows, sharpness, rng)
                reliability = measure_reliability(probabilities, labels, bootstrap_samples=RESAMPLES)
                resampled = error_resamples([probabilities], labels, samples=RESAMPLES, seed=0)
                low, high = reliability.expected_calibration_error_ci95
                covered += low <= truth <= high
                low, high = np.percentile(resampled, [2.5, 97.5])
                plain += low <= truth <= high
                errors.append(reliability.expected_calibration_error)
            print(
                f"| {truth:.3f} | {rows:,} | {np.mean(errors):.3f} "
                f"| {covered / SETS:.0%} | {plain / SETS:.0%} |"
            )


if __name__ == "__main__":
    main()
