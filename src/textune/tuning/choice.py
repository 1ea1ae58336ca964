"""The choice between the default and the best trial, and how much of its score is the search's own luck.

The best of many trials is partly the luckiest, so its cross-validated score is too good. The nested score is
that of the trials that would have been chosen without the fold that they are scored on (Varma and Simon 2006,
https://doi.org/10.1186/1471-2105-7-91); the difference of the two is the optimism. The default is left only
if the paired interval of its difference to these nested choices excludes 0. Its width is that of Nadeau and
Bengio (2003, https://doi.org/10.1023/A:1024068626366), since the training rows of the folds overlap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.intervals import Interval
from textune.evaluation.metrics import METRICS
from textune.tuning.folds import FOLDS_PER_REPEAT
from textune.tuning.trials import Trial, best_of, losses_of

_ROUNDING = 1e-9


@dataclass(frozen=True)
class ScoreDifference:
    """A mean difference of a metric over folds, in the metric's own direction, and its 95 % interval."""

    difference: float
    ci95: Interval

    def is_clear(self, metric: str) -> bool:
        """Return whether the interval says that the difference is for the better."""
        low, high = self.ci95
        return low > _ROUNDING if METRICS[metric].direction == "higher" else high < -_ROUNDING


@dataclass(frozen=True)
class TrialChoice:
    """What a search ends with.

    Attributes:
        metric: The metric that decided.
        default: The first trial: the recipe as it is.
        best: The trial with the best mean.
        nested: The metrics of the choices that are made without the fold that they are scored on.
        gain: What those choices gain over the default.
        over_prior: What the chosen trial gains over the classes' shares.
    """

    metric: str
    default: Trial
    best: Trial
    nested: Mapping[str, float]
    gain: ScoreDifference
    over_prior: ScoreDifference

    @property
    def leaves_default(self) -> bool:
        """Whether the best trial is chosen rather than the default."""
        return self.best.number != 0 and self.gain.is_clear(self.metric)

    @property
    def chosen(self) -> Trial:
        """The trial whose settings are used."""
        return self.best if self.leaves_default else self.default

    def optimism(self, metric: str) -> float:
        """Return by how much a metric of the best trial is better than the nested one; above 0: too good."""
        better = self.best.mean(metric) - self.nested[metric]
        return better if METRICS[metric].direction == "higher" else -better

    @property
    def beats_majority(self) -> bool:
        """Whether the chosen trial is clearly better than one that knows the classes' shares alone."""
        return self.over_prior.is_clear(self.metric)


def choose_trial(
    trials: Sequence[Trial], prior: Mapping[str, Sequence[float]], *, metric: str
) -> TrialChoice:
    """Return the choice among trials, the first of which is the default.

    `prior` are the metrics by fold of a classifier that knows the classes' shares alone.
    """
    best = best_of(trials, metric)
    assert best is not None and trials[0].outcome == "complete"
    choices = nested_choices(trials, metric)
    nested = {
        key: np.array([trials[chosen].folds[key][fold] for fold, chosen in enumerate(choices)])
        for key in trials[0].folds
    }
    gain = _difference(losses_of(nested, metric) - trials[0].losses(metric), metric)
    is_left = best.number != 0 and gain.is_clear(metric)
    chosen = best if is_left else trials[0]
    return TrialChoice(
        metric=metric,
        default=trials[0],
        best=best,
        nested={key: float(values.mean()) for key, values in nested.items()},
        gain=gain,
        over_prior=_difference(chosen.losses(metric) - losses_of(prior, metric), metric),
    )


def nested_choices(trials: Sequence[Trial], metric: str) -> list[int]:
    """Return, for each fold, the number of the trial that is best on the other folds of its repeat.

    A trial that was dropped takes part in the repeats that it reached.
    """
    folds = len(trials[0].losses(metric))
    losses = np.full((len(trials), folds), np.inf)
    for row, trial in zip(losses, trials, strict=True):
        of_trial = trial.losses(metric)
        row[: len(of_trial)] = of_trial
    choices = []
    for start in range(0, folds, FOLDS_PER_REPEAT):
        of_repeat = losses[:, start : start + FOLDS_PER_REPEAT]
        for fold in range(of_repeat.shape[1]):
            others = np.delete(of_repeat, fold, axis=1).mean(axis=1)
            choices.append(int(np.flatnonzero(others == others.min())[0]))
    return choices


def corrected_interval(differences: NDArray[np.float64]) -> Interval:
    """Return the 95 % interval of a mean difference (folds,) over repeated folds.

    Example:
        >>> low, high = corrected_interval(np.array([0.1, 0.2, 0.1, 0.2, 0.15]))
        >>> round(low, 3), round(high, 3)
        (0.057, 0.243)
    """
    from scipy.stats import t

    count, mean = len(differences), float(differences.mean())
    spread = float(differences.std(ddof=1)) * float(np.sqrt(1 / count + 1 / (FOLDS_PER_REPEAT - 1)))
    half = float(t.ppf(0.975, count - 1)) * spread
    return mean - half, mean + half


def _difference(losses: NDArray[np.float64], metric: str) -> ScoreDifference:
    low, high = corrected_interval(losses)
    if METRICS[metric].direction == "higher":
        low, high = -high, -low
    return ScoreDifference(_in_its_direction(float(losses.mean()), metric), (low, high))


def _in_its_direction(loss: float, metric: str) -> float:
    return -loss if METRICS[metric].direction == "higher" else loss
