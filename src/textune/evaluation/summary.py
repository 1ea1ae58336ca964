"""What trainings with several seeds amount to, as JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from textune.evaluation.document import BASELINE_NAMES, plain
from textune.recipe.recipes import load_recipe
from textune.run.layout import Run
from textune.run.predictions import read_predictions

_SPLITS = ("validation", "test")


def summarise(
    path: Path, runs: Sequence[Path], *, seeds: Sequence[int], documents: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return mean, spread and interval of every headline figure over several runs of one recipe.

    Args:
        path: The folder that holds the runs.
        runs: The run folders.
        seeds: Their seeds, in the same order.
        documents: Their `metrics.json`, in the same order.
    """
    losses = [document["metrics"]["validation"]["log_loss"] for document in documents]
    return {
        "run": str(path),
        **{key: documents[0][key] for key in ("recipe", "model", "source")},
        "seeds": list(seeds),
        "runs": [str(run) for run in runs],
        "best": str(runs[losses.index(min(losses))]),
        "metrics": {split: _spread([Run(run) for run in runs], split) for split in _SPLITS},
        **_beside(documents),
        "seconds": {"total": round(sum(document["seconds"]["total"] for document in documents), 3)},
    }


def _spread(runs: Sequence[Run], split: str) -> dict[str, Any]:
    from textune.evaluation.spread import measure_spread

    found = [read_predictions(run.predictions / f"{split}.parquet") for run in runs]
    spreads = measure_spread(
        [each.probabilities for each in found],
        found[0].labels,
        bootstrap_samples=load_recipe(str(runs[0].recipe)).evaluate.bootstrap_samples,
    )
    listed = {name: plain(asdict(spread)) for name, spread in spreads.items()}
    return {"examples": len(found[0].labels), **listed}


def _beside(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the baselines, which no seed changes, and with how many seeds fine-tuning paid."""
    if "verdict" not in documents[0]:
        return {}
    outcomes = [document["verdict"]["outcome"] for document in documents]
    counts = {outcome: outcomes.count(outcome) for outcome in ("better", "unclear", "same", "worse")}
    name = documents[0]["verdict"]["baseline"]
    neither = counts["unclear"] + counts["same"]
    sentence = (
        f"Fine-tuning paid with {counts['better']} of {len(outcomes)} seeds: beside {BASELINE_NAMES[name]}, "
        f"{counts['better']} are clearly better, {counts['worse']} clearly worse, and {neither} neither."
    )
    return {
        "baselines": documents[0]["baselines"],
        "verdict": {"baseline": name, **counts, "sentence": sentence},
    }
