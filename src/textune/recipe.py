"""The recipe: every setting of a training, its default, and what it means.

In: a recipe's name or file, and settings that override it. Out: a checked `Recipe`, or one
`RecipeError` that lists all faults. Defaults stand here and nowhere else; each field's docstring is
its documentation wherever it is shown. Does not know how the settings are carried out.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from textune.errors import RecipeError


class Section(BaseModel):
    """A part of a recipe: unknown settings are refused, values do not change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, strict=True, allow_inf_nan=False
    )


class DataSettings(Section):
    """Where the labelled texts come from, and how missing splits are made."""

    source: str = ""
    """A Hub name with an optional configuration, a folder, a file, or `sample:emotion`."""
    text_column: str = ""
    """The column that holds the text; empty: found by its name."""
    label_column: str = ""
    """The column that holds the label; empty: found by its name."""
    validation_fraction: float = Field(default=0.1, gt=0, lt=0.5)
    """The share of the training rows that becomes the validation split where the source has none."""
    test_fraction: float = Field(default=0.2, gt=0, lt=0.5)
    """The share of the training rows that becomes the test split where the source has none."""
    split_seed: int = Field(default=0, ge=0)
    """Decides which rows the made splits get; apart from `train.seed`, so that seeds share their splits."""


class PrepareSettings(Section):
    """What happens to the texts before the encoder sees them."""

    max_words: int = Field(default=0, ge=0)
    """Rows of more words than this are dropped; 0 keeps all. Test figures are given on all rows first."""
    padding: Literal["longest", "longest_in_set", "max_length"] = "longest"
    """Padding: `longest` (per batch), `longest_in_set` (one length) or `max_length`; changes no result."""
    max_length: int = Field(default=0, ge=0)
    """Tokens after which a text is truncated; 0: the model's own limit."""

    @model_validator(mode="after")
    def _length_is_given(self) -> PrepareSettings:
        if self.padding == "max_length" and not self.max_length:
            raise ValueError(
                "padding = 'max_length' needs prepare.max_length, the number of tokens to pad to"
            )
        return self


class ModelSettings(Section):
    """The pretrained encoder, what is frozen of it, and the head on top."""

    name: str = Field(default="distilbert/distilbert-base-uncased", min_length=1)
    """A Hub name, a local folder, or `embedded:minilm`."""
    revision: str = "main"
    """The branch, tag or commit of a Hub model."""
    frozen_layers: Literal["all"] = "all"
    """Which of the encoder's layers keep their pretrained weights."""
    head: Literal["stock", "linear"] = "stock"
    """`stock`: the head that the architecture has in transformers; `linear`: one layer on pooled features."""
    pooling: Literal["auto", "cls", "mean"] = "auto"
    """How a text's token vectors become one vector; `auto`: what the stock head reads, else the mean."""
    layers: list[int] = Field(default=[-1], min_length=1)
    """The encoder layers whose pooled vectors are concatenated for a linear head; -1 is the last."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """The dropout rate of a stock head during training."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """The encoder's arithmetic; `auto`: bf16 where the processor or GPU computes in it, else fp32."""

    @model_validator(mode="after")
    def _stock_head_reads_its_own_features(self) -> ModelSettings:
        if self.head == "stock" and (self.pooling != "auto" or self.layers != [-1]):
            raise ValueError("model.pooling and model.layers need head = 'linear': a stock head has its own")
        return self


class TrainSettings(Section):
    """How the head is trained. Names are those of transformers' `TrainingArguments` where it has them."""

    seed: int = Field(default=0, ge=0, lt=2**32)
    """Decides the new weights, the order of the batches and the dropout."""
    num_train_epochs: int = Field(default=15, ge=1)
    """The most passes over the training rows."""
    per_device_train_batch_size: int = Field(default=32, ge=0)
    """Rows a step; 0: all of them."""
    optim: Literal["adam", "adamw", "lbfgs"] = "adam"
    """The optimiser; `lbfgs` takes full batches and suits a linear head, whose loss is convex."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """The initial learning rate."""
    lr_scheduler_type: Literal["constant", "linear", "cosine", "step", "exponential"] = "constant"
    """How the learning rate falls: `linear` and `cosine` by step, `step` and `exponential` by epoch."""
    lr_decay: float = Field(default=0.9, gt=0, le=1)
    """The factor of `exponential` (every epoch) and `step` (every `lr_step_epochs`)."""
    lr_step_epochs: int = Field(default=5, ge=1)
    """Epochs between two falls of the `step` schedule."""
    warmup_steps: int = Field(default=0, ge=0)
    """Steps over which the learning rate first rises from zero."""
    weight_decay: float | Literal["auto"] = 0.0
    """Weight decay (`adamw`) or L2 penalty (`adam`, `lbfgs`); `auto`: several are tried on validation."""
    label_smoothing_factor: float = Field(default=0.0, ge=0, lt=1)
    """The share of the target that is spread evenly over all classes."""
    class_weights: Literal["none", "balanced"] = "none"
    """`balanced`: errors on a class weigh in inverse proportion to its number of rows."""
    early_stopping_patience: int = Field(default=0, ge=0)
    """Epochs without a better validation log loss after which training stops; 0: never."""
    load_best_model_at_end: bool = True
    """Keep the weights of the epoch with the best validation log loss rather than the last."""
    calibrate: bool = True
    """Fit a temperature on the validation split and fold it into the last layer's weights."""

    @model_validator(mode="after")
    def _settings_fit_together(self) -> TrainSettings:
        if isinstance(self.weight_decay, float) and self.weight_decay < 0:
            raise ValueError("weight_decay must be 0 or more, or 'auto'")
        if self.weight_decay == "auto" and self.optim != "lbfgs":
            raise ValueError("weight_decay = 'auto' needs optim = 'lbfgs'")
        if self.optim == "lbfgs" and self.per_device_train_batch_size:
            raise ValueError("optim = 'lbfgs' needs per_device_train_batch_size = 0 (full batches)")
        return self


