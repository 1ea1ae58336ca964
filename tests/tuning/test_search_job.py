"""What a search ends with: the chosen recipe."""

from __future__ import annotations

from dataclasses import replace

import pytest

from textune.recipe.recipes import load_recipe
from textune.tuning.choice import choose_trial
from textune.tuning.plan import TuningPlan
from textune.tuning.search_job import SearchResult
from textune.tuning.search_space import SearchSpace
from textune.tuning.trials import Trial
from textune.tuning.tuning_document import sentences_of

SPACE = SearchSpace.of(load_recipe("frozen")).only(["train.weight_decay"])
SHARES = {"log_loss": [1.0 + fold / 100 for fold in range(15)]}


def trial(number: int, penalty: float | str, loss: float) -> Trial:
    folds = {"log_loss": [loss + fold / 1000 for fold in range(15)]}
    return Trial(number, {"train.weight_decay": penalty}, folds, "complete", 1.0)


def ended(*, rows: int, losses: tuple[float, float] = (0.6, 0.5)) -> SearchResult:
    """Return a search on some of 40,000 rows, in which a penalty of 0.2 was tried beside the default."""
    trials = [trial(0, "auto", losses[0]), trial(1, 0.2, losses[1])]
    return SearchResult(
        plan=TuningPlan("frozen", SPACE, "log_loss", trials=2, max_minutes=1),
        trials=trials,
        choice=choose_trial(trials, SHARES, metric="log_loss"),
        importance={},
        rows=rows,
        total_rows=40_000,
        repeats=3,
        stopped=False,
    )


def test_a_penalty_that_was_found_on_all_rows_is_kept() -> None:
    assert ended(rows=40_000).recipe.train.weight_decay == 0.2


def test_a_penalty_that_was_found_on_some_rows_is_weaker_for_all_of_them() -> None:
    result = ended(rows=10_000)

    assert result.recipe.train.weight_decay == pytest.approx(0.05)
    assert "Its penalty is 0.05 for all rows" in " ".join(sentences_of(result))


def test_a_penalty_that_was_not_searched_stays_as_the_recipe_has_it() -> None:
    recipe = load_recipe("frozen", settings=["train.weight_decay=0.2"])
    space = SearchSpace.of(recipe).only(["train.class_weights"])
    trials = [
        replace(trial(number, 0.2, loss), values={"train.class_weights": weights})
        for number, (weights, loss) in enumerate([("none", 0.6), ("balanced", 0.5)])
    ]
    plan = TuningPlan("frozen", space, "log_loss", trials=2, max_minutes=1)
    choice = choose_trial(trials, SHARES, metric="log_loss")

    result = replace(ended(rows=10_000), plan=plan, trials=trials, choice=choice)

    assert choice.leaves_default
    assert result.recipe.train.weight_decay == 0.2


def test_the_default_finds_its_penalty_itself() -> None:
    result = ended(rows=10_000, losses=(0.5, 0.6))

    assert result.recipe.train.weight_decay == "auto"
    assert "Its penalty" not in " ".join(sentences_of(result))
