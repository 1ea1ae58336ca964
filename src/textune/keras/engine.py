"""The head's training on Keras, as the case study did it.

When the events of the training end, the head holds the weights to keep, in Keras and in torch. Its layers
start from the weights of the classifier's own head and are written back into it, so whatever uses the
classifier afterwards does not need Keras. Does not know files or metrics.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textune.keras.encoder import token_inputs
from textune.keras.start import start_keras
from textune.keras.streaming import stream_reports
from textune.model.classifier import EncoderClassifier
from textune.model.heads import StockHead
from textune.recipe.methods import KerasTraining
from textune.tasks.single_label import balanced_weights
from textune.training.loop import (
    BestWeights,
    EpochEnd,
    Event,
    FitEnd,
    Position,
    Scores,
    StepEnd,
    check_finite,
    state_of,
    stop_early,
)
from textune.training.optimizer import Factor, schedule_of

RUNNING = "running"
"""The name of the metrics that Keras reports during training: of changing weights, with dropout on."""


@dataclass(frozen=True)
class _Layout:
    """The names of a stock head's modules in torch, and the activation of its pre-classifier.

    With `drops_features`, there is a dropout before the pre-classifier, too.
    """

    first: str
    activation: str
    output: str
    drops_features: bool = False


_LAYOUTS = {
    "bert": _Layout("bert.pooler.dense", "tanh", "classifier"),
    "distilbert": _Layout("pre_classifier", "relu", "classifier"),
    "roberta": _Layout("classifier.dense", "tanh", "classifier.out_proj", drops_features=True),
}


@dataclass(frozen=True)
class KerasHead:
    """A stock head in Keras, `layers`, and the one in torch; pairs are their layers with the same weights."""

    layers: Any
    head: StockHead
    pairs: tuple[tuple[Any, torch.nn.Linear], ...]

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits (rows, classes) of features (rows, width), as Keras computes them."""
        # A copy: TensorFlow's array must not be written to, and torch does not know that.
        logits: NDArray[np.float32] = self.layers(features, training=False).numpy().copy()
        return logits

    def read(self) -> None:
        """Copy the weights of the head in torch into this one."""
        for layer, module in self.pairs:
            layer.set_weights([module.weight.detach().numpy().T, module.bias.detach().numpy()])

    def write(self) -> None:
        """Copy the weights of this head into the one in torch."""
        with torch.no_grad():
            for layer, module in self.pairs:
                kernel, bias = layer.get_weights()
                module.weight.copy_(torch.from_numpy(np.ascontiguousarray(kernel.T)))
                module.bias.copy_(torch.from_numpy(bias))


def build_keras_head(classifier: EncoderClassifier, *, dropout: float) -> KerasHead:
    """Build a classifier's stock head in Keras: pre-classifier dense, dropout, classifier dense."""
    keras, head = start_keras(), classifier.head
    assert isinstance(head, StockHead)
    config = head.shell.config
    layout = _LAYOUTS[config.model_type]
    modules = [head.shell.get_submodule(name) for name in (layout.first, layout.output)]
    first = keras.layers.Dense(config.hidden_size, activation=layout.activation, name="pre_classifier")
    output = keras.layers.Dense(config.num_labels, name="classifier")
    before = [keras.layers.Dropout(dropout)] if layout.drops_features else []
    layers = keras.Sequential(
        [keras.Input((config.hidden_size,)), *before, first, keras.layers.Dropout(dropout), output]
    )
    built = KerasHead(layers, head, ((first, modules[0]), (output, modules[1])))
    built.read()
    return built


def end_to_end(encoder: Any, head: KerasHead) -> Any:
    """Return a Keras model from `input_ids` and `attention_mask` to logits; only its head is trained."""
    encoder.trainable = False
    inputs = token_inputs()
    return start_keras().Model(inputs, head.layers(encoder(inputs)))


