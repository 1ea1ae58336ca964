"""The case study's pipeline in Keras on TensorFlow, as a reader of the study would write it today.

KerasHub loads the encoder and its weights are frozen. The study's head trains on top of it for 15 epochs, in
batches of 32, with every sequence padded to the longest. Settings that the study leaves open are those of
textune's recipe `paper`.
"""

from __future__ import annotations

from pathlib import Path

import keras_hub
import numpy as np
import tensorflow as tf
from protocol import read_job
from tokenizers import Tokenizer

import keras

EPOCHS, BATCH, MOST_WORDS = 15, 32, 36

job = read_job()
keras.utils.set_random_seed(job.seed)
tokenizer = Tokenizer.from_file(str(Path(job.model) / "tokenizer.json"))
tokenizer.no_truncation()


def filtered(split: str) -> tuple[list[str], np.ndarray]:
    """Return the rows of at most 36 words."""
    texts, labels = job.split(split)
    short = [row for row, text in enumerate(texts) if len(text.split()) <= MOST_WORDS]
    return [texts[row] for row in short], labels[short]


splits = {"train": filtered("train"), "validation": filtered("validation"), "test": job.split("test")}
longest = 0
for texts, _ in splits.values():
    tokenizer.no_padding()
    longest = max(longest, *(len(each.ids) for each in tokenizer.encode_batch(texts)))
tokenizer.enable_padding(length=longest)


def features(split: str) -> dict[str, np.ndarray]:
    """Return a split's token ids and attention mask, (rows, longest)."""
    encoded = tokenizer.encode_batch(splits[split][0])
    return {
        "input_ids": np.array([each.ids for each in encoded], dtype="int32"),
        "attention_mask": np.array([each.attention_mask for each in encoded], dtype="int32"),
    }


def dataset(split: str) -> tf.data.Dataset:
    """Return a split as batches of tensors with one-hot labels."""
    labels = keras.utils.to_categorical(splits[split][1], num_classes=job.classes)
    rows = tf.data.Dataset.from_tensor_slices((features(split), labels))
    if split == "train":
        rows = rows.shuffle(len(labels), seed=job.seed)
    return rows.batch(BATCH)


encoder = keras_hub.models.Backbone.from_preset(job.model)
encoder.trainable = False
inputs = {name: keras.Input((longest,), dtype="int32", name=name) for name in ("input_ids", "attention_mask")}
encoder_inputs = {"token_ids": inputs["input_ids"], "padding_mask": inputs["attention_mask"]}
if "segment_ids" in encoder.input:
    encoder_inputs["segment_ids"] = keras.ops.zeros_like(inputs["input_ids"])
output = encoder(encoder_inputs)
sequence = output["sequence_output"] if isinstance(output, dict) else output
hidden = keras.layers.Dense(sequence.shape[-1], activation="relu", name="pre_classifier")(sequence[:, 0])
hidden = keras.layers.Dropout(0.2)(hidden)
model = keras.Model(inputs, keras.layers.Dense(job.classes, activation="softmax", name="classifier")(hidden))
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss=keras.losses.CategoricalCrossentropy(),
    metrics=[keras.metrics.CategoricalAccuracy()],
)
schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 1e-3 * 0.9**epoch)
with job.training():
    model.fit(
        dataset("train"),
        validation_data=dataset("validation"),
        epochs=EPOCHS,
        callbacks=[schedule],
        verbose=0,
    )
job.answer(lambda _: model.predict(dataset("test"), verbose=0))
