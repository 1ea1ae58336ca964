"""A head that is trained alone, on the features of a frozen encoder: where it starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from safetensors.torch import load_file

import textune
from few_posts import few_posts
from observers import Notes
from small_data import small_rows
from textune.errors import RecipeError

MODEL = "embedded:minilm"
NAMES = {"joy": "joy", "sadness": "sadness", "anger": "anger"}
LEAD_AWAY = {"joy": "anger", "sadness": "joy", "anger": "sadness"}


class Trained(NamedTuple):
    """Test's metrics, the head's weights (classes, width), and what is noted on names."""

    test: dict[str, Any]
    weights: torch.Tensor
    notes: list[str]


Train = Callable[..., Trained]


def named_rows(names: dict[str, str], rows: int) -> dict[str, list[dict[str, str]]]:
    """Return splits of small texts whose labels have these names."""
    return {
        split: [{"text": text, "label": names[label]} for text, label in small_rows(count, seed=seed)]
        for seed, (split, count) in enumerate({"train": rows, "validation": 12, "test": 60}.items())
    }


@pytest.fixture
def train(tmp_path: Path) -> Train:
    def train_from(
        start: str,
        names: dict[str, str] = NAMES,
        *settings: str,
        rows: int = 24,
        model: str = MODEL,
        data: dict[str, Any] | None = None,
    ) -> Trained:
        notes = Notes()
        result = textune.train(
            "frozen",
            model=model,
            data=named_rows(names, rows) if data is None else data,
            out=tmp_path / f"{len(list(tmp_path.iterdir()))}",
            settings=[
                f"train.head_start={start}",
                "evaluate.baselines=false",
                "evaluate.bootstrap_samples=100",
                *settings,
            ],
            observer=notes,
        )
        weights = load_file(result.run / "model" / "head.safetensors")["output.weight"]
        on_names = [note for note in notes.notes if "names of the labels" in note]
        return Trained(result.document["metrics"]["test"], weights, on_names)

    return train_from


def test_names_of_labels_help_to_tell_new_texts_apart(train: Train) -> None:
    with_names, without = (train(start, data=few_posts(4)) for start in ("label_names", "fitted"))

    assert with_names.test["accuracy"] > without.test["accuracy"]
    assert with_names.test["log_loss"] < without.test["log_loss"] - 0.03
    assert "help to tell the texts apart" in with_names.notes[0] and not without.notes


def test_names_that_lead_away_change_nothing(train: Train) -> None:
    with_names, without = train("label_names", LEAD_AWAY), train("fitted", LEAD_AWAY)

    assert with_names.weights.equal(without.weights)
    assert "such as anger rather than 0" in with_names.notes[0]


def test_the_weaker_a_given_penalty_the_further_the_head_goes_from_the_names(train: Train) -> None:
    strong, middle, weak = (
        train("label_names", NAMES, f"train.weight_decay={penalty}").weights for penalty in ("1e4", 30, 0.1)
    )

    assert (middle - strong).norm() < (weak - strong).norm()


def test_a_hundred_rows_per_label_need_no_names(train: Train, tiny_distilbert: str) -> None:
    with_names, without = (
        train(start, rows=300, model=tiny_distilbert) for start in ("label_names", "fitted")
    )

    assert with_names.weights.equal(without.weights) and not with_names.notes


def test_names_are_not_read_where_a_text_has_several_labels(train: Train, tiny_distilbert: str) -> None:
    several = {
        split: [
            {**row, "label": [row["label"], "other"][: 1 + number % 2]} for number, row in enumerate(rows)
        ]
        for split, rows in named_rows(NAMES, 24).items()
    }

    assert not train("label_names", model=tiny_distilbert, data=several).notes


def test_a_head_alone_does_not_start_at_random(train: Train) -> None:
    with pytest.raises(RecipeError, match="needs layers to train"):
        train("random")
