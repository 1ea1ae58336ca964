"""Recipes: defaults, overrides, and mistakes that are all reported at once."""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest

from textune.errors import RecipeError
from textune.recipe.recipes import (
    Recipe,
    check_recipe,
    dump_recipe,
    load_recipe,
    reading_options,
    recipe_names,
    recipe_text,
)
from textune.recipe.settings import DataSettings

ATTENTION = ["prepare.long_texts=windows", "prepare.window_pooling=attention"]


def test_the_shipped_recipes_are_there() -> None:
    assert recipe_names() == ["best", "few", "frozen", "full", "paper"]


@pytest.mark.parametrize("name", recipe_names())
def test_a_shipped_recipe_is_valid_and_says_what_it_is_for(name: str) -> None:
    assert load_recipe(name).description


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_that_was_dumped_loads_as_the_same_recipe(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name, settings=["data.source=sample:emotion"])
    file = tmp_path / "recipe.toml"

    file.write_text(dump_recipe(recipe), encoding="utf-8")

    assert load_recipe(str(file)).model_dump() == recipe.model_dump()


def test_a_dumped_recipe_documents_every_setting() -> None:
    lines = dump_recipe(Recipe()).splitlines()
    settings = [number for number, line in enumerate(lines) if " = " in line and not line.startswith("#")]

    undocumented = [lines[number] for number in settings[1:] if not lines[number - 1].startswith("# ")]

    assert undocumented == []


def test_the_paper_recipe_holds_the_steps_that_the_study_states() -> None:
    recipe = load_recipe("paper")

    assert recipe.prepare.max_words == 36
    assert recipe.prepare.padding == "longest_in_set"
    assert recipe.model.name == "distilbert/distilbert-base-uncased"
    assert (recipe.model.frozen_layers, recipe.model.head) == ("all", "stock")
    assert (recipe.train.optim, recipe.train.lr_scheduler_type) == ("adam", "exponential")
    assert recipe.train.num_train_epochs == 15
    assert not recipe.train.calibrate


def test_the_paper_recipe_says_of_every_choice_whether_the_study_states_it() -> None:
    text = recipe_text("paper")

    assert text.count("Open:") >= 7
    assert text.count("Stated:") >= 6


def test_a_later_override_wins() -> None:
    recipe = load_recipe("frozen", settings=["train.seed=1", "train.seed=2"])

    assert recipe.train.seed == 2


def test_an_override_that_is_not_toml_is_read_as_text() -> None:
    recipe = load_recipe("frozen", settings=["data.source=tables/my file.csv"])

    assert recipe.data.source == "tables/my file.csv"


def test_three_mistakes_are_reported_at_once() -> None:
    settings = ["train.sed=1", "train.num_train_epochs=0", "model.pooling=median"]

    with pytest.raises(RecipeError) as caught:
        load_recipe("frozen", settings=settings)

    assert "3 faults" in caught.value.message
    assert "train.sed is not a setting. Did you mean train.seed?" in caught.value.message
    assert "train.num_train_epochs = 0" in caught.value.message
    assert 'model.pooling = "median"' in caught.value.message


def test_an_unknown_section_is_named_with_the_nearest_one() -> None:
    with pytest.raises(RecipeError, match="trian is not a setting. Did you mean train?"):
        load_recipe("frozen", settings=["trian.seed=1"])


def test_an_unknown_recipe_is_named_with_the_nearest_one() -> None:
    with pytest.raises(RecipeError, match="no recipe 'frozn'. Did you mean frozen?"):
        load_recipe("frozn")


def test_an_override_without_a_section_is_refused() -> None:
    with pytest.raises(RecipeError, match="'seed=1' is not of the form section.key=value"):
        load_recipe("frozen", settings=["seed=1"])


def test_an_override_of_something_that_is_not_a_section_is_refused() -> None:
    with pytest.raises(RecipeError, match="description is not a section"):
        load_recipe("frozen", settings=["description.text=x"])


def test_a_file_that_is_not_toml_is_named_with_the_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[train]\nseed = = 1\n", encoding="utf-8")

    with pytest.raises(RecipeError, match=r"mine.toml is not valid TOML.*line 2"):
        load_recipe(str(file))


def test_a_missing_recipe_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="nowhere.toml cannot be read"):
        load_recipe(str(tmp_path / "nowhere.toml"))


