"""Where and how an encoder runs: what a placement changes, and what an architecture keeps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoModel

from textune.encoder.placement import Placement, place

IN_BF16 = Placement("cpu", "bf16", attention="sdpa")


@pytest.mark.parametrize(("architecture", "attention"), [("bert", "sdpa"), ("deberta-v2", "eager")])
def test_an_architecture_without_the_attention_asked_for_keeps_its_own(
    tiny_models: Callable[[str], Path], architecture: str, attention: str
) -> None:
    encoder = AutoModel.from_pretrained(tiny_models(architecture), attn_implementation="eager").eval()

    placed = place(encoder, IN_BF16)

    assert placed.config._attn_implementation == attention
    assert placed(torch.tensor([[2, 5, 3]])).last_hidden_state.isfinite().all()


def test_placing_leaves_the_encoder_itself_as_it_was(tiny_models: Callable[[str], Path]) -> None:
    encoder = AutoModel.from_pretrained(tiny_models("bert"), attn_implementation="eager").eval()

    placed = place(encoder, IN_BF16)

    assert (placed.dtype, encoder.dtype) == (torch.bfloat16, torch.float32)
    assert encoder.config._attn_implementation == "eager"


def test_an_encoder_that_is_placed_already_is_not_copied(tiny_models: Callable[[str], Path]) -> None:
    encoder = AutoModel.from_pretrained(tiny_models("bert"), dtype=torch.bfloat16).eval()

    assert place(encoder, IN_BF16) is encoder


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_a_device_with_a_number_is_the_device_that_has_it(
    tiny_models: Callable[[str], Path], device: str
) -> None:
    encoder = AutoModel.from_pretrained(tiny_models("bert")).eval()

    assert place(encoder, Placement(device, "fp32", attention="sdpa")) is encoder


def test_another_number_is_another_device(tiny_models: Callable[[str], Path]) -> None:
    encoder = AutoModel.from_pretrained(tiny_models("bert")).eval()

    assert place(encoder, Placement("cpu:1", "fp32", attention="sdpa")) is not encoder
