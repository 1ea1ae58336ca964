"""The methods of training, each with only its own settings, and what each needs of a recipe.

A recipe file holds all settings of training in one flat section, `[train]`, whatever its method. Code that
trains takes one of these views instead, which lists only what the method has. The fields' names and meanings
are those of `TrainSettings`, where the defaults are.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from textune.recipe.settings import Recipe, TrainSettings

Schedule = Literal["constant", "linear", "cosine", "step", "exponential"]


@dataclass(frozen=True)
class GradientTraining:
    """The settings of every method."""

    seed: int
    num_train_epochs: int
    per_device_train_batch_size: int
    learning_rate: float
    lr_scheduler_type: Schedule
    lr_decay: float
    lr_step_epochs: int
    label_smoothing_factor: float
    class_weights: Literal["none", "balanced"]
    early_stopping_patience: int
    load_best_model_at_end: bool
    calibrate: bool

    @classmethod
    def of(cls, settings: TrainSettings) -> Self:
        """Return the settings that this method has, out of all."""
        return cls(**{field.name: getattr(settings, field.name) for field in fields(cls)})

    @staticmethod
    def check(recipe: Recipe) -> None:
        """Raise a `ValueError` that names the settings if the method cannot carry out a recipe."""


@dataclass(frozen=True)
class HeadTraining(GradientTraining):
    """Training of a head alone, on features of a frozen encoder, by torch."""

    optim: Literal["adam", "adamw", "lbfgs"]
    weight_decay: float | Literal["auto"]
    warmup_steps: int
    report_to: str

    @staticmethod
    def check(recipe: Recipe) -> None:
        """Raise a `ValueError` that names the settings if a head cannot be trained as the recipe says."""
        if recipe.train.optim == "lbfgs" and recipe.model.head != "linear":
            raise ValueError("train.optim = 'lbfgs' needs model.head = 'linear': a stock head is not convex")
        if recipe.train.members > 1:
            raise ValueError("train.members needs layers to train: set model.frozen_layers to 0 or more")


@dataclass(frozen=True)
class EncoderTraining(GradientTraining):
    """Training of an encoder's layers together with the head."""

    optim: Literal["adam", "adamw"]
    weight_decay: float
    warmup_steps: int
    report_to: str
    gradient_accumulation_steps: int
    layerwise_lr_decay: float
    max_grad_norm: float
    rdrop: float
    ema_decay: float
    members: int
    use_validation: bool
    save_steps: int

    @staticmethod
    def check(recipe: Recipe) -> None:
        """Raise a `ValueError` that names the settings if layers cannot be trained as the recipe says."""
        if recipe.train.optim == "lbfgs":
            raise ValueError(
                "train.optim = 'lbfgs' needs model.frozen_layers = 'all': layers are trained in batches"
            )
        if recipe.train.per_device_train_batch_size == 0:
            raise ValueError("train.per_device_train_batch_size = 0 needs model.frozen_layers = 'all'")


@dataclass(frozen=True)
class KerasTraining(GradientTraining):
    """Training of a head alone, by Keras."""

    optim: Literal["adam", "adamw"]
    weight_decay: float
    keras_input: Literal["tokens", "features"]

    @staticmethod
    def check(recipe: Recipe) -> None:
        """Raise a `ValueError` that names all settings that Keras cannot carry out."""
        model, train = recipe.model, recipe.train
        needs = {
            "model.frozen_layers = 'all'": model.frozen_layers == "all",
            "model.head = 'stock'": model.head == "stock",
            "model.precision = 'fp32' or 'auto'": model.precision in ("fp32", "auto"),
            "prepare.padding = 'longest_in_set' or 'max_length'": recipe.prepare.padding != "longest",
            "train.optim = 'adam' or 'adamw'": train.optim != "lbfgs",
            "train.weight_decay = 0 unless train.optim = 'adamw'": train.optim == "adamw"
            or train.weight_decay == 0,
            "train.lr_scheduler_type = 'constant', 'step' or 'exponential', which change by epoch": (
                train.lr_scheduler_type in ("constant", "step", "exponential")
            ),
            "train.warmup_steps = 0": train.warmup_steps == 0,
            "train.gradient_accumulation_steps = 1": train.gradient_accumulation_steps == 1,
            "train.members = 1": train.members == 1,
            "train.report_to = 'none'": train.report_to == "none",
        }
        if unmet := [need for need, is_met in needs.items() if not is_met]:
            raise ValueError("train.engine = 'keras' needs " + "; ".join(unmet))


Training = HeadTraining | EncoderTraining | KerasTraining
