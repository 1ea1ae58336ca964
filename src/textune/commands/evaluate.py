"""`textune evaluate`: measure a run's classifier on labelled texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textune.commands.measuring_other import measure_other
from textune.context import Context, Observer
from textune.data.dataset import SPLITS
from textune.encoder.truncation import describe_truncation
from textune.errors import RequestError
from textune.evaluation.document import MetricsDocument
from textune.evaluation.evaluating import describe_abstention
from textune.evaluation.metrics import interval_methods
from textune.evaluation.split_metrics import measure_rows
from textune.model.threshold import read_abstention, read_thresholds_of
from textune.run.layout import open_run
from textune.run.origin import origin_of_complete
from textune.run.provenance import encoding_of, load_rows
from textune.run.replacing import choose_abstention, store_abstention
from textune.run.stored_recipe import run_recipe


def evaluate(
    run: str | Path,
    *,
    data: Any = None,
    split: str = "test",
    settings: Sequence[str] = (),
    min_precision: float | None = None,
    offline: bool = False,
    observer: Observer | None = None,
) -> dict[str, Any]:
    """Measure a run's classifier on one split, and change its threshold if `min_precision` is given.

    Args:
        run: A finished run's folder.
        data: Other texts with the run's labels, as `textune.train` takes them; by default the run's own. All
            rows of a source without splits are measured.
        split: "train", "validation" or "test".
        settings: How to read `data`: overrides `data.key=value` of the run's own settings.
        min_precision: The share of labels that must be right. From now on, the run labels only texts at or
            above the confidence that its validation rows require for this; 0 labels all texts again. None
            keeps the threshold.
        offline: Make no network connection.
        observer: Receives progress and notes.

    Returns:
        The document of `metrics.json` with this split, `abstention` if the run has a threshold, and `other`
        if it tells texts apart that belong to none of the classes. On the run's own data the metrics are
        those of the training, except that rows of train and validation with too many words count as well.

    Raises:
        RequestError: The run, the source or the split is wrong, or the precision cannot be reached.
    """
    ctx = Context(observer, offline)
    options: dict[str, Any] = {"split": split, "settings": list(settings), "min_precision": min_precision}
    return evaluate_run(run, ctx, data=data, **options).to_json()


def evaluate_run(
    run: str | Path, ctx: Context, *, data: Any, split: str, settings: list[str], min_precision: float | None
) -> MetricsDocument:
    """Return what `evaluate` measures, as a type."""
    if split not in SPLITS:
        raise RequestError(f"There is no split '{split}'.", f"The splits are {', '.join(SPLITS)}.")
    finished = open_run(Path(run).expanduser())
    recipe, origin = run_recipe(finished), origin_of_complete(finished)
    abstention = read_abstention(finished.model)
    if min_precision is not None:
        abstention = choose_abstention(finished, min_precision)
    with ctx.clock.stage("load"):
        ctx.stage("Loading the classifier")
        from textune.model.storage import load_classifier

        classifier = load_classifier(finished.model)
        ctx.stage("Loading the data")
        measured = load_rows(
            data, finished, recipe, origin, split=split, settings=settings, classifier=classifier, ctx=ctx
        )
    with ctx.clock.stage("prepare"):
        rows = measured.rows
        tokenized = classifier.tokenize(rows.texts)
        truncated = int(tokenized.truncated.sum())
    with ctx.clock.stage("features"):
        ctx.stage(f"Encoding {split}")
        described = f"{origin.model.name} · {measured.source} · {split}"
        encode = encoding_of(finished, recipe, origin, classifier, description=described, ctx=ctx)
        features = encode(tokenized.rows)
    with ctx.clock.stage("evaluate"):
        scored = classifier.probabilities(features), rows.labels
        metrics = measure_rows(
            *scored,
            label_names=classifier.label_names,
            thresholds=read_thresholds_of(finished.model, classifier.kind, classifier.label_names),
            bootstrap_samples=recipe.evaluate.bootstrap_samples,
        ).with_truncated(truncated)
        other = measure_other(finished, measured, classifier, features, encode, split=split, ctx=ctx)
    if missing := metrics.classes_without_rows:
        ctx.note(f"No row of {split} has {missing}: macro-F1 is the mean over the other labels.")
    if truncated:
        ctx.note(describe_truncation(truncated, len(rows), of=split, **classifier.limits))
    parts: dict[str, Any] = {} if other is None else {"other": other}
    if abstention is not None:
        parts["abstention"] = describe_abstention(abstention, {split: scored})
    if min_precision is not None:
        store_abstention(finished, abstention)
    return MetricsDocument(
        run=str(run),
        recipe=origin.recipe.name,
        model=origin.model.name,
        source=measured.source,
        metrics={split: metrics},
        interval_methods=interval_methods(classifier.kind.problem_type),
        **parts,
        seconds=ctx.clock.seconds(),
    )
