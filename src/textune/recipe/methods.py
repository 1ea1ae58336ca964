"""The methods of training, each with only its own settings.

A recipe file holds all settings of training in one flat section, `[train]`, whatever its method. Code that
trains takes one of these views instead, which lists only what the method has. The fields' names and meanings
are those of `TrainSettings`, where the defaults are.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar, Literal, Self

from pydantic import BaseModel

Schedule = Literal["constant", "linear", "cosine", "step", "exponential"]
HeadStart = Literal["auto", "fitted", "label_names", "random"]


@dataclass(frozen=True)
class GradientTraining:
    """The settings of every method; `only_precision` is the encoder's arithmetic where there is no choice."""

    only_precision: ClassVar[Literal["", "fp32"]] = ""
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
    def of(cls, settings: BaseModel) -> Self:
        """Return the settings that this method has, out of all in a `TrainSettings`."""
        return cls(**{field.name: getattr(settings, field.name) for field in fields(cls)})


@dataclass(frozen=True)
class HeadTraining(GradientTraining):
    """Training of a head alone, on features of a frozen encoder, by torch."""

    optim: Literal["adam", "adamw", "lbfgs"]
    weight_decay: float | Literal["auto"]
    use_validation: bool
    head_start: HeadStart
    warmup_steps: int
    report_to: str


@dataclass(frozen=True)
class EncoderTraining(GradientTraining):
    """Training of an encoder's layers together with the head."""

    optim: Literal["adam", "adamw"]
    weight_decay: float
    warmup_steps: int
    report_to: str
    min_steps: int
    gradient_accumulation_steps: int
    layerwise_lr_decay: float
    max_grad_norm: float
    rdrop: float
    ema_decay: float
    members: int
    use_validation: bool
    head_start: HeadStart
    save_steps: int


@dataclass(frozen=True)
class KerasTraining(GradientTraining):
    """Training of a head alone, by Keras."""

    only_precision = "fp32"
    optim: Literal["adam", "adamw"]
    weight_decay: float
    keras_input: Literal["tokens", "features"]


Training = HeadTraining | EncoderTraining | KerasTraining
