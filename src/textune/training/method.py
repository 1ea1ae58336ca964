"""How a classifier is trained: the task of a method, the protocol of all methods, and their table.

In: a recipe. Out: its task; from the method, the trained classifier, a `Fit`, and the probabilities of every
split. A method is imported only when a recipe asks for it: nothing here knows the libraries that one needs.
"""

from __future__ import annotations

import json
import platform
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, ClassVar

from textune.context import Context
from textune.data.dataset import Dataset
from textune.data.in_memory import PythonData
from textune.data.sources import load_dataset
from textune.encoder.placement import Placement, choose_placement
from textune.files import sha256_of_text
from textune.formats.text_pairs import sides_of
from textune.recipe.methods import EncoderTraining, HeadTraining, KerasTraining, Training
from textune.recipe.settings import Recipe
from textune.run.origin import DataOrigin, MachineOrigin, ModelOrigin, Origin, PlacementOrigin, RecipeOrigin
from textune.tasks.label_kind import NO_CALIBRATION, LabelKind, LogitCalibration
from textune.tasks.registry import label_kind
from textune.training.processes import Processes

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from textune.encoder.loading import ModelFolder
    from textune.encoder.tokenization import TokenizedDataset
    from textune.model.classifier import EncoderClassifier
    from textune.run.layout import Run
    from textune.training.loop import FitEnd

METHODS: dict[type[Training], str] = {
    HeadTraining: "textune.training.head:HeadMethod",
    EncoderTraining: "textune.training.finetune:EncoderMethod",
    KerasTraining: "textune.keras.method:KerasMethod",
}
"""Where the method of each kind of settings is, as `module:class`."""


@dataclass(frozen=True)
class Request:
    """A training to carry out in the run folder `path`; 0 minutes: no time limit.

    `data` holds what the recipe's source names, if that is data in memory.
    """

    recipe: Recipe
    recipe_name: str
    path: Path
    max_minutes: float = 0.0
    learning_rate_factor: Callable[[int], float] | None = None
    data: PythonData | None = None


@dataclass(frozen=True)
class Task:
    """What is trained, and on what: the pretrained encoder under an untrained head.

    Attributes:
        data: The data as it was loaded.
        texts: The tokenized texts, without those that the recipe drops.
        weights: The folder of the pretrained model.
        versions: Versions of libraries that only the task's method needs.
        learning_rate_factor: A function of the epoch, counted from 0, that replaces the recipe's schedule.
    """

    recipe: Recipe
    data: Dataset
    texts: TokenizedDataset
    weights: ModelFolder
    classifier: EncoderClassifier
    placement: Placement
    processes: Processes
    versions: Mapping[str, str] = field(default_factory=dict)
    learning_rate_factor: Callable[[int], float] | None = None

    def labels(self, split: str) -> torch.Tensor:
        """Return the labels of a split, as in `Split`."""
        import torch

        return torch.from_numpy(self.texts.dataset[split].labels)

    def origin(self, recipe_name: str, recipe_text: str) -> Origin:
        """Return what a run of this task is made from, by the recipe's name and its text as TOML."""
        import torch

        model, tokenizer = self.weights, self.classifier.tokenizer.backend_tokenizer
        # How the tokenizer last truncated and padded is not a property of the model.
        rules = json.loads(tokenizer.to_str()) | {"truncation": None, "padding": None}
        reading = json.dumps([model.config, rules, self.texts.max_length], sort_keys=True)
        libraries = {name: version(name) for name in ("transformers", "datasets")}
        return Origin(
            versions={
                "textune": version("textune"),
                "python": platform.python_version(),
                "torch": torch.__version__,
                **libraries,
                **self.versions,
            },
            data=DataOrigin(source=self.data.name, fingerprint=self.data.fingerprint),
            model=ModelOrigin(
                name=model.name,
                revision=model.revision,
                weights_sha256=model.weights_sha256,
                reading_sha256=sha256_of_text(reading),
            ),
            placement=PlacementOrigin(device=self.placement.device, precision=self.placement.precision),
            recipe=RecipeOrigin(name=recipe_name, sha256=sha256_of_text(recipe_text)),
            machine=MachineOrigin(threads=torch.get_num_threads(), processes=self.processes.count),
            schedule="the recipe's" if self.learning_rate_factor is None else "a function",
        )