def fit_keras_head(
    model: Any,
    head: KerasHead,
    batches: Any,
    labels: Sequence[int],
    *,
    settings: KerasTraining,
    score: Callable[[KerasHead], Scores],
    learning_rate_factor: Factor | None = None,
) -> Iterator[Event]:
    """Train a head by `fit` and yield events; raise a `DivergenceError` if a loss is not finite.

    Args:
        model: What is trained: the head's layers, or the model that `end_to_end` returned.
        head: The head.
        batches: A `tf.data.Dataset` of the model's inputs and one-hot labels, an epoch long.
        labels: Class ids of its rows.
        settings: The settings of the method.
        score: Returns the metrics by split, "validation" among them, of the head as it is.
        learning_rate_factor: A function of the epoch, counted from 0, that replaces the named schedule.
    """
    size = settings.per_device_train_batch_size or len(labels)
    steps = -(-len(labels) // size)
    factor = schedule_of(settings, steps, learning_rate_factor)

    def learning_rate(epoch: int) -> float:
        return settings.learning_rate * factor(epoch * steps)

    def work(report: Callable[[Event], None]) -> None:
        reporter = _Reporter(report, learning_rate, len(labels), size, lambda: score(head))
        callbacks, weights = start_keras().callbacks, None
        if settings.class_weights != "none":
            classes = head.pairs[-1][1].out_features
            weights = dict(enumerate(balanced_weights(labels, classes).tolist()))
        _compile(model, settings)
        model.fit(
            batches,
            epochs=settings.num_train_epochs,
            verbose=0,
            shuffle=False,  # The data set shuffles itself.
            class_weight=weights,
            callbacks=[
                callbacks.LearningRateScheduler(lambda epoch, _: learning_rate(epoch)),
                callbacks.LambdaCallback(
                    on_train_batch_end=reporter.end_batch, on_epoch_end=reporter.end_epoch
                ),
            ],
        )

    def snapshot() -> dict[str, torch.Tensor]:
        head.write()
        return state_of(head.head)

    best, epochs = BestWeights(), 0
    with closing(stream_reports(work)) as events:
        for event in best.follow(stop_early(events, settings.early_stopping_patience), snapshot):
            epochs = event.epoch
            yield event
    head.write()
    best_epoch = epochs
    if settings.load_best_model_at_end:
        head.head.load_state_dict(best.chosen(settings.learning_rate))
        best_epoch = best.epoch
    head.read()
    yield FitEnd(best_epoch, epochs, settings.weight_decay)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let Keras draw from a seed in the block; Python's and numpy's random states are left as they were."""
    keras, states = start_keras(), (random.getstate(), np.random.get_state())
    keras.utils.set_random_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


@dataclass
class _Reporter:
    report: Callable[[Event], None]
    learning_rate: Callable[[int], float]
    rows: int
    """Rows per epoch."""
    size: int
    """Rows per batch."""
    score: Callable[[], Scores]
    position: Position = field(default_factory=Position)

    def end_batch(self, _: int, logs: dict[str, float]) -> None:
        """Report a step. Keras gives the mean loss of the epoch so far, not the batch's own."""
        before = self.position
        rows = min(self.size, self.rows - before.steps_in_epoch * self.size)
        rate, mean = self.learning_rate(before.epoch - 1), float(logs["loss"])
        seen = before.seen_rows + rows
        loss = (mean * seen - before.seen_loss) / rows
        check_finite(loss, step=before.step + 1, learning_rate=rate)
        self.position = Position(
            step=before.step + 1,
            epoch=before.epoch,
            steps_in_epoch=before.steps_in_epoch + 1,
            seen_loss=mean * seen,
            seen_rows=seen,
            learning_rate=rate,
        )
        self.report(StepEnd(before.step + 1, before.epoch, loss, rate, rows, self.position))

    def end_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        """Report an epoch."""
        at = self.position
        scores = {**self.score(), RUNNING: {"accuracy": float(logs["categorical_accuracy"])}}
        self.report(EpochEnd(epoch + 1, at.step, at.learning_rate, float(logs["loss"]), scores))
        self.position = Position(step=at.step, epoch=epoch + 2)


def _compile(model: Any, settings: KerasTraining) -> None:
    keras = start_keras()
    if settings.optim == "adamw":
        optimizer = keras.optimizers.AdamW(settings.learning_rate, weight_decay=settings.weight_decay)
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    else:
        optimizer = keras.optimizers.Adam(settings.learning_rate)
    model.compile(
        optimizer=optimizer,
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=settings.label_smoothing_factor
        ),
        metrics=[keras.metrics.CategoricalAccuracy()],
        # XLA compiles every shape of a batch again, which takes longer than it saves in minutes of training.
        jit_compile=False,
    )
