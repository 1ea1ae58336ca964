"""Which encoders may be padded, found by running them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from textune.encoder.loading import find_model, load_encoder, load_tokenizer
from textune.encoder.padding import find_padding_id
from textune.encoder.prefix import Pooling
from textune.errors import ModelError
from tiny_models import ARCHITECTURES, READ_PADDING

POOLINGS = [Pooling("cls"), Pooling("mean"), Pooling("mean", (1, -1))]


def padding_id(folder: Path, *, pooling: Pooling = POOLINGS[0], max_length: int = 64) -> int | None:
    model = find_model(str(folder))
    return find_padding_id(load_encoder(model), load_tokenizer(model), pooling=pooling, max_length=max_length)


class Encoder(nn.Module):
    """Stands in for an encoder: its output is what a function makes of the token ids (rows, tokens, 1)."""

    def __init__(self, output: Callable[[torch.Tensor], torch.Tensor], model_type: str = "odd") -> None:
        super().__init__()
        self._output = output
        self.config = SimpleNamespace(
            num_hidden_layers=2, model_type=model_type, _attn_implementation="eager"
        )
        self.dtype, self.device = torch.float32, torch.device("cpu")
        self.eval()

    def forward(self, input_ids: torch.Tensor, **_: Any) -> Any:
        return SimpleNamespace(last_hidden_state=self._output(input_ids.float().unsqueeze(-1)))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_architectures_that_heed_the_mask_are_padded(
    tiny_models: Callable[[str], Path], architecture: str
) -> None:
    folder = tiny_models(architecture)

    assert padding_id(folder) == load_tokenizer(find_model(str(folder))).pad_token_id


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("architecture", READ_PADDING)
def test_architectures_that_read_padding_are_not_padded(
    tiny_models: Callable[[str], Path], architecture: str, pooling: Pooling
) -> None:
    assert padding_id(tiny_models(architecture), pooling=pooling) is None


@pytest.mark.parametrize("max_length", [3, 4, 5])
def test_texts_that_are_cut_to_the_same_length_do_not_hide_it(
    tiny_models: Callable[[str], Path], max_length: int
) -> None:
    assert padding_id(tiny_models("fnet"), max_length=max_length) is None


@pytest.mark.parametrize(
    ("output", "complaint"),
    [
        (lambda ids: ids - ids.mean(0), "'odd' gives a text other features beside other texts of its length"),
        (lambda ids: torch.rand_like(ids), "'odd' gives a text other features"),
        (lambda ids: ids.view(7, -1), "'odd' cannot read a short text: shape "),
    ],
)
def test_an_encoder_without_a_score_for_each_text_is_refused(
    tokenizer: Any, output: Callable[[torch.Tensor], torch.Tensor], complaint: str
) -> None:
    with pytest.raises(ModelError, match=complaint):
        find_padding_id(Encoder(output), tokenizer, pooling=Pooling("mean"), max_length=64)


@pytest.mark.parametrize("tokens", [20, 60])
def test_an_encoder_that_computes_otherwise_beside_a_long_text_is_not_padded(
    tokenizer: Any, tokens: int
) -> None:
    encoder = Encoder(lambda ids: ids + (ids.shape[1] > tokens))

    assert find_padding_id(encoder, tokenizer, pooling=Pooling("cls"), max_length=64) is None


def test_an_encoder_that_hashes_at_random_is_refused_although_short_texts_do_not_show_it(
    tokenizer: Any,
) -> None:
    with pytest.raises(ModelError, match="'reformer' draws random numbers"):
        find_padding_id(
            Encoder(lambda ids: ids, "reformer"), tokenizer, pooling=Pooling("cls"), max_length=64
        )


def test_features_that_are_not_numbers_are_left_to_those_who_use_them(tokenizer: Any) -> None:
    encoder = Encoder(lambda ids: ids * torch.nan)

    assert find_padding_id(encoder, tokenizer, pooling=Pooling("cls"), max_length=64) == 0