@dataclass(frozen=True)
class Fit:
    """The result of a training: its learning curve, one entry per epoch, and the epoch of the kept weights.

    The logits were rescaled by `calibration`. `cut_probabilities` (rows, classes) are those of validation by
    a classifier that was trained in the same way on truncated texts, if texts are read in windows and that is
    cheap to know.
    """

    history: list[dict[str, Any]]
    end: FitEnd
    calibration: LogitCalibration = NO_CALIBRATION
    frozen_layers: int | str = "all"
    cut_probabilities: NDArray[np.float64] | None = None

    def summary(self, task: Task) -> dict[str, Any]:
        """Return what metrics.json says of the training."""
        per_label = self.calibration.to_json(task.classifier.label_names)
        return {
            "epochs": self.end.epochs,
            "best_epoch": self.end.epoch,
            "weight_decay": self.end.weight_decay,
            "temperature": self.calibration.temperature,
            **({"calibration": per_label} if per_label else {}),
            "engine": task.recipe.train.engine,
            "precision": task.placement.precision,
            "frozen_layers": self.frozen_layers,
            "dropped": dict(task.texts.dropped),
            "truncated": dict(task.texts.truncated),
            **({"pairs": True} if task.data.has_pairs else {}),
        }


class Method(ABC):
    """A way to train a classifier. One object carries out one training: `prepare`, `fit`, `probabilities`.

    Args:
        task: What is trained, and on what.
        run: The run folder, where checkpoints and logs go.
        ctx: Gets progress and notes, and measures each stage.

    Attributes:
        settings: The recipe's settings of the method.
        shares_work: Whether all processes train; otherwise the first one trains alone.
        features: Features (rows, width) by split, once `prepare` or `fit` has computed them.
    """

    settings: Training
    shares_work: ClassVar[bool] = False

    def __init__(self, task: Task, run: Run, ctx: Context) -> None:
        self.task, self.run, self.ctx = task, run, ctx
        self.settings = task.recipe.training
        self.features: dict[str, NDArray[np.float32]] = {}

    @classmethod  # noqa: B027 - most methods can train any model.
    def check_model(cls, folder: ModelFolder) -> None:
        """Raise a `ModelError` if the method cannot train a model."""

    @classmethod  # noqa: B027 - most methods know every kind of label.
    def check_labels(cls, kind: LabelKind) -> None:
        """Raise a `RecipeError` if the method cannot learn labels of this kind."""

    @classmethod
    def choose_placement(cls, recipe: Recipe, processes: Processes) -> Placement:
        """Return where, and in which arithmetic, the encoder runs."""
        placement = choose_placement(recipe.model.precision)
        return placement if processes.device is None else replace(placement, device=processes.device)

    @classmethod
    def versions(cls) -> dict[str, str]:
        """Return the versions of the libraries that only this method needs."""
        return {}

    @abstractmethod
    def prepare(self) -> None:
        """Compute what never changes during the training, or read it from the cache."""

    @abstractmethod
    def fit(self, *, resume: bool) -> Fit:
        """Train the classifier in place, with `resume` from the run's newest checkpoint, and calibrate it."""

    def share_work(self, *, resume: bool) -> list[dict[str, Any]]:
        """Train with the first process, which alone goes on, if all share the work; return the history."""
        self.task.processes.wait()
        if not self.shares_work:
            return []
        self.prepare()
        return self.fit(resume=resume).history

    def probabilities(self) -> dict[str, NDArray[np.float64]]:
        """Return the trained classifier's probabilities (rows, classes) by split."""
        kind = self.task.classifier.kind
        return {split: kind.probabilities(self.logits(split)) for split in self.features}

    def logits(self, split: str) -> torch.Tensor:
        """Return the logits (rows, classes) from which the probabilities of a split come."""
        return self.task.classifier.logits(self.features[split])


