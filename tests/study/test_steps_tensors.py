"""Prepared rows as the tensors of torch and TensorFlow."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from prepared_rows import TEXTS, column, padded, real_tokens, rows
from textune.encoder.loading import find_model, load_encoder, load_tokenizer
from textune.encoder.placement import Placement
from textune.encoder.prefix import Pooling, encode, pool
from textune.errors import MissingExtraError, RequestError
from textune.keras.tensors import one_hot
from textune.study.steps import tf_dataset, tokenize_dataset_dict, torch_tensors
from tiny_models import build_tiny_model


def test_labels_become_rows_with_a_single_1() -> None:
    encoded = one_hot(np.array([2, 0, 1]), 4)

    assert encoded.dtype == np.float32
    assert encoded.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0]]


def test_torch_tensors_are_whole_numbers_of_rows_by_length(tokenizer: Any) -> None:
    split = padded(tokenizer, *TEXTS["train"])

    tensors = torch_tensors(split)

    assert {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in tensors.items()} == {
        "input_ids": ((3, 8), torch.int64),
        "attention_mask": ((3, 8), torch.int64),
        "label": ((3,), torch.int64),
    }
    assert tensors["input_ids"].tolist() == column(split, "input_ids")
    assert tensors["attention_mask"].sum(1).tolist() == [4, 3, 8]
    assert tensors["label"].tolist() == [0, 1, 0]


def test_rows_of_different_lengths_are_no_tensor(tokenizer: Any) -> None:
    ragged = tokenize_dataset_dict(rows(**TEXTS), tokenizer, max_length=16).dataset["train"]

    with pytest.raises(RequestError, match=r"3 different lengths \(3 to 8 tokens\)") as caught:
        torch_tensors(ragged)

    assert "longest_in_set" in caught.value.hint


@pytest.fixture
def tensorflow(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A stand-in for TensorFlow that records what its `Dataset` is made from."""
    record = SimpleNamespace(slices=None, batch_size=None, shuffled=None, result=object())

    def batch(size: int) -> object:
        record.batch_size = size
        return record.result

    def from_tensor_slices(slices: Any) -> SimpleNamespace:
        record.slices = slices
        return SimpleNamespace(batch=batch, shuffle=shuffle)

    def shuffle(rows: int, *, seed: int, reshuffle_each_iteration: bool) -> SimpleNamespace:
        record.shuffled = (rows, seed, reshuffle_each_iteration)
        return SimpleNamespace(batch=batch)

    module = ModuleType("tensorflow")
    module.data = SimpleNamespace(  # type: ignore[attr-defined]
        Dataset=SimpleNamespace(from_tensor_slices=from_tensor_slices)
    )
    monkeypatch.setitem(sys.modules, "tensorflow", module)
    return record


def test_without_tensorflow_the_extra_is_named(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)

    with pytest.raises(MissingExtraError, match="needs the extra 'tensorflow'") as caught:
        tf_dataset(padded(tokenizer, "so sad"), batch_size=2, classes=2)

    assert "pip install 'textune[tensorflow]'" in caught.value.hint


def test_a_tf_dataset_is_made_of_tokens_masks_and_one_hot_labels(
    tokenizer: Any, tensorflow: SimpleNamespace
) -> None:
    split = padded(tokenizer, *TEXTS["train"])

    tf_dataset(split, batch_size=2, classes=3)

    inputs, labels = tensorflow.slices
    assert list(inputs) == ["input_ids", "attention_mask"]
    assert inputs["input_ids"].tolist() == column(split, "input_ids")
    assert inputs["attention_mask"].tolist() == column(split, "attention_mask")
    assert labels.tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0]]
    assert (inputs["input_ids"].dtype, labels.dtype) == (np.int64, np.float32)


def test_a_tf_dataset_is_batched(tokenizer: Any, tensorflow: SimpleNamespace) -> None:
    dataset = tf_dataset(padded(tokenizer, *TEXTS["train"]), batch_size=2, classes=2)

    assert dataset is tensorflow.result
    assert tensorflow.batch_size == 2


def test_a_tf_dataset_keeps_its_order_unless_it_is_given_a_seed(
    tokenizer: Any, tensorflow: SimpleNamespace
) -> None:
    tf_dataset(padded(tokenizer, *TEXTS["train"]), batch_size=2, classes=2)

    assert tensorflow.shuffled is None


def test_a_tf_dataset_with_a_seed_is_reshuffled_whole_in_every_epoch(
    tokenizer: Any, tensorflow: SimpleNamespace
) -> None:
    tf_dataset(padded(tokenizer, *TEXTS["train"]), batch_size=2, classes=2, shuffle_seed=7)

    assert tensorflow.shuffled == (3, 7, True)


def test_rows_of_different_lengths_are_no_tf_dataset(tokenizer: Any, tensorflow: SimpleNamespace) -> None:
    ragged = tokenize_dataset_dict(rows(**TEXTS), tokenizer, max_length=16).dataset["train"]

    with pytest.raises(RequestError, match="different lengths"):
        tf_dataset(ragged, batch_size=2, classes=2)

    assert tensorflow.slices is None


@pytest.mark.parametrize("kind", ["cls", "mean"])
@pytest.mark.parametrize("architecture", ["distilbert", "roberta"])
def test_padding_columns_do_not_change_the_encoders_features(
    architecture: str, kind: Any, tmp_path: Path
) -> None:
    folder = find_model(str(build_tiny_model(tmp_path, architecture)))
    tokenizer, encoder, pooling = load_tokenizer(folder), load_encoder(folder), Pooling(kind, (-1, 1))
    tokenized = tokenize_dataset_dict(rows(**TEXTS), tokenizer, max_length=30, padding="max_length")
    split = tokenized.dataset["train"]
    tensors = torch_tensors(split)
    with torch.inference_mode():
        states = encoder(
            input_ids=tensors["input_ids"],
            attention_mask=tensors["attention_mask"],
            output_hidden_states=True,
        ).hidden_states
    with_padding = pool(states, tensors["attention_mask"], pooling=pooling).numpy()

    without = encode(
        encoder,
        real_tokens(split),
        pooling=pooling,
        padding_id=tokenizer.pad_token_id,
        placement=Placement("cpu", "fp32", "eager"),
    )

    np.testing.assert_allclose(without, with_padding, atol=1e-5, rtol=0)
