"""`textune compare`: two runs, or a run and its best baseline, on the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.commands.measuring_other import compare_other
from textune.context import Context, Observer
from textune.data.dataset import SPLITS
from textune.errors import RequestError, RunError
from textune.run.layout import Run, open_run
from textune.run.predictions import match_rows, read_predictions
from textune.run.stored_recipe import run_recipe

if TYPE_CHECKING:
    from textune.evaluation.comparison import Comparison, Difference


@dataclass(frozen=True)
class RunComparison:
    """How a run compares with another run, or with its best baseline, on the rows of one split.

    `second` is the second run or the baseline's key; `shown_second` is its name in sentences. The sentence
    says which one is better, by how much, and how certain that is. `other` compares how two runs tell the
    same texts outside their classes apart; it is empty if they do not.
    """

    first: str
    second: str
    split: str
    shown_second: str
    comparison: Comparison
    sentence: str
    other: Mapping[str, Difference] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        names = {"first": self.first, "second": self.second, "split": self.split}
        other = {key: {**asdict(value), "ci95": list(value.ci95)} for key, value in self.other.items()}
        found = {**names, **self.comparison.to_json(), "sentence": self.sentence}
        return {**found, "other": other} if other else found


def compare(
    first: str | Path,
    second: str | Path | None = None,
    *,
    split: str = "test",
    observer: Observer | None = None,
) -> RunComparison:
    """Compare the predictions that two runs stored for the same rows, with intervals and McNemar's test.

    Args:
        first: A finished run's folder.
        second: Another finished run's folder; by default, the first run's better baseline.
        split: "train", "validation" or "test"; baselines are measured on test only.
        observer: Receives progress and notes.

    Raises:
        RequestError: A run or the split is wrong, or the runs were measured on different rows.
    """
    from textune.evaluation.baselines import BASELINES
    from textune.evaluation.comparison import compare_label_sets, compare_probabilities, describe_comparison

    ctx = Context(observer)
    if split not in SPLITS:
        raise RequestError(f"There is no split '{split}'.", f"The splits are {', '.join(SPLITS)}.")
    run = open_run(Path(first).expanduser())
    if second is None:
        name = _baseline_of(run, split)
        shown, file = BASELINES[name].title, run.predictions / "baselines" / f"{name}.parquet"
    else:
        name = shown = str(second)
        file = open_run(Path(second).expanduser()).predictions / f"{split}.parquet"
    ctx.stage("Reading the predictions")
    predictions = read_predictions(run.predictions / f"{split}.parquet")
    others = match_rows(predictions, read_predictions(file), names=(str(first), shown), split=split)
    ctx.stage("Comparing")
    compare_scores = compare_probabilities if predictions.given is None else compare_label_sets
    comparison = compare_scores(
        predictions.scored,
        others.scored,
        predictions.labels,
        bootstrap_samples=run_recipe(run).evaluate.bootstrap_samples,
    )
    sentence = describe_comparison(comparison, str(first), shown)
    other = {} if second is None else compare_other(run, Run(file.parent.parent), split, ctx)
    return RunComparison(str(first), name, split, shown, comparison, sentence, other)


def _baseline_of(run: Run, split: str) -> str:
    from textune.evaluation.document import MetricsDocument, better_baseline

    if split != "test":
        raise RequestError(
            f"Baselines are measured on test, not on {split}.", "Name a second run, or remove --split."
        )
    baselines = MetricsDocument.read(run.metrics).baselines
    if not baselines:
        raise RunError(
            f"{run.path} has no baselines to compare with: its recipe switched them off.",
            "Name a second run.",
        )
    return better_baseline(baselines)
