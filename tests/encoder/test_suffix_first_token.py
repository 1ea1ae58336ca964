"""The last layer for the first token alone: the same vector, the same gradients."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModel

from textune.encoder.batching import pad_tensors
from textune.encoder.suffix import build_suffix, first_token_layer, layers_of

KNOWN = ["distilbert", "bert", "roberta", "electra", "xlm-roberta"]
ROWS = [[2, 10, 11, 3], [2, 12, 3], [2, 10, 11, 12, 13, 14, 3]]


def load(folder: Path, attention: str = "eager") -> Any:
    return AutoModel.from_pretrained(folder, attn_implementation=attention).eval()


def first_token_of(encoder: Any, *, first_token_only: bool) -> tuple[Any, torch.Tensor]:
    """Return a suffix of the whole encoder, and what it gives for the first token (rows, width)."""
    ids, mask = pad_tensors(ROWS, padding_id=encoder.config.pad_token_id)
    suffix = copy.deepcopy(build_suffix(encoder, 0, first_token_only=first_token_only)).eval()
    return suffix, suffix(input_ids=ids, attention_mask=mask).last_hidden_state[:, 0]


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("architecture", KNOWN)
def test_the_first_tokens_vector_is_the_same(
    tiny_models: Callable[[str], Path], architecture: str, attention: str
) -> None:
    encoder = load(tiny_models(architecture), attention)

    _, vector = first_token_of(encoder, first_token_only=True)

    _, expected = first_token_of(encoder, first_token_only=False)
    torch.testing.assert_close(vector, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("architecture", KNOWN)
def test_the_last_layer_gives_the_first_token_alone(
    tiny_models: Callable[[str], Path], architecture: str
) -> None:
    encoder = load(tiny_models(architecture))
    layer = first_token_layer((layers_of(encoder) or [])[-1])
    assert layer is not None

    output = layer(torch.ones(3, 5, 16))

    assert output.shape == (3, 1, 16)


@pytest.mark.parametrize("architecture", KNOWN)
def test_the_gradients_of_all_parameters_are_the_same(
    tiny_models: Callable[[str], Path], architecture: str
) -> None:
    encoder = load(tiny_models(architecture))
    weights = torch.linspace(-1.0, 1.0, 16)

    short, vector = first_token_of(encoder, first_token_only=True)
    (vector * weights).sum().backward()

    whole, expected = first_token_of(encoder, first_token_only=False)
    (expected * weights).sum().backward()
    torch.testing.assert_close(
        [parameter.grad for parameter in short.parameters()],
        [parameter.grad for parameter in whole.parameters()],
        atol=1e-4,
        rtol=1e-3,
    )


def test_a_layer_shares_its_parameters_with_the_one_it_stands_for(tiny_models: Callable[[str], Path]) -> None:
    layer = (layers_of(load(tiny_models("bert"))) or [])[-1]

    short = first_token_layer(layer)

    assert short is not None
    assert {id(parameter) for parameter in short.parameters()} == {id(p) for p in layer.parameters()}


def test_a_family_that_is_not_known_has_none(tiny_models: Callable[[str], Path]) -> None:
    assert first_token_layer((layers_of(load(tiny_models("modernbert"))) or [])[-1]) is None


def test_without_such_a_layer_the_suffix_gives_all_tokens(tiny_models: Callable[[str], Path]) -> None:
    encoder = load(tiny_models("modernbert"))
    ids, mask = pad_tensors(ROWS, padding_id=encoder.config.pad_token_id)

    output = copy.deepcopy(build_suffix(encoder, 0, first_token_only=True))(
        input_ids=ids, attention_mask=mask
    )

    assert output.last_hidden_state.shape == (3, 7, 16)
