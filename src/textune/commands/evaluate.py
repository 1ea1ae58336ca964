"""`textune evaluate`: measure a run's classifier on labelled texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textune.context import Context, Observer
from textune.data.dataset import SPLITS
from textune.encoder.features import encode_tokens
from textune.encoder.placement import choose_placement
from textune.encoder.truncation import describe_truncation
from textune.errors import RequestError
from textune.evaluation.document import MetricsDocument
from textune.evaluation.evaluating import describe_abstention
from textune.evaluation.metrics import interval_methods
from textune.evaluation.split_metrics import measure_rows
from textune.model.threshold import read_abstention, read_thresholds_of
from textune.recipe.recipes import load_recipe
from textune.run.layout import open_run
from textune.run.origin import origin_of_complete
from textune.run.provenance import encoder_hash, load_rows
from textune.run.replacing import choose_abstention, store_abstention


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
        The document of `metrics.json` with this split, and `abstention` if the run has a threshold. On the
        run's own data the metrics are those of the training, except that rows of train and validation with
        too many words count as well.

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
    recipe, origin = load_recipe(str(finished.recipe)), origin_of_complete(finished)
    abstention = read_abstention(finished.model)
    if min_precision is not None:
        abstention = choose_abstention(finished, min_precision)
    with ctx.clock.stage("load"):
        ctx.stage("Loading the classifier")
        from textune.model.storage import load_classifier

        classifier = load_classifier(finished.model)
        ctx.stage("Loading the data")
        names = classifier.label_names
        source, rows = load_rows(
            data, finished, recipe, origin, split=split, settings=settings, classifier=classifier, ctx=ctx
        )
    with ctx.clock.stage("prepare"):
        tokenized = classifier.tokenize(rows.texts)
        truncated = int(tokenized.truncated.sum())
    with ctx.clock.stage("features"):
        ctx.stage(f"Encoding {split}")
        features, _ = encode_tokens(
            classifier,
            tokenized.rows,
            weights_sha256=encoder_hash(finished, recipe, origin),
            # The arithmetic of the training's own metrics.
            placement=choose_placement(recipe.method.only_precision or recipe.model.precision),
            description=f"{origin.model.name} · {source} · {split}",
            ctx=ctx,
        )
    with ctx.clock.stage("evaluate"):
        scored = classifier.probabilities(features), rows.labels
        thresholds = read_thresholds_of(finished.model, classifier.kind, names)
        samples = recipe.evaluate.bootstrap_samples
        metrics = measure_rows(*scored, label_names=names, thresholds=thresholds, bootstrap_samples=samples)
        metrics = metrics.with_truncated(truncated)
    if missing := metrics.classes_without_rows:
        ctx.note(f"No row of {split} has {missing}: macro-F1 is the mean over the other labels.")
    if truncated:
        ctx.note(describe_truncation(truncated, len(rows), of=split, **classifier.limits))
    if min_precision is not None:
        store_abstention(finished, abstention)
    return MetricsDocument(
        run=str(run),
        recipe=origin.recipe.name,
        model=origin.model.name,
        source=source,
        metrics={split: metrics},
        interval_methods=interval_methods(classifier.kind.problem_type),
        **({} if abstention is None else {"abstention": describe_abstention(abstention, {split: scored})}),
        seconds=ctx.clock.seconds(),
    )
