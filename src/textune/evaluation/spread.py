"""The same training with several seeds: the mean of each metric, its spread over seeds, and its interval.

Two things are random: the test texts, and everything that the seed determines. The interval covers both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from textune.data.dataset import MULTI_LABEL, SINGLE_LABEL
from textune.evaluation.baselines import BASELINES
from textune.evaluation.document import MetricsDocument
from textune.evaluation.intervals import Interval
from textune.evaluation.metrics import METRICS, Classifiers, Labels, interval_methods, metrics_of


@dataclass(frozen=True)
class Spread:
    """A metric of several seeds' classifiers; `ci95` is the interval of the mean, over rows and seeds."""

    mean: float
    standard_deviation: float
    ci95: Interval
    values: tuple[float, ...]


def describe_headlines(values: Mapping[str, float]) -> str:
    """Return the headline metrics among values by key for a sentence."""
    shown = [metric for metric in METRICS.values() if metric.is_headline and metric.key in values]
    return ", ".join(f"{metric.title} {metric.write(values[metric.key])}" for metric in shown)


def measure_spread(
    classifiers: Classifiers,
    labels: Labels,
    *,
    problem_type: str = SINGLE_LABEL,
    bootstrap_samples: int = 2000,
) -> dict[str, Spread]:
    """Measure the classifiers of two or more seeds on the same rows; return each metric's spread by key.

    The classifiers' kind of label is `problem_type`.
    """
    spreads = {}
    for key, metric in metrics_of(problem_type).items():
        values = metric.measure(classifiers, labels)
        spreads[key] = Spread(
            mean=float(np.mean(values)),
            standard_deviation=float(np.std(values, ddof=1)),
            ci95=metric.interval(classifiers, labels, samples=bootstrap_samples, seed=0),
            values=tuple(values),
        )
    return spreads


def summarise_seeds(
    documents: Sequence[MetricsDocument],
    scored: Mapping[str, tuple[Classifiers, Labels]],
    *,
    path: str,
    runs: Sequence[str],
    seeds: Sequence[int],
    bootstrap_samples: int,
) -> dict[str, Any]:
    """Return the contents of summary.json; documents, classifiers, runs and seeds have the same order."""
    first = documents[0]
    problem_type = MULTI_LABEL if first.test.is_multi_label else SINGLE_LABEL
    losses = [document.metrics["validation"].values["log_loss"] for document in documents]
    return {
        "run": path,
        "recipe": first.recipe,
        "model": first.model,
        "source": first.source,
        "seeds": list(seeds),
        "runs": list(runs),
        "best": runs[losses.index(min(losses))],
        **({"pairs": True} if first.training is not None and first.training.pairs else {}),
        "metrics": {
            split: {
                "examples": len(labels),
                **{
                    key: {**asdict(spread), "ci95": list(spread.ci95), "values": list(spread.values)}
                    for key, spread in measure_spread(
                        classifiers, labels, problem_type=problem_type, bootstrap_samples=bootstrap_samples
                    ).items()
                },
            }
            for split, (classifiers, labels) in scored.items()
        },
        "interval_methods": interval_methods(problem_type),
        **_verdicts(documents),
        "seconds": {"total": round(sum(document.seconds["total"] for document in documents), 3)},
    }


def _verdicts(documents: Sequence[MetricsDocument]) -> dict[str, Any]:
    verdicts = [document.verdict for document in documents if document.verdict is not None]
    if not verdicts:
        return {}
    outcomes = [verdict.outcome for verdict in verdicts]
    counts = {outcome: outcomes.count(outcome) for outcome in ("better", "unclear", "same", "worse")}
    name = verdicts[0].baseline
    neither = counts["unclear"] + counts["same"]
    sentence = (
        f"Training paid off with {counts['better']} of {len(outcomes)} seeds: compared with "
        f"{BASELINES[name].title}, {counts['better']} are clearly better, {counts['worse']} clearly worse, "
        f"and {neither} neither."
    )
    return {
        "baselines": {key: metrics.to_json() for key, metrics in documents[0].baselines.items()},
        "verdict": {"baseline": name, **counts, "sentence": sentence},
    }
