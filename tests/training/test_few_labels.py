"""Few labels: the recipe `few`, and who is told of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import textune
from observers import Notes
from small_data import small_rows

QUICK = ("evaluate.baselines=false", "evaluate.bootstrap_samples=100")


def write_rows(path: Path, rows: list[tuple[str, str]]) -> str:
    path.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows))
    return str(path)


def train(recipe: str, model: str, data: str, out: Path, *settings: str) -> tuple[textune.TrainResult, str]:
    """Train, and return the result and all notes."""
    observer = Notes()
    result = textune.train(
        recipe, model=model, data=data, out=out, settings=[*QUICK, *settings], observer=observer
    )
    return result, "\n".join(observer.notes)


def test_few_takes_enough_steps_however_few_the_rows_and_learns_from_all_of_them(
    tiny_distilbert: str, tmp_path: Path
) -> None:
    data = write_rows(tmp_path / "texts.jsonl", small_rows(40))

    result, notes = train("few", tiny_distilbert, data, tmp_path / "run")

    steps = textune.load_recipe("few").train.min_steps
    assert [entry["epoch"] for entry in result.history if entry["member"] == 2] == list(range(1, steps + 1))
    assert "Validation rows were trained on" in notes


def test_rows_that_give_steps_enough_get_no_more_epochs(tiny_distilbert: str, tmp_path: Path) -> None:
    data = write_rows(tmp_path / "texts.jsonl", small_rows(40))

    result, _ = train("few", tiny_distilbert, data, tmp_path / "run", "train.per_device_train_batch_size=2")

    assert result.history[-1]["epoch"] == textune.load_recipe("few").train.num_train_epochs


@pytest.mark.parametrize(("rows", "proposed"), [(40, True), (400, False)])
def test_few_is_proposed_where_classes_are_small(
    tiny_distilbert: str, tmp_path: Path, rows: int, proposed: bool
) -> None:
    data = write_rows(tmp_path / "texts.jsonl", small_rows(rows))

    _, notes = train("frozen", tiny_distilbert, data, tmp_path / "run")

    assert ("--recipe few" in notes) == proposed


def test_few_is_not_proposed_to_who_chose_it_without_its_steps_as_a_limit_of_minutes_does(
    tiny_distilbert: str, tmp_path: Path
) -> None:
    data = write_rows(tmp_path / "texts.jsonl", small_rows(40))

    _, notes = train(
        "few", tiny_distilbert, data, tmp_path / "run", "train.min_steps=0", "train.num_train_epochs=1"
    )

    assert "--recipe few" not in notes


def test_a_limit_of_minutes_counts_the_epochs_that_few_rows_add(tiny_distilbert: str, tmp_path: Path) -> None:
    data = write_rows(tmp_path / "texts.jsonl", small_rows(40))
    settings = (*QUICK, "train.min_steps=7", "train.num_train_epochs=2")

    result = textune.train(
        "few", model=tiny_distilbert, data=data, out=tmp_path / "run", settings=settings, max_minutes=1e6
    )

    assert result.history[-1]["epoch"] == 7
    assert textune.load_recipe(str(result.run / "recipe.toml")).train.num_train_epochs == 7
