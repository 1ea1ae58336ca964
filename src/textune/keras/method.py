"""From a classifier with an untrained head to a trained one, on Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from textune.context import Context, Observer, Stopwatch
from textune.data.dataset import SPLITS
from textune.encoder.features import feature_shape, note_cached
from textune.evaluation.describing import epoch_scores
from textune.training.head_method import Fit, calibrate, follow
from textune.training.learners import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from textune.encoder.tokenization import TokenRows
    from textune.keras.engine import KerasHead


class _Encoder:
    """The task's encoder in Keras, built where it is first needed: cached features do without it."""

    def __init__(self, task: Task, observer: Observer) -> None:
        self._task, self._observer, self._built = task, observer, None

    def model(self) -> Any:
        """Return the Keras model."""
        from textune.keras.encoder import build_keras_encoder
        from textune.keras.engine import seeded

        if self._built is None:
            self._observer.stage("Building the encoder in Keras")
            classifier = self._task.classifier
            # Seeded by itself: its dropout is the same wherever it is built, and so is the head's.
            with seeded(self._task.recipe.train.seed):
                self._built = build_keras_encoder(classifier.encoder, tokenizer=classifier.tokenizer)
        return self._built


def fit_on_keras(
    task: Task,
    *,
    learning_rate_factor: Callable[[int], float] | None,
    observer: Observer,
    watch: Stopwatch,
) -> tuple[Fit, dict[str, NDArray[np.float64]]]:
    """Fit a classifier's head in place by Keras's `fit`.

    Args:
        task: What is to be fitted.
        learning_rate_factor: See `textune.train`.
        observer: Hears of every epoch.
        watch: Told how long each part takes.

    Returns:
        How it went, and the probabilities of every split, as Keras computes them.
    """
    import torch

    from textune.keras.engine import build_keras_head, end_to_end, fit_keras_head, seeded
    from textune.tasks.single_label import probabilities

    classifier, settings = task.classifier, task.recipe.train
    encoder, from_tokens = _Encoder(task, observer), settings.keras_input == "tokens"
    targets = {split: torch.tensor(task.labels[split]) for split in SPLITS}
    with watch.stage("features"):
        features = _features(task, encoder, observer)
        whole = encoder.model() if from_tokens else None
    with watch.stage("train"), seeded(settings.seed):
        observer.stage("Training the head on Keras")
        head = build_keras_head(classifier, dropout=task.recipe.model.dropout)
        size = settings.per_device_train_batch_size or len(targets["train"])
        steps = settings.num_train_epochs * -(-len(targets["train"]) // size)
        events = fit_keras_head(
            end_to_end(whole, head) if from_tokens else head.layers,
            head,
            _batches(task, features["train"], size),
            task.labels["train"],
            settings=settings,
            score=lambda scored: _scores(scored, features, targets),
            learning_rate_factor=learning_rate_factor,
        )
        history, end = follow(events, settings.num_train_epochs, observer, steps=steps if from_tokens else 0)
    temperature = 1.0
    if settings.calibrate:
        logits = torch.from_numpy(head.logits(features["validation"]))
        temperature = calibrate(classifier, logits, targets["validation"], observer=observer)
        head.read()
    with watch.stage("evaluate"):
        observer.stage("Evaluating")
        found = {split: probabilities(torch.from_numpy(head.logits(features[split]))) for split in SPLITS}
    return Fit(history, end, temperature), found


def _scores(head: KerasHead, features: Mapping[str, Any], targets: Mapping[str, Any]) -> Any:
    import torch

    return {
        split: epoch_scores(torch.from_numpy(head.logits(features[split])), targets[split])
        for split in ("train", "validation")
    }


def _batches(task: Task, features: NDArray[np.float32], size: int) -> Any:
    """Return the training rows as a `tf.data.Dataset`: tokens and masks, or features."""
    from textune.encoder.batching import pad_rows
    from textune.keras.tensors import tf_batches

    settings, labels = task.recipe.train, task.labels["train"]
    inputs: Any = features
    if settings.keras_input == "tokens":
        padding_id, width = task.classifier.tokenizer.pad_token_id, task.texts.padded_length
        padded = pad_rows(task.texts.tokens["train"], padding_id=padding_id, width=width)
        inputs = dict(zip(("input_ids", "attention_mask"), padded, strict=True))
    classes = len(task.classifier.label_names)
    return tf_batches(inputs, labels, batch_size=size, classes=classes, shuffle_seed=settings.seed)


def _features(task: Task, encoder: _Encoder, observer: Observer) -> dict[str, NDArray[np.float32]]:
    """Return what the frozen encoder gives in Keras for every split, out of the cache where it has it.

    They are what figures rest on at every epoch's end, whatever Keras trains on: the encoder does not change.
    """
    from textune.encoder.cache import FeatureCache, feature_key
    from textune.keras.encoder import encode_on_keras
    from textune.keras.start import keras_versions

    features, cached = {}, []
    shape = {
        **feature_shape(task.classifier.encoder.config, task.weights.weights_sha256, task.placement),
        "keras": keras_versions(),
        "pooling": "cls",
    }
    for split, tokens in task.texts.tokens.items():

        def compute(split: str = split, tokens: TokenRows = tokens) -> NDArray[np.float32]:
            model = encoder.model()
            observer.stage(f"Encoding {split} on Keras")
            return encode_on_keras(
                model,
                tokens,
                padding_id=task.classifier.tokenizer.pad_token_id,
                on_progress=lambda done, total: observer.advance(done, total, unit="texts"),
            )

        features[split], from_cache = FeatureCache().get_or_compute(
            feature_key(shape, tokens),
            compute,
            description=f"{task.weights.name} · {task.source} · {split} · Keras",
        )
        cached += [split] if from_cache else []
    note_cached(cached, Context(observer))
    return features
