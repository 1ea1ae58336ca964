"""The same training with several seeds: the mean of each metric, how far the seeds spread, and its interval.

In: the probabilities of each seed's classifier for the same rows, and the labels. Out: a `Spread` for every
metric. Does not know how the classifiers were trained.

Two things are left to chance: which texts are tested, and what the seed decides. The interval covers both, as
each resample draws rows with replacement, the same for all classifiers, and classifiers with replacement.
Draws of few classifiers vary too little, by (n - 1) / n; their distances from the mean are widened by that
(Rao & Wu 1988, https://doi.org/10.1080/01621459.1988.10478591).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from textune.evaluation.baselines import BASELINES
from textune.evaluation.document import MetricsDocument
from textune.evaluation.intervals import Interval
from textune.evaluation.metrics import METRICS, Classifiers, Labels, Values, resample_metrics


@dataclass(frozen=True)
class Spread:
    """One metric of several classifiers.

    Attributes:
        mean: The mean of their values.
        standard_deviation: How far they spread around it, with n - 1 in the denominator.
        ci95: 95 % bootstrap interval of the mean, over rows and seeds.
        values: The value of each classifier, in the order of the seeds.
    """

    mean: float
    standard_deviation: float
    ci95: Interval
    values: tuple[float, ...]


def measure_spread(
    classifiers: Classifiers, labels: Labels, *, bootstrap_samples: int = 2000, seed: int = 0
) -> dict[str, Spread]:
    """Measure the classifiers of several seeds on the same rows.

    Args:
        classifiers: Probabilities (rows, classes) of each classifier; two or more of them.
        labels: The true class ids, (rows,).
        bootstrap_samples: Resamples behind each interval.
        seed: The same seed gives the same intervals.

    Returns:
        The spread of every metric, by its key.
    """
    count = len(classifiers)
    resampled = resample_metrics(METRICS.values(), classifiers, labels, samples=bootstrap_samples, seed=seed)
    rng = np.random.default_rng(seed)
    # How much each classifier weighs in each resample, (samples, classifiers).
    weights = rng.multinomial(count, np.full(count, 1 / count), size=bootstrap_samples) / count
    spreads = {}
    for key, metric in METRICS.items():
        values = metric.measure(classifiers, labels)
        mean = float(np.mean(values))
        spreads[key] = Spread(
            mean=mean,
            standard_deviation=float(np.std(values, ddof=1)),
            ci95=metric.interval(mean, _mean_of_drawn(resampled[key], weights), classifiers, seed=seed),
            values=tuple(values),
        )
    return spreads


def _mean_of_drawn(values: Values, weights: Values) -> Values:
    """Return each resample's mean (samples,) over the classifiers that were drawn."""
    count = values.shape[1]
    mean = values.mean(axis=1)
    deviation = ((values - mean[:, None]) * weights).sum(axis=1)
    drawn: Values = mean + np.sqrt(count / (count - 1)) * deviation
    return drawn


def summarise_seeds(
    documents: Sequence[MetricsDocument],
    scored: Mapping[str, tuple[Classifiers, Labels]],
    *,
    path: str,
    runs: Sequence[str],
    seeds: Sequence[int],
    bootstrap_samples: int,
) -> dict[str, Any]:
    """Return what summary.json holds: the spread of every metric over several runs of one recipe.

    Args:
        documents: The runs' `metrics.json`.
        scored: The probabilities of each run, in the same order, and the labels, by split.
        path: The folder that holds the runs.
        runs: The run folders, in the same order.
        seeds: The runs' seeds, in the same order.
        bootstrap_samples: Resamples behind each interval.
    """
    first = documents[0]
    losses = [document.metrics["validation"].values["log_loss"] for document in documents]
    return {
        "run": path,
        "recipe": first.recipe,
        "model": first.model,
        "source": first.source,
        "seeds": list(seeds),
        "runs": list(runs),
        "best": runs[losses.index(min(losses))],
        "metrics": {
            split: {
                "examples": len(labels),
                **{
                    key: {**asdict(spread), "ci95": list(spread.ci95), "values": list(spread.values)}
                    for key, spread in measure_spread(
                        classifiers, labels, bootstrap_samples=bootstrap_samples
                    ).items()
                },
            }
            for split, (classifiers, labels) in scored.items()
        },
        **_verdicts(documents),
        "seconds": {"total": round(sum(document.seconds["total"] for document in documents), 3)},
    }


def _verdicts(documents: Sequence[MetricsDocument]) -> dict[str, Any]:
    """Return the baselines, which no seed changes, and with how many seeds fine-tuning paid."""
    verdicts = [document.verdict for document in documents if document.verdict is not None]
    if not verdicts:
        return {}
    outcomes = [verdict.outcome for verdict in verdicts]
    counts = {outcome: outcomes.count(outcome) for outcome in ("better", "unclear", "same", "worse")}
    name = verdicts[0].baseline
    neither = counts["unclear"] + counts["same"]
    sentence = (
        f"Fine-tuning paid with {counts['better']} of {len(outcomes)} seeds: beside {BASELINES[name].title}, "
        f"{counts['better']} are clearly better, {counts['worse']} clearly worse, and {neither} neither."
    )
    return {
        "baselines": {key: metrics.to_json() for key, metrics in documents[0].baselines.items()},
        "verdict": {"baseline": name, **counts, "sentence": sentence},
    }
