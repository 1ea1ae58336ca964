"""The evaluation of a training whose texts can have several labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.context import Context
from textune.data.dataset import MULTI_LABEL, UNKNOWN, Dataset
from textune.evaluation.baselines import BASELINES, describe_sample
from textune.evaluation.comparison import compare_label_sets, describe_verdict, measure_differences
from textune.evaluation.document import (
    Calibration,
    CalibrationEffect,
    Measurements,
    ThresholdEffect,
    Verdict,
    better_baseline,
)
from textune.evaluation.evaluation import Evaluation
from textune.evaluation.label_baselines import label_baseline_probabilities
from textune.evaluation.label_scores import LabelScores
from textune.evaluation.label_thresholds import NEVER, LabelThresholds, choose_label_thresholds
from textune.evaluation.metrics import headline_metrics, interval_methods, metrics_of
from textune.evaluation.reliability import BINS, Reliability, ReliabilityBin
from textune.evaluation.split_metrics import SplitMetrics, measure_label_sets
from textune.recipe.settings import EvaluateSettings
from textune.tasks.label_kind import LogitCalibration
from textune.tasks.multi_label import MULTI, USUAL_THRESHOLD, decide
from textune.wording import listed


def evaluate_label_splits(
    dataset: Dataset,
    probabilities: Mapping[str, NDArray[np.float64]],
    *,
    settings: EvaluateSettings,
    calibration: LogitCalibration,
    truncated: Mapping[str, int],
    short_test: NDArray[np.bool_] | None = None,
    ctx: Context,
) -> Evaluation:
    """Choose thresholds on validation, and measure all splits, the baselines and the calibration.

    The probabilities are (rows, classes) by split; `calibration` rescaled their logits. Validation rows are
    measured with thresholds from other validation rows. For the other arguments see `evaluate_splits`.
    """
    samples, labels = settings.bootstrap_samples, {split: rows.labels for split, rows in dataset.items()}
    chosen = choose_label_thresholds(
        probabilities["validation"], labels["validation"], min_precision=settings.min_precision
    )
    if never := [
        name
        for name, threshold in zip(dataset.label_names, chosen.thresholds, strict=True)
        if threshold == NEVER
    ]:
        ctx.note(
            f"The validation rows show no threshold at which {settings.min_precision:.1%} of the texts that "
            f"get {listed(never, most=5)} have it: no text gets {'it' if len(never) == 1 else 'them'}."
        )
    scores = {split: _score(values, chosen) for split, values in probabilities.items()}
    scores["validation"] = LabelScores(probabilities["validation"], chosen.given)

    def measured(of: LabelScores, truth: NDArray[Any], by: LabelThresholds = chosen) -> SplitMetrics:
        return measure_label_sets(
            of, truth, label_names=dataset.label_names, thresholds=by.thresholds, bootstrap_samples=samples
        )

    test, truth = scores["test"], labels["test"]
    metrics = {
        split: measured(of, labels[split]).with_truncated(truncated[split]) for split, of in scores.items()
    }
    parts: dict[str, Any] = {"metrics": metrics}
    if short_test is not None:
        parts["filtered"] = {"test": measured(test[short_test], truth[short_test])}
    baselines: dict[str, LabelScores] = {}
    if settings.baselines:
        ctx.stage("Measuring the baselines")
        for key, (of, by) in _baselines(dataset, ctx).items():
            baselines[key] = of
            parts.setdefault("baselines", {})[key] = measured(of, truth, by)
        parts["verdict"] = _verdict(parts["baselines"], baselines, test, truth, samples=samples)
    parts["calibration"] = Calibration(
        temperature=1.0,
        **{
            split: _calibration_effect(probabilities[split], labels[split], calibration, samples=samples)
            for split in ("validation", "test")
        },
    )
    parts["thresholds"] = _threshold_effect(
        dataset.label_names, chosen, test, truth, samples=samples, min_precision=settings.min_precision
    )
    parts["interval_methods"] = interval_methods(MULTI_LABEL)
    return Evaluation(
        Measurements(**parts),
        probabilities,
        {key: of.probabilities for key, of in baselines.items()},
        thresholds=chosen.thresholds,
        given={name: of.given for name, of in {**scores, **baselines}.items()},
    )


def measure_label_reliability(
    probabilities: NDArray[np.float64], labels: NDArray[Any], *, bootstrap_samples: int = 2000, seed: int = 0
) -> Reliability:
    """Measure how reliable probabilities of labels (rows, classes) are, each label by itself.

    The error is the mean over labels. The bins hold the probabilities of all labels; their `accuracy` is the
    share of these labels that the texts have.
    """
    metric = metrics_of(MULTI_LABEL)["expected_calibration_error"]
    scores = [LabelScores(probabilities, np.zeros(probabilities.shape, dtype=bool))]
    known = labels != UNKNOWN
    values, has = probabilities[known], labels[known] == 1
    numbers = np.minimum((values * BINS).astype(np.int64), BINS - 1)
    return Reliability(
        expected_calibration_error=metric.measure(scores, labels)[0],
        expected_calibration_error_ci95=metric.interval(scores, labels, samples=bootstrap_samples, seed=seed),
        bins=tuple(
            ReliabilityBin(
                low=int(number) / BINS,
                high=(int(number) + 1) / BINS,
                examples=int((numbers == number).sum()),
                confidence=float(values[numbers == number].mean()),
                accuracy=float(has[numbers == number].mean()),
            )
            for number in np.unique(numbers)
        ),
    )


def _score(probabilities: NDArray[np.float64], by: LabelThresholds) -> LabelScores:
    return LabelScores(probabilities, decide(probabilities, by.thresholds))


def _baselines(dataset: Dataset, ctx: Context) -> dict[str, tuple[LabelScores, LabelThresholds]]:
    """Return the scores of test by each baseline, with thresholds chosen as the classifier's are."""
    train, validation, test = dataset["train"], dataset["validation"], dataset["test"]
    if sample := describe_sample(len(train)):
        ctx.note(sample)
    by_key = label_baseline_probabilities(
        train.texts,
        train.labels,
        [*validation.texts, *test.texts],
        on_progress=lambda done, total: ctx.advance(done, total, unit="labels"),
    )
    result = {}
    for key, values in by_key.items():
        by = choose_label_thresholds(values[: len(validation)], validation.labels)
        result[key] = _score(values[len(validation) :], by), by
    return result


