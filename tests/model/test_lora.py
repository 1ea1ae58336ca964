"""Low-rank updates: only they learn, and merged they leave a plain encoder that gives the same."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from transformers import AutoModel

from textune.errors import RecipeError
from textune.model.lora import add_lora, merge_lora
from tiny_models import ARCHITECTURES

# It is looked for, not imported: that takes seconds, also where other tests are chosen.
pytestmark = pytest.mark.skipif(find_spec("peft") is None, reason="needs the extra 'lora'")

WITH_LAYERS = [name for name in ARCHITECTURES if name != "albert"]
IDS = torch.tensor([[2, 10, 11, 12, 3], [2, 13, 14, 15, 3]])

Load = Callable[[str], Any]


@pytest.fixture
def load(tiny_models: Callable[[str], Path]) -> Load:
    """Load a tiny encoder by its architecture."""

    def loaded(architecture: str) -> Any:
        return AutoModel.from_pretrained(tiny_models(architecture), attn_implementation="eager").eval()

    return loaded


def with_lora(encoder: Any, *, rank: int = 4, alpha: int = 8, frozen_layers: int = 0, seed: int = 0) -> Any:
    add_lora(encoder, rank=rank, alpha=alpha, frozen_layers=frozen_layers, seed=seed)
    return encoder


def learned(encoder: Any) -> Any:
    """Return an encoder whose updates are no longer zero."""
    generator = torch.Generator().manual_seed(0)
    for update in updates_of(encoder).values():
        nn.init.normal_(update, std=0.3, generator=generator)
    return encoder


def updates_of(encoder: Any) -> dict[str, nn.Parameter]:
    return {name: parameter for name, parameter in encoder.named_parameters() if "lora_" in name}


def output_of(encoder: Any) -> torch.Tensor:
    with torch.no_grad():
        states: torch.Tensor = encoder(input_ids=IDS).last_hidden_state
    return states


@pytest.mark.parametrize("architecture", WITH_LAYERS)
def test_before_it_has_learned_an_encoder_gives_what_it_gave(load: Load, architecture: str) -> None:
    encoder = load(architecture)
    expected = output_of(encoder)

    output = output_of(with_lora(encoder))

    assert torch.equal(output, expected)


@pytest.mark.parametrize("architecture", WITH_LAYERS)
def test_merged_updates_give_what_they_gave_before(load: Load, architecture: str) -> None:
    encoder = learned(with_lora(load(architecture)))
    expected = output_of(encoder)

    merge_lora(encoder)

    assert not torch.allclose(expected, output_of(load(architecture)), atol=1e-2)
    torch.testing.assert_close(output_of(encoder), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("architecture", WITH_LAYERS)
def test_merged_an_encoder_has_the_modules_and_parameters_of_a_plain_one(
    load: Load, architecture: str
) -> None:
    plain, encoder = load(architecture), learned(with_lora(load(architecture)))

    merge_lora(encoder)

    def parts(each: Any) -> list[tuple[str, type]]:
        return [(name, type(module)) for name, module in each.named_modules()]

    assert parts(encoder) == parts(plain)
    assert list(encoder.state_dict()) == list(plain.state_dict())


def test_all_linear_layers_of_a_layer_learn(load: Load) -> None:
    encoder = with_lora(load("distilbert"))

    names = {name.split(".lora_")[0] for name in updates_of(encoder) if ".layer.1." in name}

    assert {name.split("layer.1.")[1] for name in names} == {
        "attention.q_lin",
        "attention.k_lin",
        "attention.v_lin",
        "attention.out_lin",
        "ffn.lin1",
        "ffn.lin2",
    }


def test_frozen_layers_get_no_updates(load: Load) -> None:
    encoder = with_lora(load("bert"), frozen_layers=1)

    assert updates_of(encoder)
    assert all(name.startswith("encoder.layer.1.") for name in updates_of(encoder))


def test_an_update_has_the_rank_that_was_asked_for(load: Load) -> None:
    updates = updates_of(with_lora(load("distilbert"), rank=3))

    assert {min(update.shape) for update in updates.values()} == {3}


def test_an_update_is_scaled_by_alpha_over_rank(load: Load) -> None:
    encoder = learned(with_lora(load("distilbert"), rank=4, alpha=2))
    layer: Any = encoder.transformer.layer[0].ffn.lin1
    change = layer.lora_B["default"].weight @ layer.lora_A["default"].weight * 2 / 4
    expected = (layer.get_base_layer().weight + change).detach().clone()

    merge_lora(encoder)

    torch.testing.assert_close(encoder.transformer.layer[0].ffn.lin1.weight.detach(), expected)


def test_the_same_seed_gives_the_same_weights(load: Load) -> None:
    first, second = (updates_of(with_lora(load("distilbert"), seed=5)) for _ in range(2))

    torch.testing.assert_close(second, first, atol=0, rtol=0)


def test_another_seed_gives_other_weights(load: Load) -> None:
    first, second = (updates_of(with_lora(load("distilbert"), seed=seed)) for seed in (1, 2))

    name = next(name for name in first if "lora_A" in name)
    assert not torch.equal(first[name], second[name])


def test_the_global_random_state_stays_as_it_was(load: Load) -> None:
    encoder = load("distilbert")
    before = torch.random.get_rng_state()

    with_lora(encoder)

    assert torch.equal(torch.random.get_rng_state(), before)


def test_layers_that_are_shared_are_refused(load: Load) -> None:
    with pytest.raises(RecipeError, match=r"layers of 'albert' are shared"):
        with_lora(load("albert"))
