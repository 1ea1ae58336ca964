"""Methods of training: a recipe is of one of them, and its view holds that one's settings alone."""

from __future__ import annotations

from dataclasses import asdict, fields

import pytest

from textune.recipe.methods import EncoderTraining, HeadTraining, KerasTraining
from textune.recipe.recipes import load_recipe
from textune.recipe.settings import TrainSettings


@pytest.mark.parametrize(
    ("name", "settings", "method"),
    [
        ("frozen", [], HeadTraining),
        ("paper", [], HeadTraining),
        ("paper", ["train.engine=keras"], KerasTraining),
        ("full", [], EncoderTraining),
        ("full", ["model.frozen_layers=half"], EncoderTraining),
        ("best", [], EncoderTraining),
    ],
)
def test_a_recipe_is_of_one_method_and_keeps_its_values(name: str, settings: list[str], method: type) -> None:
    recipe = load_recipe(name, settings=settings)

    assert type(recipe.training) is method
    assert asdict(recipe.training).items() <= recipe.train.model_dump().items()


def test_a_head_has_no_settings_of_layers_and_keras_none_of_torch() -> None:
    head, encoder, keras = (
        {field.name for field in fields(method)} for method in (HeadTraining, EncoderTraining, KerasTraining)
    )

    assert head.isdisjoint({"members", "layerwise_lr_decay", "save_steps", "keras_input"})
    assert "keras_input" not in encoder
    assert keras.isdisjoint({"warmup_steps", "report_to", "gradient_accumulation_steps"})


def test_every_setting_of_training_belongs_to_a_method() -> None:
    methods = (HeadTraining, EncoderTraining, KerasTraining)

    known = {field.name for method in methods for field in fields(method)}

    # Which engine trains is what decides the method.
    assert known == set(TrainSettings.model_fields) - {"engine"}
