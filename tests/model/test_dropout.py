"""Dropout from seeds of its own: the right share, the same mask again, and whole attention."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from transformers import AutoConfig, AutoModel

from textune.model.dropout import FastDropout, Randomness, replace_dropout
from tiny_models import ARCHITECTURES, build_tiny_model

IDS = torch.tensor([[2, 10, 11, 12, 3], [2, 13, 14, 15, 3]])
HIDDEN_RATES = ("hidden_dropout_prob", "dropout")
ATTENTION_RATES = ("attention_probs_dropout_prob", "attention_dropout")

Load = Callable[..., Any]


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Load a tiny encoder in training mode, with these dropout rates, whatever they are called there."""
    folder = tmp_path_factory.mktemp("models")

    def loaded(architecture: str, *, hidden: float = 0.1, attention: float = 0.1) -> Any:
        path = folder / architecture
        source: Path = path if path.exists() else build_tiny_model(path, architecture)
        known = AutoConfig.from_pretrained(source).to_dict().keys()
        rates = dict.fromkeys(HIDDEN_RATES, hidden) | dict.fromkeys(ATTENTION_RATES, attention)
        rates = {name: rate for name, rate in rates.items() if name in known}
        return AutoModel.from_pretrained(source, attn_implementation="eager", **rates).train()

    return loaded


def seeded(*numbers: int) -> Randomness:
    randomness = Randomness()
    randomness.seed(*numbers)
    return randomness


def mask_of(*numbers: int, rate: float = 0.5) -> list[bool]:
    """Return which of a thousand values the dropout of a seed keeps."""
    kept: list[bool] = (FastDropout(rate, seeded(*numbers))(torch.ones(1000)) > 0).tolist()
    return kept


def states_of(encoder: Any) -> torch.Tensor:
    with torch.no_grad():
        states: torch.Tensor = encoder(input_ids=IDS, attention_mask=torch.ones_like(IDS)).last_hidden_state
    return states


# Of a million values, the share that is dropped lies within 0.0025 of its rate: five standard deviations.
@pytest.mark.parametrize(("rate", "share"), [(0.1, 26 / 256), (0.2, 51 / 256), (0.5, 0.5), (0.9, 230 / 256)])
def test_the_share_of_dropped_values_is_the_rate_rounded_to_a_256th(rate: float, share: float) -> None:
    dropped = FastDropout(rate, seeded(1))(torch.ones(1_000_000)) == 0

    assert float(dropped.double().mean()) == pytest.approx(share, abs=0.0025)


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_what_is_kept_is_scaled_so_that_the_mean_stays(rate: float) -> None:
    values = FastDropout(rate, seeded(1))(torch.ones(1_000_000))

    assert len(values.unique()) == 2
    assert float(values.double().mean()) == pytest.approx(1.0, abs=0.005)


def test_the_same_seed_drops_the_same_values() -> None:
    assert mask_of(3, 14) == mask_of(3, 14)


@pytest.mark.parametrize("numbers", [(3, 15), (4, 14), (14, 3), (3,)])
def test_another_seed_drops_other_values(numbers: tuple[int, ...]) -> None:
    assert mask_of(*numbers) != mask_of(3, 14)


def test_the_masks_of_a_sequence_differ_from_each_other() -> None:
    layer = FastDropout(0.5, seeded(1))

    assert not torch.equal(layer(torch.ones(1000)), layer(torch.ones(1000)))


def test_the_generator_of_torch_has_no_part_in_it() -> None:
    torch.manual_seed(1)
    first = mask_of(3)
    torch.manual_seed(2)
    before = torch.get_rng_state()

    assert mask_of(3) == first
    assert torch.equal(torch.get_rng_state(), before)


def test_evaluation_mode_passes_values_through() -> None:
    values = torch.randn(10, 10)

    assert FastDropout(0.5, seeded(1)).eval()(values) is values


def test_a_rate_of_0_passes_values_through_and_draws_nothing() -> None:
    randomness, values = seeded(1), torch.ones(10)

    assert FastDropout(0.0, randomness)(values) is values
    assert randomness.number() == seeded(1).number()


def test_gradients_are_dropped_and_scaled_with_their_values() -> None:
    values = torch.ones(1000, requires_grad=True)

    kept = FastDropout(0.5, seeded(1))(values)
    kept.sum().backward()

    assert values.grad is not None
    assert torch.equal(values.grad, kept.detach())


def test_bf16_values_stay_bf16() -> None:
    assert FastDropout(0.5, seeded(1))(torch.ones(4, dtype=torch.bfloat16)).dtype == torch.bfloat16


def test_every_dropout_layer_is_replaced_wherever_it_lies() -> None:
    module = nn.Sequential(nn.Dropout(0.3), nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.4)))

    replace_dropout(module, Randomness())

    rates = [part.rate for part in module.modules() if isinstance(part, FastDropout)]
    assert rates == [0.3, 0.4]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_no_architecture_keeps_a_dropout_layer_of_torch(load: Load, architecture: str) -> None:
    encoder = load(architecture)

    replace_dropout(encoder, Randomness())

    assert not any(isinstance(part, nn.Dropout) for part in encoder.modules())


@pytest.mark.parametrize("architecture", [name for name in ARCHITECTURES if name != "modernbert"])
def test_attention_probabilities_are_left_whole(load: Load, architecture: str) -> None:
    encoder = load(architecture, hidden=0.0, attention=0.9)
    expected = states_of(encoder.eval())

    replace_dropout(encoder.train(), seeded(1))

    torch.testing.assert_close(states_of(encoder), expected, atol=1e-6, rtol=0)


def test_attention_probabilities_are_left_whole_where_their_rate_is_a_number(load: Load) -> None:
    encoder = load("modernbert", attention=0.9)

    replace_dropout(encoder, seeded(1))

    assert [layer.attn.attention_dropout for layer in encoder.layers] == [0.0, 0.0]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_output_of_layers_is_dropped(load: Load, architecture: str) -> None:
    encoder = load(architecture)
    whole = states_of(encoder.eval())

    replace_dropout(encoder.train(), seeded(1))

    assert not torch.allclose(states_of(encoder), whole, atol=1e-3)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_same_seed_gives_the_same_output(load: Load, architecture: str) -> None:
    randomness, encoder = seeded(5), load(architecture)
    replace_dropout(encoder, randomness)
    first = states_of(encoder)

    randomness.seed(5)

    assert torch.equal(states_of(encoder), first)