class EvaluateSettings(Section):
    """What the result is compared with, and how its doubt is measured."""

    baselines: bool = True
    """Measure the majority class and TF-IDF + logistic regression on the same rows."""
    bootstrap_samples: int = Field(default=2000, ge=100)
    """Resamples behind each 95 % interval."""


class Recipe(Section):
    """All settings of one training."""

    description: str = ""
    """What the recipe is for, in a sentence."""
    data: DataSettings = DataSettings()
    prepare: PrepareSettings = PrepareSettings()
    model: ModelSettings = ModelSettings()
    train: TrainSettings = TrainSettings()
    evaluate: EvaluateSettings = EvaluateSettings()

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Recipe:
        if self.train.optim == "lbfgs" and self.model.head != "linear":
            raise ValueError("train.optim = 'lbfgs' needs model.head = 'linear': a stock head is not convex")
        return self


def recipe_names() -> list[str]:
    """Return the names of the shipped recipes, sorted."""
    folder = resources.files("textune") / "recipes"
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


def recipe_text(name: str) -> str:
    """Return a shipped recipe, or a recipe file, as it was written, comments included.

    Raises:
        RecipeError: There is no recipe or file of that name, or it is not text.
    """
    path = Path(name)
    if name in recipe_names():
        return (resources.files("textune") / "recipes" / f"{name}.toml").read_text(encoding="utf-8")
    if path.suffix != ".toml" and not path.is_file():
        raise RecipeError(
            f"There is no recipe '{name}'.{_nearest(name, recipe_names())}",
            f"The recipes are {', '.join(recipe_names())}; a recipe of your own is given as a .toml file.",
        )
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(
            f"The recipe {path} cannot be read: {error}.", "Check its path and encoding."
        ) from error


def load_recipe(name: str, *, settings: Sequence[str] = ()) -> Recipe:
    """Read a recipe and override single settings.

    Args:
        name: A shipped recipe's name, or the path of a TOML file.
        settings: Overrides as `section.key=value`, later ones winning; values are read as TOML, and as
            plain text where they are not TOML.

    Raises:
        RecipeError: The recipe or an override is wrong; the message lists all faults.

    Example:
        >>> load_recipe("frozen", settings=["train.seed=3"]).train.seed
        3
    """
    try:
        values = tomllib.loads(recipe_text(name))
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"The recipe {name} is not valid TOML: {error}.", "Mend that line.") from error
    return check_recipe(values, origin=name, settings=settings)


def check_recipe(values: Mapping[str, Any], *, origin: str, settings: Sequence[str] = ()) -> Recipe:
    """Build a recipe from nested values and overrides (see `load_recipe`); `origin` names it in errors."""
    merged = {key: dict(value) if isinstance(value, Mapping) else value for key, value in values.items()}
    faults = [fault for setting in settings if (fault := _override(merged, setting))]
    try:
        recipe = Recipe.model_validate(merged)
    except ValidationError as error:
        # A setting of several types has a fault for each; the first says enough.
        by_setting = {tuple(fault["loc"][:2]) or fault["msg"]: fault for fault in reversed(error.errors())}
        faults += [_describe(fault) for fault in reversed(by_setting.values())]
    if faults:
        count = "one fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise RecipeError(
            f"The recipe {origin} has {count}:\n" + "\n".join(f"  - {fault}" for fault in faults),
            "`textune recipes --settings` lists all settings.",
        )
    return recipe


def dump_recipe(recipe: Recipe) -> str:
    """Return a recipe as TOML, every setting with its documentation as a comment."""
    lines = [f"description = {_toml(recipe.description)}"]
    for name, section in recipe:
        if isinstance(section, Section):
            lines += ["", f"[{name}]"]
            for key, field in type(section).model_fields.items():
                lines += [f"# {field.description}", f"{key} = {_toml(getattr(section, key))}"]
    return "\n".join(lines) + "\n"


def _override(values: dict[str, Any], setting: str) -> str:
    """Put one `section.key=value` into `values`; return what is wrong with it, or nothing."""
    key, equals, text = setting.partition("=")
    section, dot, name = key.strip().partition(".")
    if not (equals and dot and name):
        return f"'{setting}' is not of the form section.key=value, for instance train.seed=1"
    try:
        value = tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    part = values.setdefault(section, {})
    if not isinstance(part, dict):
        return f"{section} is not a section, so {key.strip()} cannot be set"
    part[name] = value
    return ""


def _describe(fault: Any) -> str:
    """Put one of pydantic's faults into a sentence that names the setting, the finding and the way out."""
    place = [str(part) for part in fault["loc"]]
    where, found = ".".join(place[:2]), fault["input"]
    if fault["type"] == "extra_forbidden":
        section = Recipe.model_fields[place[0]].default if len(place) > 1 else None
        known = type(section).model_fields if section is not None else Recipe.model_fields
        return f"{where} is not a setting.{_nearest(place[-1], list(known), prefix=place[:-1])}"
    if fault["type"] == "value_error":
        return str(fault["ctx"]["error"])
    message = fault["msg"][0].lower() + fault["msg"][1:]
    return f"{where} = {json.dumps(found, ensure_ascii=False, default=str)}: {message}"


def _nearest(name: str, known: Sequence[str], *, prefix: Sequence[str] = ()) -> str:
    matches = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean {'.'.join([*prefix, matches[0]])}?" if matches else ""


def _toml(value: Any) -> str:
    # JSON's strings, numbers, booleans and flat lists are TOML as they stand, but for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
