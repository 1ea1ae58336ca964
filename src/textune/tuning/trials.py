"""Trials: what was tried, and how it scored on each fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
        probe: Each metric on its probe, if trials begin with one: a training on few rows.
        outcome: Whether the trial went through all folds, left the race, or could not be carried out.
        seconds: How long it took.
    """

    number: int
    values: Mapping[str, Any]
    folds: Mapping[str, Sequence[float]]
    outcome: TrialOutcome
    seconds: float
    probe: Mapping[str, float] = field(default_factory=dict)

    def losses(self, metric: str) -> NDArray[np.float64]:
        """Return a metric by fold (folds,), negative where higher is better."""
        return losses_of(self.folds, metric)

    def probe_loss(self, metric: str) -> float | None:
        """Return a metric on the probe, negative where higher is better; None without a probe."""
        return float(losses_of({metric: [self.probe[metric]]}, metric)[0]) if self.probe else None

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
    """Return a trial's mean loss over all folds, estimated from what it has and the best trial."""
    losses, of_best = trial.losses(metric), best.losses(metric)
    if not len(losses):
        probe, of_best_probe = trial.probe_loss(metric), best.probe_loss(metric)
        assert probe is not None and of_best_probe is not None
        return float(of_best.mean()) + probe - of_best_probe
    return float((losses - of_best[: len(losses)]).mean() + of_best.mean())
