"""tuning.json: what a search tried, what it chose, and why, in numbers and in sentences.

In: a search's result. Out: JSON values, and the chosen settings as a recipe without data.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from textune.evaluation.metrics import METRICS
from textune.recipe.recipes import dump_recipe
from textune.recipe.settings import DataSettings
from textune.tuning.folds import FOLDS_PER_REPEAT
from textune.tuning.search_job import PENALTY, SearchResult
from textune.tuning.search_space import candidates_as_json, value_of
from textune.tuning.trials import Trial, estimated_loss
from textune.wording import counted


def document_of(result: SearchResult) -> dict[str, Any]:
    """Return what tuning.json says."""
    choice, metric = result.choice, result.choice.metric
    return {
        "format": 1,
        "recipe": result.plan.name,
        "score": metric,
        "rows": result.rows,
        "folds": FOLDS_PER_REPEAT,
        "repeats": result.repeats,
        "stopped": result.stopped,
        "search": candidates_as_json(result.plan.space.candidates),
        "default": choice.default.number,
        "best": choice.best.number,
        "chosen": choice.chosen.number,
        "settings": {name: value_of(result.recipe, name) for name in result.plan.space.candidates},
        "gain": {"difference": choice.gain.difference, "ci95": list(choice.gain.ci95)},
        "over_majority": {
            "difference": choice.over_prior.difference,
            "ci95": list(choice.over_prior.ci95),
            "clear": choice.beats_majority,
        },
        "scores": {
            key: {
                "default": choice.default.mean(key),
                "best": choice.best.mean(key),
                "nested": choice.nested[key],
                "optimism": choice.optimism(key),
            }
            for key in choice.nested
        },
        "importance": dict(result.importance),
        "sentences": sentences_of(result),
        "trials": [_trial(trial, result) for trial in result.trials],
    }


def tuned_recipe(result: SearchResult) -> str:
    """Return the chosen recipe as TOML, without its data: `textune train --recipe` takes it."""
    name = result.plan.name
    description = f"{name}, as textune tune left it: {sentences_of(result)[1]}"
    recipe = result.recipe.model_copy(update={"data": DataSettings(), "description": description})
    return dump_recipe(recipe)


def sentences_of(result: SearchResult) -> list[str]:
    """Return what a search found: how much it tried, what it chose, the optimism, and the majority class."""
    choice, metric = result.choice, METRICS[result.choice.metric]
    outcomes = Counter(trial.outcome for trial in result.trials)
    rows = f"{result.rows:,} rows" + (f" of {result.total_rows:,}" if result.rows < result.total_rows else "")
    tried = (
        f"{counted(len(result.trials), 'configuration')} tried on {FOLDS_PER_REPEAT} folds of {rows}"
        f"{f', {result.repeats} times' if result.repeats > 1 else ''}: "
        f"{outcomes['complete']} on all folds, and {outcomes['dropped']} dropped as clearly worse."
    )
    if outcomes["failed"]:
        tried += f" {outcomes['failed']} could not be carried out: their settings do not fit together."
    if result.stopped:
        tried += " The search was stopped by hand."
    low, high = (metric.number(end, sign=True) for end in choice.gain.ci95)
    unit = "points" if metric.unit == "%" else metric.unit
    interval = f"95 % interval {low} to {high} {unit} of {metric.title}"
    if choice.leaves_default:
        chosen = f"Trial {choice.best.number + 1} is clearly better than the default ({interval})."
        penalty = result.recipe.train.weight_decay
        if penalty != choice.best.values.get(PENALTY, penalty):
            chosen += f" Its penalty is {penalty:.3g} for all rows, as more rows need less of it."
    else:
        chosen = f"No trial is clearly better than the default, so the default stays ({interval})."
    optimism = ", ".join(
        f"{METRICS[key].number(choice.optimism(key), sign=True)}"
        f"{' points' if METRICS[key].unit == '%' else ''} of {METRICS[key].title}"
        for key in choice.nested
    )
    sentences = [
        tried,
        chosen,
        f"Optimism (the best trial's cross-validated score against the nested one): {optimism}.",
    ]
    if not choice.beats_majority:
        sentences.append(
            "Nothing that was tried clearly beats the majority class. The labels may have nothing to do with "
            "the texts."
        )
    return sentences


def _trial(trial: Trial, result: SearchResult) -> dict[str, Any]:
    metric = result.choice.metric
    facts = {"number": trial.number, "outcome": trial.outcome, "values": dict(trial.values)}
    if trial.outcome == "failed":
        return facts
    loss = estimated_loss(trial, result.choice.best, metric)
    return {
        **facts,
        "folds": len(trial.losses(metric)),
        "score": -loss if METRICS[metric].direction == "higher" else loss,
        **{key: trial.mean(key) for key in trial.folds},
        **({"probe": dict(trial.probe)} if trial.probe else {}),
        "seconds": trial.seconds,
    }
