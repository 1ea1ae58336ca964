"""The recipe's sections: every setting of a training, its default, and its meaning.

Defaults are here and nowhere else; each field's docstring is its documentation wherever it is shown. Does
not know how recipes are read, or how the settings are carried out.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from textune.recipe.methods import EncoderTraining, HeadStart, HeadTraining, KerasTraining, Training


class Section(BaseModel):
    """A part of a recipe: unknown settings are refused, values do not change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, strict=True, allow_inf_nan=False
    )


def _as_name(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_separator(value: object) -> object:
    if value in ("tab", "\\t"):
        return "\t"
    if isinstance(value, str) and (len(value) > 1 or value in ('"', "\r", "\n")):
        raise ValueError(f"data.separator = {value!r}: give one character, such as ; or |, or the word tab")
    return value


def _as_names(value: object) -> object:
    if not isinstance(value, list):
        return _as_name(value)
    names = [_as_name(name) for name in value]
    if not names or not all(isinstance(name, str) and name for name in names) or len({*names}) < len(names):
        raise ValueError(f'data.text_column = {value}: give different names, such as ["Title", "Body"]')
    return names[0] if len(names) == 1 else names


def _as_label_columns(value: object) -> object:
    given = value.split(",") if isinstance(value, str) and value else value or []
    names = [_as_name(name) for name in (given if isinstance(given, list) else [given])]
    names = [name.strip() if isinstance(name, str) else name for name in names]
    if not all(isinstance(name, str) and name for name in names) or len({*map(str, names)}) < len(names):
        raise ValueError(f"data.label_columns = {value}: give different names, such as joy,anger")
    return names


LabelKindSetting = Literal["auto", "single", "multi"]
LabelColumns = Annotated[list[str], BeforeValidator(_as_label_columns)]
ColumnName = Annotated[str, BeforeValidator(_as_name)]
ColumnNames = Annotated[str | list[str], BeforeValidator(_as_names)]
Separator = Annotated[str, BeforeValidator(_as_separator)]


class DataSettings(Section):
    """Where the labelled texts come from, and how missing splits are made."""

    source: str = ""
    """A Hub name with an optional configuration, a folder, a file, or `sample:emotion`."""
    text_column: ColumnNames = ""
    """The text's column, by name, or number without a header; several are joined; empty: detected."""
    text_pair_column: ColumnName = ""
    """The column of the second text, where pairs of texts are classified; it needs `text_column`."""
    text_separator: str = ""
    """What stands between joined texts; empty: the model's separator token, or a line break without one."""
    label_column: ColumnName = ""
    """The column that holds the label, like `text_column`."""
    label_columns: LabelColumns = []
    """Columns of zeros and ones, one per label, such as `joy,anger`; a blank cell: not known."""
    label_kind: LabelKindSetting = "auto"
    """Whether a text has one label (`single`) or any number (`multi`); `auto`: as the data show."""
    split_column: ColumnName = ""
    """The column that holds the split of each row; empty: detected; `none`: no column decides."""
    verdicts: Literal["auto", "none"] = "auto"
    """Whether columns such as `status` turn rows down, which are left out; `none`: no column does."""
    header: bool = True
    """Whether the first line of a delimited file names its columns; else they are called 1, 2 and so on."""
    separator: Separator = ""
    """The character, or `tab`, between the cells of a delimited file; empty: found by its first lines."""
    quoting: Literal["auto", "csv", "none"] = "auto"
    """What double quotes in delimited files mean: `csv`, they enclose cells; `none`, nothing special."""
    label_separator: str = Field(default="auto", min_length=1)
    """What divides several labels of a cell; `auto`: detected; `none`: a cell is one label as it stands."""
    label_names: str | list[str] = "auto"
    """The names of label ids from 0, or a file of them; `auto`: those of the source; `none`: no names."""
    blank_texts: Literal["auto", "drop", "refuse", "keep"] = "auto"
    """Rows without a text: `drop` leaves them out, `auto` up to 1 % of a split; `keep`: empty texts."""
    validation_fraction: float = Field(default=0.1, gt=0, lt=0.5)
    """The share of the training rows that becomes the validation split if the source has none."""
    test_fraction: float = Field(default=0.2, gt=0, lt=0.5)
    """The share of the training rows that becomes the test split if the source has none."""
    split_seed: int = Field(default=0, ge=0)
    """The seed of the splits that textune makes; unlike `train.seed`, so that all seeds share the splits."""

    @model_validator(mode="after")
    def _pair_has_two_columns(self) -> DataSettings:
        pair, texts = self.text_pair_column, self.text_column
        if pair and not texts:
            raise ValueError(
                f"data.text_pair_column = {pair!r} needs data.text_column, the column of the first text"
            )
        if pair and pair in ([texts] if isinstance(texts, str) else texts):
            raise ValueError(f"data.text_pair_column = {pair!r} is the column of the first text, too")
        return self

    @property
    def joins_columns(self) -> bool:
        """Whether the text is in several columns."""
        return not isinstance(self.text_column, str)

    @model_validator(mode="after")
    def _labels_are_in_one_place(self) -> DataSettings:
        if self.label_columns and self.label_column:
            raise ValueError(
                "give data.label_column or data.label_columns, not both: labels are in one place"
            )
        return self


class PrepareSettings(Section):
    """What happens to the texts before the encoder sees them."""

    max_words: int = Field(default=0, ge=0)
    """Rows with more words than this are dropped; 0 keeps all. Test is measured with all rows as well."""
    emoji: Literal["keep", "words"] = "keep"
    """`words`: the tokenizer reads an emoji as the words of its Unicode name; `keep`: as in pretraining."""
    padding: Literal["longest", "longest_in_set", "max_length"] = "longest"
    """How long Keras pads all texts: the `longest_in_set` or `max_length`; on torch this changes nothing."""
    max_length: int = Field(default=0, ge=0)
    """Maximum number of tokens per text or window; 0: the model's own limit."""
    long_texts: Literal["cut", "windows"] = "cut"
    """Texts longer than that: `cut` leaves out the rest, `windows` reads overlapping parts of the text."""
    window_overlap: int = Field(default=32, ge=0)
    """The minimum number of tokens that a window shares with the one before."""
    window_pooling: Literal["mean", "max", "attention"] = "mean"
    """How the vectors of a text's windows become one; `attention` learns which windows count."""
    max_windows: int = Field(default=0, ge=0)
    """Maximum number of windows per text; the rest is not read. 0: no maximum."""

    @model_validator(mode="after")
    def _settings_fit_together(self) -> PrepareSettings:
        if self.padding == "max_length" and not self.max_length:
            raise ValueError(
                "padding = 'max_length' needs prepare.max_length, the number of tokens to pad to"
            )
        of_windows = {"window_overlap", "window_pooling", "max_windows"}
        fields = type(self).model_fields
        changed = [name for name in fields if getattr(self, name) != fields[name].default]
        if self.long_texts == "cut" and (unused := of_windows.intersection(changed)):
            raise ValueError(f"prepare.{min(unused)} needs prepare.long_texts = 'windows'")
        return self


class ModelSettings(Section):
    """The pretrained encoder, its frozen layers, and the head on top."""

    name: str = Field(default="distilbert/distilbert-base-uncased", min_length=1)
    """A Hub name, a local folder, `embedded:minilm` or `embedded:mpnet`."""
    revision: str = "main"
    """The branch, tag or commit of a Hub model."""
    frozen_layers: Literal["all", "half"] | Annotated[int, Field(ge=0)] = "all"
    """How many of the encoder's layers, from the first, keep their pretrained weights; or `half` or `all`."""
    freeze_embeddings: bool = True
    """Whether the embeddings keep their pretrained weights; they always do if a layer is frozen."""
    lora_rank: int = Field(default=0, ge=0)
    """Rank of the low-rank updates (LoRA) that replace training of the layers' own weights; 0: no updates."""
    lora_alpha: int = Field(default=16, ge=1)
    """Low-rank updates are multiplied by this number, divided by their rank."""
    head: Literal["stock", "linear"] = "stock"
    """`stock`: the architecture's head in transformers; `linear`: one layer on pooled features."""
    pooling: Literal["auto", "cls", "mean"] = "auto"
    """How a text's token vectors become one vector; `auto`: as the stock head does, else the mean."""
    layers: list[int] = Field(default=[-1], min_length=1)
    """The encoder layers whose pooled vectors are concatenated for a linear head; -1 is the last."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """The head's dropout rate during training; a linear head on a frozen encoder has none."""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """The encoder's precision; `auto`: bf16 if the machine supports it, fp16 on other GPUs, else fp32."""

    @model_validator(mode="after")
    def _settings_fit_together(self) -> ModelSettings:
        if self.head == "stock" and (self.pooling != "auto" or self.layers != [-1]):
            raise ValueError("model.pooling and model.layers need head = 'linear': a stock head has its own")
        if not self.freeze_embeddings and self.frozen_layers != 0:
            raise ValueError("model.freeze_embeddings = false needs model.frozen_layers = 0")
        if self.lora_rank and self.frozen_layers == "all":
            raise ValueError("model.lora_rank needs layers to train: set model.frozen_layers to 0 or more")
        if self.lora_rank and not self.freeze_embeddings:
            raise ValueError(
                "model.lora_rank leaves the embeddings as they are: set model.freeze_embeddings = true"
            )
        return self


class TrainSettings(Section):
    """How the classifier is trained. Settings that transformers' `TrainingArguments` has keep its names."""

    engine: Literal["torch", "keras"] = "torch"
    """What trains the head: `torch`, or `keras` on TensorFlow as in the case study (extra `tensorflow`)."""
    keras_input: Literal["tokens", "features"] = "tokens"
    """What Keras trains on: `tokens`, through the encoder in every epoch; `features`, its cached output."""
    seed: int = Field(default=0, ge=0, lt=2**32)
    """The seed of the new weights, the order of the batches and the dropout."""
    num_train_epochs: int = Field(default=15, ge=1)
    """Maximum number of passes over the training rows."""
    min_steps: int = Field(default=0, ge=0)
    """An encoder is trained for at least so many steps: epochs are added where rows are few."""
    per_device_train_batch_size: int = Field(default=32, ge=0)
    """Rows per batch, in each process; 0: all rows."""
    gradient_accumulation_steps: int = Field(default=1, ge=1)
    """Batches per step; the result is that of one batch with all of their rows."""
    optim: Literal["adam", "adamw", "lbfgs"] = "adam"
    """The optimiser; `lbfgs` takes full batches and suits a linear head, whose loss is convex."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """The initial learning rate."""
    lr_scheduler_type: Literal["constant", "linear", "cosine", "step", "exponential"] = "constant"
    """How the learning rate falls: `linear` and `cosine` by step, `step` and `exponential` by epoch."""
    lr_decay: float = Field(default=0.9, gt=0, le=1)
    """The factor of `exponential` (every epoch) and `step` (every `lr_step_epochs`)."""
    lr_step_epochs: int = Field(default=5, ge=1)
    """Epochs between two steps of the `step` schedule."""
    warmup_steps: int = Field(default=0, ge=0)
    """Steps over which the learning rate first rises from zero."""
    layerwise_lr_decay: float = Field(default=1.0, gt=0, le=1)
    """Factor of the learning rate from each layer to the layer below it."""
    max_grad_norm: float = Field(default=1.0, ge=0)
    """Maximum gradient norm in an encoder's training; 0 disables clipping."""
    weight_decay: float | Literal["auto"] = 0.0
    """Weight decay (`adamw`) or L2 penalty (`adam`, `lbfgs`); `auto`: the best of several on validation."""
    label_smoothing_factor: float = Field(default=0.0, ge=0, lt=1)
    """The share of the target that is spread evenly over all classes."""
    rdrop: float = Field(default=0.0, ge=0)
    """Weight of two passes' agreement with different dropout (R-Drop), at twice the cost; 0: one pass."""
    ema_decay: float = Field(default=0.0, ge=0, lt=1)
    """Decay of a moving average of the weights, which is used in their place; 0: no average."""
    members: int = Field(default=1, ge=1, le=20)
    """Number of trainings of the encoder, with different seeds, whose weights are averaged (a model soup)."""
    use_validation: bool = False
    """Train on validation rows, too; each of them is left out by one member or head, calibrated on it."""
    head_start: HeadStart = "auto"
    """Where the head begins; `auto`: `fitted` under trained layers with over 20 classes or several labels."""
    class_weights: Literal["none", "balanced"] = "none"
    """`balanced`: each class is weighted in inverse proportion to its number of rows."""
    early_stopping_patience: int = Field(default=0, ge=0)
    """Training stops after so many epochs without a lower validation log loss; 0: never."""
    load_best_model_at_end: bool = True
    """Keep the weights of the epoch with the best validation log loss rather than the last."""
    calibrate: bool = True
    """Fit a temperature on the validation split and fold it into the last layer's weights."""
    save_steps: int = Field(default=0, ge=0)
    """Steps between two checkpoints when an encoder is trained; 0: one checkpoint per minute."""
    report_to: Literal["none", "tensorboard", "trackio", "mlflow", "wandb"] = "none"
    """The experiment tracker that gets the learning curve, through accelerate."""

    @model_validator(mode="after")
    def _settings_fit_together(self) -> TrainSettings:
        if isinstance(self.weight_decay, float) and self.weight_decay < 0:
            raise ValueError("weight_decay must be 0 or more, or 'auto'")
        if self.weight_decay == "auto" and self.optim != "lbfgs":
            raise ValueError("weight_decay = 'auto' needs optim = 'lbfgs'")
        if self.use_validation:
            needs = {
                "load_best_model_at_end = false": not self.load_best_model_at_end,
                "early_stopping_patience = 0": not self.early_stopping_patience,
                "a number as weight_decay": self.weight_decay != "auto",
            }
            if unmet := [need for need, is_met in needs.items() if not is_met]:
                raise ValueError(f"use_validation = true needs {', '.join(unmet)}")
        if self.optim == "lbfgs" and self.per_device_train_batch_size:
            raise ValueError("optim = 'lbfgs' needs per_device_train_batch_size = 0 (full batches)")
        return self


class EvaluateSettings(Section):
    """What the result is compared with, and how its uncertainty is measured."""

    baselines: bool = True
    """Measure the majority class and TF-IDF + logistic regression on the same rows."""
    bootstrap_samples: int = Field(default=2000, ge=100)
    """Number of bootstrap resamples for the 95 % intervals that need them: the calibration error's."""
    min_precision: float = Field(default=0.0, ge=0, lt=1)
    """Give a label only above a threshold at which this share of validation labels is right; 0: always."""
    other: ColumnName = ""
    """The label of texts that belong to no class, or a file of such texts: they get no label, but `other`."""
    other_share: float = Field(default=0.1, gt=0, lt=1)
    """The share of such texts among those to come, for which their threshold is chosen."""

    @model_validator(mode="after")
    def _settings_fit_together(self) -> EvaluateSettings:
        if self.other_share != type(self).model_fields["other_share"].default and not self.other:
            raise ValueError("evaluate.other_share needs evaluate.other, the label of such texts")
        return self


class Range(Section):
    """The numbers among which `textune tune` searches a setting."""

    low: float | int
    """The smallest value."""
    high: float | int
    """The largest value."""
    log: bool = False
    """Whether to search the logarithm, for settings whose size matters more than their value."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Range:
        if not self.low < self.high:
            raise ValueError(f"a range needs low < high, not low = {self.low} and high = {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"a range with log = true needs a low above 0, not {self.low}")
        return self

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return isinstance(self.low, int) and isinstance(self.high, int)


Candidates = Range | Annotated[list[Any], Field(min_length=2)]
"""What a setting is searched in: a range, or a list of values."""


class Recipe(Section):
    """All settings of one training."""

    description: str = ""
    """What the recipe is for, in a sentence."""
    data: DataSettings = DataSettings()
    prepare: PrepareSettings = PrepareSettings()
    model: ModelSettings = ModelSettings()
    train: TrainSettings = TrainSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    search: dict[str, Candidates] = Field(default={}, exclude=True)
    """What `textune tune` tries for settings, by `section.key`; no part of a training, and not in its run."""

    @model_validator(mode="after")
    def _its_method_can_carry_it_out(self) -> Recipe:
        _CHECKS[self.method](self)
        return self

    @property
    def trains_encoder(self) -> bool:
        """Whether layers of the encoder are trained, rather than the head alone."""
        return self.model.frozen_layers != "all"

    @property
    def training(self) -> Training:
        """The method of training that the recipe asks for, with only its own settings."""
        return self.method.of(self.train)

    @property
    def method(self) -> type[Training]:
        """The kind of training that the recipe asks for."""
        if self.train.engine == "keras":
            return KerasTraining
        return EncoderTraining if self.trains_encoder else HeadTraining


def _check_head(recipe: Recipe) -> None:
    if recipe.train.optim == "lbfgs" and recipe.model.head != "linear":
        raise ValueError("train.optim = 'lbfgs' needs model.head = 'linear': a stock head is not convex")
    if recipe.prepare.window_pooling == "attention" and (
        recipe.model.head != "linear" or recipe.train.per_device_train_batch_size
    ):
        raise ValueError(
            "prepare.window_pooling = 'attention' needs model.head = 'linear' and "
            "train.per_device_train_batch_size = 0; 'mean' and 'max' work with every head"
        )
    if recipe.prepare.window_pooling == "attention" and recipe.train.use_validation:
        raise ValueError("train.use_validation = true needs prepare.window_pooling = 'mean' or 'max'")
    if recipe.train.head_start == "random":
        raise ValueError(
            "train.head_start = 'random' needs layers to train, as a head alone starts from zero"
        )
    if recipe.train.members > 1:
        raise ValueError("train.members needs layers to train: set model.frozen_layers to 0 or more")


def _check_encoder(recipe: Recipe) -> None:
    if recipe.prepare.window_pooling == "attention":
        raise ValueError(
            "prepare.window_pooling = 'attention' needs model.frozen_layers = 'all'; 'mean' and 'max' work "
            "with trained layers"
        )
    if recipe.train.optim == "lbfgs":
        raise ValueError(
            "train.optim = 'lbfgs' needs model.frozen_layers = 'all': layers are trained in batches"
        )
    if recipe.train.use_validation and recipe.train.members == 1:
        raise ValueError(
            "train.use_validation = true needs train.members of 2 or more, or model.frozen_layers = 'all'"
        )
    if recipe.train.per_device_train_batch_size == 0:
        raise ValueError("train.per_device_train_batch_size = 0 needs model.frozen_layers = 'all'")


def _check_keras(recipe: Recipe) -> None:
    model, train = recipe.model, recipe.train
    needs = {
        "model.frozen_layers = 'all'": model.frozen_layers == "all",
        "model.head = 'stock'": model.head == "stock",
        "model.precision = 'fp32' or 'auto'": model.precision in ("fp32", "auto"),
        "prepare.long_texts = 'cut'": recipe.prepare.long_texts == "cut",
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
        "train.use_validation = false": not train.use_validation,
        "train.report_to = 'none'": train.report_to == "none",
    }
    if unmet := [need for need, is_met in needs.items() if not is_met]:
        raise ValueError("train.engine = 'keras' needs " + "; ".join(unmet))


_CHECKS = {HeadTraining: _check_head, EncoderTraining: _check_encoder, KerasTraining: _check_keras}