def _verdict(
    measured: Mapping[str, SplitMetrics],
    baselines: Mapping[str, LabelScores],
    test: LabelScores,
    labels: NDArray[Any],
    *,
    samples: int,
) -> Verdict:
    key = better_baseline(measured)
    comparison = compare_label_sets(test, baselines[key], labels, bootstrap_samples=samples)
    return Verdict(
        baseline=key,
        examples=comparison.examples,
        agreement=comparison.agreement,
        **comparison.differences,
        mcnemar=comparison.mcnemar,
        outcome=comparison.outcome,
        sentence=describe_verdict(comparison, BASELINES[key].title),
    )


def _calibration_effect(
    probabilities: NDArray[np.float64], labels: NDArray[Any], calibration: LogitCalibration, *, samples: int
) -> CalibrationEffect:
    before = MULTI.probabilities(calibration.undo(MULTI.log_odds(probabilities)))
    return CalibrationEffect(
        before=measure_label_reliability(before, labels, bootstrap_samples=samples),
        after=measure_label_reliability(probabilities, labels, bootstrap_samples=samples),
    )


def _threshold_effect(
    names: tuple[str, ...],
    chosen: LabelThresholds,
    test: LabelScores,
    labels: NDArray[Any],
    *,
    samples: int,
    min_precision: float,
) -> ThresholdEffect:
    usual = LabelScores(test.probabilities, decide(test.probabilities, USUAL_THRESHOLD))
    metrics = [metric for metric in headline_metrics(MULTI_LABEL) if metric.key in ("macro_f1", "micro_f1")]
    return ThresholdEffect(
        values=dict(zip(names, chosen.thresholds.tolist(), strict=True)),
        common=chosen.common,
        shrinkage=chosen.shrinkage if np.isfinite(chosen.shrinkage) else None,
        **measure_differences(metrics, test, usual, labels, bootstrap_samples=samples),
        **({"min_precision": min_precision} if min_precision else {}),
    )