def method_of(recipe: Recipe) -> type[Method]:
    """Return the method that a recipe asks for."""
    method: type[Method] = resolve_name(METHODS[type(recipe.training)])
    return method


def load_task(request: Request, ctx: Context, data: Dataset | None = None) -> Task:
    """Load a recipe's data and model, and tokenize the texts; raise a `RequestError` if they do not fit.

    `data` replaces the recipe's, and needs no test split.
    """
    from textune.encoder.architectures import has_segments
    from textune.encoder.emoji import read_emoji
    from textune.encoder.loading import (
        complete_config,
        find_model,
        import_architecture,
        load_tokenizer,
        token_limit,
    )
    from textune.encoder.separator import resolve_separator
    from textune.encoder.tokenization import tokenize
    from textune.model.building import build_classifier

    with ctx.clock.stage("load"):
        ctx.stage("Loading the data")
        recipe = resolve_separator(request.recipe, ctx)
        if data is None:
            data = load_dataset(recipe.data, ctx, request.data, other=recipe.evaluate.other)
        for sentence in data.notes:
            ctx.note(sentence)
        ctx.stage("Loading the model")
        weights = find_model(recipe.model.name, revision=recipe.model.revision, ctx=ctx)
        # This imports torch: faults of the data or the model's files are reported before that.
        method = method_of(recipe)
        method.check_model(weights)
        method.check_labels(label_kind(data.problem_type))
        tokenizer = load_tokenizer(weights)
    with ctx.clock.stage("prepare"):
        ctx.stage("Preparing texts")
        if recipe.prepare.emoji == "words":
            tokenizer = read_emoji(tokenizer, chain.from_iterable(map(sides_of, data["train"].texts)))
        limit = token_limit(tokenizer, weights.config)
        # Tokenizing leaves the interpreter free, and the import takes as long. Its result is not used: if
        # it fails, `build_classifier` imports the same again and reports why.
        with ThreadPoolExecutor(1) as executor:
            executor.submit(import_architecture, weights)
            segments = has_segments(complete_config(weights), tokenizer)
            texts = tokenize(data, tokenizer, recipe.prepare, token_limit=limit, segments=segments, ctx=ctx)
    with ctx.clock.stage("load"):
        ctx.stage("Loading the encoder")
        classifier = build_classifier(
            weights,
            tokenizer,
            settings=recipe.model,
            label_names=data.label_names,
            kind=label_kind(data.problem_type),
            max_length=texts.max_length,
            pairs=data.has_pairs,
            windows=texts.windows,
            seed=recipe.train.seed,
            ctx=ctx,
        )
    processes = Processes()
    return Task(
        recipe=recipe,
        data=data,
        texts=texts,
        weights=weights,
        classifier=classifier,
        placement=method.choose_placement(recipe, processes),
        processes=processes,
        versions=method.versions(),
        learning_rate_factor=request.learning_rate_factor,
    )


def calibrate(
    classifier: EncoderClassifier, logits: torch.Tensor, labels: torch.Tensor, *, ctx: Context
) -> LogitCalibration:
    """Fit a calibration on validation rows, fold it into the head's last layer, and return it.

    `logits` are (rows, classes) of rows that the classifier was not trained on. Where they determine no
    calibration, the logits stay as they are, and `ctx` notes that.
    """
    from textune.model.heads import fold_calibration

    calibration = classifier.kind.fit_calibration(logits, labels)
    if calibration is None:
        ctx.note(
            f"The {len(labels)} validation rows are too few or too easy for calibration, so the "
            "probabilities stay as they are."
        )
        calibration = NO_CALIBRATION
    fold_calibration(classifier.head, calibration)
    return calibration