def test_a_recipe_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(RecipeError, match="mine.toml cannot be read"):
        load_recipe(str(file))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (["prepare.padding=max_length"], "needs prepare.max_length"),
        (["evaluate.other_share=0.3"], "evaluate.other_share needs evaluate.other"),
        (["model.head=stock", "model.pooling=cls"], "need head = 'linear'"),
        (["train.optim=adam"], "needs optim = 'lbfgs'"),
        (["train.per_device_train_batch_size=32"], "full batches"),
        (["model.head=stock", "model.pooling=auto", "model.layers=[-1]"], "not convex"),
        (["train.weight_decay=-0.1"], "0 or more"),
        (["prepare.window_pooling=max"], "window_pooling needs prepare.long_texts = 'windows'"),
        (
            [
                *ATTENTION,
                "train.optim=adam",
                "train.weight_decay=0.0",
                "train.per_device_train_batch_size=32",
            ],
            "'attention' needs model.head = 'linear'",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings: list[str], reason: str) -> None:
    with pytest.raises(RecipeError, match=reason):
        load_recipe("frozen", settings=settings)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (["model.frozen_layers=2", "model.freeze_embeddings=false"], "needs model.frozen_layers = 0"),
        (['model.frozen_layers="all"', "model.lora_rank=4"], "needs layers to train"),
        (
            ["model.frozen_layers=0", "model.lora_rank=4", "model.freeze_embeddings=false"],
            "leaves the embeddings as they are",
        ),
        (["train.per_device_train_batch_size=0"], "needs model.frozen_layers = 'all'"),
        (["train.optim=lbfgs", "train.per_device_train_batch_size=0", "model.head=linear"], "in batches"),
        (["train.weight_decay=auto"], "needs optim = 'lbfgs'"),
        (ATTENTION, "'attention' needs model.frozen_layers = 'all'"),
        (["train.members=2", 'model.frozen_layers="all"'], "members needs layers to train"),
        (["train.use_validation=true"], "needs train.members of 2 or more"),
        (
            ["train.use_validation=true", "train.members=2", "train.load_best_model_at_end=true"],
            "load_best_model_at_end = false",
        ),
        (
            ["train.use_validation=true", "train.members=2", "train.early_stopping_patience=1"],
            "needs early_stopping_patience = 0",
        ),
    ],
)
def test_settings_of_fine_tuning_that_contradict_each_other_are_refused(
    settings: list[str], reason: str
) -> None:
    with pytest.raises(RecipeError, match=reason):
        load_recipe("full", settings=settings)


@pytest.mark.parametrize(
    "setting",
    [
        "model.dropout=1.0",
        "model.frozen_layers=-1",
        "model.frozen_layers=some",
        "model.lora_alpha=0",
        "model.lora_rank=-1",
        "prepare.emoji=pictures",
        "train.ema_decay=1.0",
        "train.gradient_accumulation_steps=0",
        "train.label_smoothing_factor=1.0",
        "train.layerwise_lr_decay=0.0",
        "train.max_grad_norm=-1.0",
        "train.members=0",
        "train.rdrop=-0.5",
        "train.report_to=paper",
        "train.save_steps=-1",
    ],
)
def test_a_value_beyond_its_bounds_is_refused_by_the_settings_name(setting: str) -> None:
    with pytest.raises(RecipeError, match="one fault") as caught:
        load_recipe("full", settings=[setting])

    assert setting.partition("=")[0] in caught.value.message


@pytest.mark.parametrize(
    ("name", "trains"), [("frozen", False), ("paper", False), ("full", True), ("best", True), ("few", True)]
)
def test_a_recipe_says_whether_it_trains_the_encoder(name: str, trains: bool) -> None:
    assert load_recipe(name).trains_encoder is trains


@pytest.mark.parametrize(
    "settings",
    [
        ["model.frozen_layers=0", "model.freeze_embeddings=false"],
        ["model.lora_rank=8", "model.frozen_layers=1"],
        ["train.members=2", "train.use_validation=true"],
        ["train.optim=adam", "model.head=linear", "model.pooling=mean", "model.layers=[-1, 1]"],
    ],
)
def test_settings_of_fine_tuning_that_fit_together_are_accepted(settings: list[str]) -> None:
    assert load_recipe("full", settings=settings).trains_encoder


def test_the_paper_recipe_runs_on_keras_as_it_is() -> None:
    recipe = load_recipe("paper", settings=["train.engine=keras"])

    assert (recipe.train.engine, recipe.train.keras_input) == ("keras", "tokens")


@pytest.mark.parametrize(
    "setting",
    [
        "model.frozen_layers=2",
        "model.head=linear",
        "model.precision=bf16",
        "prepare.padding=longest",
        "prepare.long_texts=windows",
        "train.weight_decay=0.1",
        "train.lr_scheduler_type=cosine",
        "train.warmup_steps=5",
        "train.gradient_accumulation_steps=2",
        "train.report_to=tensorboard",
    ],
)
def test_what_keras_cannot_carry_out_is_refused_by_the_settings_name(setting: str) -> None:
    name = setting.partition("=")[0]

    with pytest.raises(RecipeError, match=rf"train.engine = 'keras' needs {name} = "):
        load_recipe("paper", settings=["train.engine=keras", setting])


def test_all_that_keras_cannot_carry_out_is_reported_at_once() -> None:
    with pytest.raises(RecipeError, match=r"needs model.head = 'stock'; .*optim = 'adam'"):
        load_recipe("frozen", settings=["train.engine=keras"])


def test_values_that_are_no_recipe_at_all_are_refused() -> None:
    with pytest.raises(RecipeError, match="train"):
        check_recipe(tomllib.loads("train = 3"), origin="mine")


@pytest.mark.parametrize(
    "settings",
    [
        {"separator": "\t"},
        {"separator": " "},
        {"label_separator": " / "},
        {"text_column": "2024-01-01"},
        {"text_column": "true"},
        {"text_column": '"Body"'},
        {"text_column": ["Title", "Body"]},
        {"text_column": "2", "header": False},
        {"label_names": ["joy, calm", "anger"]},
    ],
    ids=str,
)
def test_the_options_that_a_command_suggests_read_the_data_as_they_were(settings: dict[str, Any]) -> None:
    data = DataSettings(**settings)

    words = shlex.split(" ".join(reading_options(data)))

    assert set(words[::2]) == {"--set"}
    assert all(word.isprintable() for word in words)
    assert check_recipe({}, origin="custom", settings=words[1::2]).data == data
