"""The evaluation of a training by its probabilities: splits, baselines, calibration, coverage, abstention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.context import Context
from textune.data.dataset import Dataset
from textune.encoder.tokenization import SplitReading
from textune.encoder.windows import WindowReading
from textune.evaluation.abstention import (
    Scored,
    choose_threshold,
    measure_answers,
    measure_coverage,
    most_precision,
)
from textune.evaluation.baselines import BASELINES, baseline_probabilities, describe_sample
from textune.evaluation.comparison import compare_probabilities, describe_verdict
from textune.evaluation.document import (
    AbstentionEffect,
    Calibration,
    CalibrationEffect,
    Measurements,
    Verdict,
    better_baseline,
)
from textune.evaluation.evaluating_labels import evaluate_label_splits
from textune.evaluation.evaluation import Evaluation
from textune.evaluation.long_texts import measure_long_texts
from textune.evaluation.metrics import interval_methods
from textune.evaluation.reliability import measure_reliability, undo_temperature
from textune.evaluation.split_metrics import SplitMetrics, measure
from textune.model.threshold import Abstention
from textune.recipe.settings import EvaluateSettings
from textune.tasks.label_kind import LogitCalibration


def evaluate_splits(
    dataset: Dataset,
    probabilities: Mapping[str, NDArray[np.float64]],
    *,
    settings: EvaluateSettings,
    calibration: LogitCalibration,
    truncated: Mapping[str, int],
    short_test: NDArray[np.bool_] | None = None,
    reading: Mapping[str, SplitReading] | None = None,
    windows: WindowReading | None = None,
    cut_probabilities: NDArray[np.float64] | None = None,
    ctx: Context,
) -> Evaluation:
    """Measure all splits, the filtered test rows, the baselines, calibration and coverage.

    The probabilities are (rows, classes) by split; `calibration` rescaled their logits. `truncated` counts
    the truncated texts by split. `short_test` (rows,) says which test rows pass the filter by words; it is
    None without a filter. For `reading`, `windows` and `cut_probabilities` see `measure_long_texts`.
    """
    long_texts = measure_long_texts(
        reading or {},
        windows=windows is not None,
        cut=cut_probabilities,
        read=probabilities["validation"],
        labels=dataset["validation"].labels,
        bootstrap_samples=settings.bootstrap_samples,
    )
    if dataset.is_multi_label:
        return evaluate_label_splits(
            dataset,
            probabilities,
            settings=settings,
            calibration=calibration,
            truncated=truncated,
            short_test=short_test,
            ctx=ctx,
        ).with_long_texts(long_texts)
    temperature = calibration.temperature
    samples = settings.bootstrap_samples
    scored = {split: (values, dataset[split].labels) for split, values in probabilities.items()}
    validation, test = scored["validation"], scored["test"]

    def measured(values: NDArray[Any], labels: NDArray[Any]) -> SplitMetrics:
        return measure(values, labels, label_names=dataset.label_names, bootstrap_samples=samples)

    def calibration_effect(values: NDArray[Any], labels: NDArray[Any]) -> CalibrationEffect:
        before = undo_temperature(values, temperature)
        return CalibrationEffect(
            before=measure_reliability(before, labels, bootstrap_samples=samples),
            after=measure_reliability(values, labels, bootstrap_samples=samples),
        )

    metrics = {split: measured(*rows).with_truncated(truncated[split]) for split, rows in scored.items()}
    parts: dict[str, Any] = {"metrics": metrics}
    if short_test is not None:
        parts["filtered"] = {"test": measured(*(values[short_test] for values in test))}
    baselines = {}
    if settings.baselines:
        train = dataset["train"]
        if sample := describe_sample(len(train)):
            ctx.note(sample)
        baselines = baseline_probabilities(
            train.texts, train.labels, dataset["test"].texts, classes=len(dataset.label_names)
        )
        parts["baselines"] = {key: measured(values, test[1]) for key, values in baselines.items()}
        key = better_baseline(parts["baselines"])
        comparison = compare_probabilities(test[0], baselines[key], test[1], bootstrap_samples=samples)
        sentence = describe_verdict(comparison, BASELINES[key].title)
        parts["verdict"] = Verdict(
            baseline=key,
            examples=comparison.examples,
            agreement=comparison.agreement,
            **comparison.differences,
            mcnemar=comparison.mcnemar,
            outcome=comparison.outcome,
            sentence=sentence,
        )
    parts["calibration"] = Calibration(
        temperature=temperature, validation=calibration_effect(*validation), test=calibration_effect(*test)
    )
    parts["coverage"] = measure_coverage(validation, test)
    parts["interval_methods"] = interval_methods()
    abstention = None
    if precision := settings.min_precision:
        abstention = Abstention(precision, choose_threshold(*validation, min_precision=precision))
        parts["abstention"] = describe_abstention(abstention, {"validation": validation, "test": test})
        if abstention.threshold is None:
            ctx.note(
                f"{cannot_reach(validation, precision)} The run labels no text until you set another "
                "precision: textune evaluate RUN --min-precision SHARE"
            )
    evaluation = Evaluation(Measurements(**parts), probabilities, baselines, abstention)
    return evaluation.with_long_texts(long_texts)


def describe_abstention(abstention: Abstention, scored: Mapping[str, Scored]) -> AbstentionEffect:
    """Return a threshold and its effect on the rows of some splits."""
    return AbstentionEffect(
        min_precision=abstention.min_precision,
        threshold=abstention.threshold,
        **{split: measure_answers(*rows, threshold=abstention.least_score) for split, rows in scored.items()},
    )


def cannot_reach(validation: Scored, min_precision: float) -> str:
    """Return a sentence: no threshold gives this precision, and the highest precision is another."""
    most = most_precision(*validation)
    return (
        f"The {len(validation[1]):,} validation rows show no threshold at which {min_precision:.1%} of the "
        f"labels are right; the maximum is {int(most * 1000) / 1000:.1%}."
    )
