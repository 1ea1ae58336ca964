"""The frozen prefix: from token ids to features, in order, whatever the batches."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel

from textune.encoder.batching import batches_by_length, pad_tensors
from textune.encoder.placement import Placement, choose_placement
from textune.encoder.prefix import Pooling, encode
from tiny_models import build_tiny_model

FP32 = Placement("cpu", "fp32", "eager")
ROWS = [[2, 10, 11, 3], [2, 12, 3], [2, 10, 11, 12, 13, 14, 3], [2, 20, 3]]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("tiny")
    build_tiny_model(folder, "distilbert")
    return AutoModel.from_pretrained(folder, attn_implementation="eager").eval()


def features_of(encoder: Any, rows: list[list[int]], pooling: Pooling) -> Any:
    return encode(encoder, rows, pooling=pooling, padding_id=0, placement=FP32)


def hidden_states(encoder: Any, row: list[int]) -> Any:
    """Return the hidden states (tokens, width) of one text by itself, by layer."""
    with torch.inference_mode():
        states = encoder(input_ids=torch.tensor([row]), output_hidden_states=True).hidden_states
    return [state[0].numpy() for state in states]


def test_batches_hold_every_row_once_longest_first() -> None:
    batches = batches_by_length([3, 9, 4, 9, 1], max_rows=2)

    assert batches == [[1, 3], [2, 0], [4]]


def test_a_batch_never_holds_more_tokens_than_allowed_with_padding() -> None:
    lengths = [100, 60, 50, 40, 30, 20, 10] * 3

    batches = batches_by_length(lengths, max_rows=64, max_tokens=200)

    assert max(len(batch) * max(lengths[row] for row in batch) for batch in batches) <= 200
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))


def test_a_text_longer_than_a_batch_may_be_is_a_batch_of_its_own() -> None:
    assert batches_by_length([500, 10], max_rows=64, max_tokens=200) == [[0], [1]]


def test_without_padding_a_batch_holds_texts_of_one_length() -> None:
    batches = batches_by_length([3, 9, 4, 9, 3, 3, 9], max_rows=2, padded=False)

    assert batches == [[1, 3], [6], [2], [0, 4], [5]]


def test_texts_of_different_lengths_are_never_padded_by_mistake() -> None:
    with pytest.raises(ValueError, match="must not be padded"):
        pad_tensors([[5, 6, 7], [8]], padding_id=None)


def test_without_padding_every_text_has_the_features_that_it_has_alone(
    tiny_models: Callable[[str], Path],
) -> None:
    encoder = AutoModel.from_pretrained(tiny_models("fnet")).eval()
    expected = np.stack([hidden_states(encoder, row)[-1].mean(0) for row in ROWS])

    features = encode(encoder, ROWS, pooling=Pooling("mean"), padding_id=None, placement=FP32)

    np.testing.assert_allclose(features, expected, atol=1e-5)


def test_padding_is_masked() -> None:
    input_ids, attention_mask = pad_tensors([[5, 6, 7], [8]], padding_id=9)

    assert input_ids.tolist() == [[5, 6, 7], [8, 9, 9]]
    assert attention_mask.tolist() == [[1, 1, 1], [1, 0, 0]]


def test_cls_features_are_the_first_token_of_the_last_layer_in_the_order_of_the_texts(encoder: Any) -> None:
    expected = np.stack([hidden_states(encoder, row)[-1][0] for row in ROWS])

    features = features_of(encoder, ROWS, Pooling("cls"))

    np.testing.assert_allclose(features, expected, atol=1e-5)


def test_mean_features_leave_padding_out_and_concatenate_the_layers(encoder: Any) -> None:
    states = [hidden_states(encoder, row) for row in ROWS]
    expected = np.stack([np.concatenate([state[0].mean(0), state[-1].mean(0)]) for state in states])

    features = features_of(encoder, ROWS, Pooling("mean", (0, -1)))

    np.testing.assert_allclose(features, expected, atol=1e-5)


def test_bf16_features_are_close_to_fp32_and_leave_the_encoder_as_it_was(encoder: Any) -> None:
    exact = features_of(encoder, ROWS, Pooling("mean"))
    placement = Placement("cpu", "bf16", "eager")

    rough = encode(encoder, ROWS, pooling=Pooling("mean"), padding_id=0, placement=placement)

    assert rough.dtype == np.float32
    assert 0 < np.abs(rough - exact).max() < 0.1
    assert encoder.dtype == torch.float32


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_several_cores_give_the_bits_of_one(encoder: Any, precision: Any) -> None:
    rows = [[2, *range(10, 10 + length), 3] for length in range(1, 40)] * 4
    threads, vectors = torch.get_num_threads(), []

    for count in (1, 3):
        torch.set_num_threads(count)
        placement = Placement("cpu", precision, "eager")
        vectors.append(encode(encoder, rows, pooling=Pooling("mean"), padding_id=0, placement=placement))
        assert torch.get_num_threads() == count
    torch.set_num_threads(threads)

    assert vectors[0].tobytes() == vectors[1].tobytes()


def test_a_batch_that_fails_stops_the_encoding(encoder: Any) -> None:
    threads = torch.get_num_threads()

    with pytest.raises(IndexError):
        features_of(encoder, [[2, 10**6, 3], *ROWS] * 40, Pooling("cls"))

    assert torch.get_num_threads() == threads


def test_no_texts_give_no_features(encoder: Any) -> None:
    assert len(features_of(encoder, [], Pooling("cls"))) == 0


def test_progress_counts_texts_up_to_all_of_them(encoder: Any) -> None:
    heard: list[tuple[int, int]] = []

    encode(
        encoder,
        ROWS * 40,
        pooling=Pooling("cls"),
        padding_id=0,
        placement=FP32,
        on_progress=lambda done, total: heard.append((done, total)),
    )

    assert sorted(heard) == heard
    assert heard[-1] == (160, 160)
    assert len(heard) == 5


def test_a_wanted_precision_is_kept() -> None:
    assert choose_placement("fp32").precision == "fp32"


@pytest.mark.parametrize(
    ("capabilities", "precision"),
    [({"avx512_bf16": True}, "bf16"), ({"amx_bf16": True}, "bf16"), ({"avx2": True}, "fp32")],
)
def test_a_processor_computes_in_bf16_only_where_it_has_instructions_for_it(
    capabilities: dict[str, bool], precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)

    assert choose_placement("auto") == Placement("cpu", precision, "eager")  # type: ignore[arg-type]


@pytest.mark.parametrize("architecture", ["distilbert", "bert", "deberta-v2", "modernbert"])
def test_cls_features_are_the_same_where_the_last_layer_gives_the_first_token_alone(
    tiny_models: Callable[[str], Path], architecture: str
) -> None:
    encoder = AutoModel.from_pretrained(tiny_models(architecture), attn_implementation="eager").eval()
    expected = np.array([hidden_states(encoder, row)[-1][0] for row in ROWS])

    features = features_of(encoder, ROWS, Pooling("cls"))

    np.testing.assert_allclose(features, expected, atol=1e-5)


def test_the_last_layer_computes_no_token_but_the_first_for_cls_features(encoder: Any) -> None:
    shapes = []
    hook = encoder.transformer.layer[-1].ffn.register_forward_hook(
        lambda *called: shapes.append(called[2].shape)
    )
    features_of(encoder, ROWS, Pooling("cls"))
    shapes.clear()

    features_of(encoder, ROWS, Pooling("cls"))

    hook.remove()
    assert [shape[1] for shape in shapes] == [1]


def test_cls_features_follow_the_weights_of_the_encoder(encoder: Any) -> None:
    encoder = copy.deepcopy(encoder)
    before = features_of(encoder, ROWS, Pooling("cls"))
    with torch.no_grad():
        encoder.transformer.layer[-1].output_layer_norm.bias.add_(1.0)

    after = features_of(encoder, ROWS, Pooling("cls"))

    np.testing.assert_allclose(after, before + 1, atol=1e-5)


@pytest.mark.parametrize("pooling", [Pooling("cls"), Pooling("mean", (-2, -1))], ids=["cls", "mean"])
def test_a_device_gives_the_features_of_the_cpu(encoder: Any, pooling: Pooling) -> None:
    on_device = Placement("cpu:0", "fp32", "eager")  # Takes the way of a GPU.

    features = encode(encoder, ROWS, pooling=pooling, padding_id=0, placement=on_device)

    np.testing.assert_allclose(features, features_of(encoder, ROWS, pooling), atol=1e-5)


def test_a_head_on_the_device_gives_logits_in_place_of_features(encoder: Any) -> None:
    on_device, head = Placement("cpu:0", "fp32", "eager"), torch.nn.Linear(16, 3).requires_grad_(False)

    logits = encode(encoder, ROWS, pooling=Pooling("cls"), padding_id=0, placement=on_device, head=head)

    expected = head(torch.from_numpy(features_of(encoder, ROWS, Pooling("cls"))))
    np.testing.assert_allclose(logits, expected, atol=1e-5)


def test_progress_on_a_device_counts_texts_up_to_all_of_them(encoder: Any) -> None:
    heard: list[tuple[int, int]] = []

    encode(
        encoder,
        ROWS,
        pooling=Pooling("cls"),
        padding_id=0,
        placement=Placement("cpu:0", "fp32", "eager"),
        on_progress=lambda done, total: heard.append((done, total)),
    )

    assert heard[-1] == (len(ROWS), len(ROWS))
