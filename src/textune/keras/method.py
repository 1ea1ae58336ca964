"""Train the head on Keras, as the case study did it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textune.context import Context
from textune.encoder.batching import pad_rows
from textune.encoder.cache import FeatureCache, feature_key
from textune.encoder.features import feature_shape, note_cached
from textune.encoder.loading import ModelFolder
from textune.encoder.placement import Placement
from textune.encoder.tokenization import TokenRows
from textune.errors import ModelError, RecipeError
from textune.keras.encoder import build_keras_encoder, check_keras_knows, encode_on_keras
from textune.keras.engine import KerasHead, build_keras_head, end_to_end, fit_keras_head, seeded
from textune.keras.start import keras_versions
from textune.keras.tensors import tf_batches
from textune.recipe.methods import KerasTraining
from textune.recipe.settings import Recipe
from textune.run.layout import Run
from textune.tasks.label_kind import NO_CALIBRATION, LabelKind
from textune.tasks.single_label import epoch_scores
from textune.training.method import Fit, Method, Task, calibrate
from textune.training.processes import Processes
from textune.training.tracking import follow


class KerasMethod(Method):
    """Trains the head by Keras's `fit`, end to end through the frozen encoder or on its cached output."""

    settings: KerasTraining
    _head: KerasHead
    """The head in Keras, which `fit` builds."""

    def __init__(self, task: Task, run: Run, ctx: Context) -> None:
        super().__init__(task, run, ctx)
        if task.classifier.segments:
            raise ModelError(
                f"The Keras engine does not tell the texts of a pair apart as {task.weights.name} does, by "
                "segment ids.",
                "Train on torch (--set train.engine=torch), or take a model without segment ids, such as "
                "DistilBERT or RoBERTa.",
            )

    @classmethod
    def check_model(cls, folder: ModelFolder) -> None:
        """Raise a `ModelError` if KerasHub does not know the model's architecture."""
        check_keras_knows(folder)

    @classmethod
    def check_labels(cls, kind: LabelKind) -> None:
        """Raise a `RecipeError` for texts with several labels."""
        if kind.is_multi_label:
            raise RecipeError(
                "The Keras engine learns one label per text, and these texts have several.",
                "Train on torch: --set train.engine=torch",
            )

    @classmethod
    def choose_placement(cls, recipe: Recipe, processes: Processes) -> Placement:
        """Return the CPU in fp32: what Keras computes is compared with torch's to 1e-4."""
        return Placement("cpu", "fp32", "eager")

    @classmethod
    def versions(cls) -> dict[str, str]:
        """Return the versions of Keras, KerasHub and TensorFlow."""
        return keras_versions()

    @cached_property
    def _encoder(self) -> Any:
        """The encoder in Keras, built when it is first needed: cached features do not need it."""
        self.ctx.stage("Building the encoder in Keras")
        classifier = self.task.classifier
        # Seeded separately, so its dropout and the head's are the same wherever it is built.
        with seeded(self.settings.seed):
            return build_keras_encoder(classifier.encoder, tokenizer=classifier.tokenizer)

    def prepare(self) -> None:
        """Run the frozen encoder over the splits that the cache does not hold.

        The metrics at the end of each epoch use them, whatever Keras trains on: the encoder does not change.
        """
        task, cached = self.task, []
        self.ctx.note(f"Rows are padded to {task.texts.padded_length} tokens, special tokens included.")
        shape = {
            **feature_shape(task.classifier, task.weights.weights_sha256, task.placement),
            "keras": keras_versions(),
            "pooling": "cls",
        }
        with self.ctx.clock.stage("features"):
            for split, tokens in task.texts.tokens.items():
                assert isinstance(tokens, TokenRows)
                self.features[split], from_cache = FeatureCache().get_or_compute(
                    feature_key(shape, tokens),
                    lambda split=split, tokens=tokens: self._encode(split, tokens),  # type: ignore[misc]
                    description=f"{task.weights.name} · {task.data.name} · {split} · Keras",
                )
                cached += [split] if from_cache else []
            note_cached(cached, self.ctx)

    def _encode(self, split: str, tokens: TokenRows) -> NDArray[np.float32]:
        encoder = self._encoder
        self.ctx.stage(f"Encoding {split} on Keras")
        return encode_on_keras(
            encoder,
            tokens,
            padding_id=self.task.classifier.tokenizer.pad_token_id,
            on_progress=lambda done, total: self.ctx.advance(done, total, unit="texts"),
        )

    def fit(self, *, resume: bool) -> Fit:
        """Train the head, and calibrate it."""
        task, settings = self.task, self.settings
        from_tokens, rows = settings.keras_input == "tokens", len(self.features["train"])
        whole = self._encoder if from_tokens else None
        with self.ctx.clock.stage("train"), seeded(settings.seed):
            self.ctx.stage("Training the head on Keras")
            self._head = build_keras_head(task.classifier, dropout=task.recipe.model.dropout)
            size = settings.per_device_train_batch_size or rows
            steps = settings.num_train_epochs * -(-rows // size)
            events = fit_keras_head(
                end_to_end(whole, self._head) if from_tokens else self._head.layers,
                self._head,
                self._batches(size),
                task.labels("train").tolist(),
                settings=settings,
                score=lambda _: {
                    split: epoch_scores(self.logits(split), task.labels(split))
                    for split in ("train", "validation")
                },
                learning_rate_factor=task.learning_rate_factor,
            )
            history, end = follow(
                events, settings.num_train_epochs, self.ctx, steps=steps if from_tokens else 0
            )
        calibration = NO_CALIBRATION
        if settings.calibrate:
            logits, labels = self.logits("validation"), task.labels("validation")
            calibration = calibrate(task.classifier, logits, labels, ctx=self.ctx)
            self._head.read()
        return Fit(history, end, calibration)

    def logits(self, split: str) -> torch.Tensor:
        """Return the logits (rows, classes) of a split, as Keras computes them."""
        return torch.from_numpy(self._head.logits(self.features[split]))

    def _batches(self, size: int) -> Any:
        task, settings = self.task, self.settings
        inputs: Any = self.features["train"]
        if settings.keras_input == "tokens":
            padding_id, width = task.classifier.tokenizer.pad_token_id, task.texts.padded_length
            tokens = task.texts.tokens["train"]
            assert isinstance(tokens, TokenRows)
            padded = pad_rows(tokens, padding_id=padding_id, width=width)
            inputs = dict(zip(("input_ids", "attention_mask"), padded, strict=True))
        labels, classes = task.labels("train").tolist(), len(task.classifier.label_names)
        return tf_batches(inputs, labels, batch_size=size, classes=classes, shuffle_seed=settings.seed)
