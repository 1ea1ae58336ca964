"""Trials: what was tried, and how it scored on each fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.metrics import METRICS

TrialOutcome = Literal["complete", "dropped", "failed"]


@dataclass(frozen=True)
class Trial:
    """One configuration, and its metrics.

    Attributes:
        number: Counts from 0, which is the recipe's default.
        values: The values of the searched settings.
        folds: Each metric by fold, in the order of the race; none if the trial failed.
        outcome: Whether the trial went through all folds, left the race, or could not be carried out.
        seconds: How long it took.
    """

    number: int
    values: Mapping[str, Any]
    folds: Mapping[str, Sequence[float]]
    outcome: TrialOutcome
    seconds: float

    def losses(self, metric: str) -> NDArray[np.float64]:
        """Return a metric by fold (folds,), negative where higher is better."""
        return losses_of(self.folds, metric)

    def mean(self, metric: str) -> float:
        """Return the mean of a metric over the folds."""
        return float(np.mean(self.folds[metric]))


def losses_of(folds: Mapping[str, Sequence[float] | NDArray[np.float64]], metric: str) -> NDArray[np.float64]:
    """Return a metric by fold (folds,), negative where higher is better."""
    values = np.asarray(folds.get(metric, ()), dtype=np.float64)
    return -values if METRICS[metric].direction == "higher" else values


def best_of(trials: Sequence[Trial], metric: str) -> Trial | None:
    """Return the complete trial with the lowest mean loss, the first of equals; None without any."""
    complete = [trial for trial in trials if trial.outcome == "complete"]
    return min(complete, key=lambda trial: float(trial.losses(metric).mean()), default=None)


def estimated_loss(trial: Trial, best: Trial, metric: str) -> float:
    """Return a trial's mean loss over all folds, estimated from those that it has and the best trial."""
    losses, of_best = trial.losses(metric), best.losses(metric)
    return float((losses - of_best[: len(losses)]).mean() + of_best.mean())
