"""The trainable suffix: prefix and suffix together are the encoder, which stays as it was."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModel

from textune.encoder.batching import pad_tensors
from textune.encoder.suffix import build_prefix, build_suffix, check_frozen_layers, layers_of, run_prefix
from textune.errors import RecipeError
from tiny_models import ARCHITECTURES

ROWS = [[2, 10, 11, 3], [2, 12, 3], [2, 10, 11, 12, 13, 14, 3]]
CAN_BE_CUT = [name for name in ARCHITECTURES if name != "albert"]

Models = Callable[[str], Path]


def load(folder: Path) -> Any:
    return AutoModel.from_pretrained(folder, attn_implementation="eager").eval()


def inputs_of(encoder: Any) -> dict[str, torch.Tensor]:
    ids, mask = pad_tensors(ROWS, padding_id=encoder.config.pad_token_id)
    return {"input_ids": ids, "attention_mask": mask}


def last_states(encoder: Any, **inputs: torch.Tensor) -> torch.Tensor:
    """Return the hidden states of all real tokens, one after the other."""
    with torch.inference_mode():
        states: torch.Tensor = encoder(**inputs).last_hidden_state
    return states[inputs["attention_mask"].bool()]


def runnable_suffix(encoder: Any, frozen_layers: int) -> Any:
    return copy.deepcopy(build_suffix(encoder, frozen_layers)).eval()


def prefix_states(encoder: Any, frozen_layers: int) -> torch.Tensor:
    with torch.inference_mode():
        return run_prefix(build_prefix(encoder, frozen_layers), inputs_of(encoder))


@pytest.fixture(params=CAN_BE_CUT)
def encoder(request: pytest.FixtureRequest, tiny_models: Models) -> Any:
    return load(tiny_models(request.param))


@pytest.fixture
def distilbert(tiny_models: Models) -> Any:
    return load(tiny_models("distilbert"))


def test_prefix_and_suffix_together_are_the_encoder(encoder: Any) -> None:
    inputs = inputs_of(encoder)
    expected = last_states(encoder, **inputs)

    states = last_states(
        runnable_suffix(encoder, 1),
        inputs_embeds=prefix_states(encoder, 1),
        attention_mask=inputs["attention_mask"],
    )

    torch.testing.assert_close(states, expected, atol=1e-5, rtol=0)


def test_the_suffix_of_no_frozen_layers_is_the_encoder(encoder: Any) -> None:
    inputs = inputs_of(encoder)

    states = last_states(runnable_suffix(encoder, 0), **inputs)

    torch.testing.assert_close(states, last_states(encoder, **inputs), atol=1e-5, rtol=0)


def test_an_architecture_whose_layers_are_a_list_can_be_cut(encoder: Any) -> None:
    check_frozen_layers(encoder, 1, inputs=inputs_of(encoder))


def test_cutting_leaves_the_encoder_as_it_was(encoder: Any) -> None:
    inputs = inputs_of(encoder)
    names, expected = list(encoder.state_dict()), last_states(encoder, **inputs)

    prefix_states(encoder, 1)
    build_suffix(encoder, 1)
    check_frozen_layers(encoder, 1, inputs=inputs)

    assert list(encoder.state_dict()) == names
    assert torch.equal(last_states(encoder, **inputs), expected)


def test_the_suffix_has_the_encoders_own_parameters_of_its_later_layers(encoder: Any) -> None:
    layers = layers_of(encoder)
    assert layers is not None

    parameters = set(build_suffix(encoder, 1).parameters())

    assert parameters <= set(encoder.parameters())
    assert set(layers[1].parameters()) <= parameters
    assert parameters.isdisjoint(layers[0].parameters())


def test_the_prefix_has_parameters_of_its_own(encoder: Any) -> None:
    own = {parameter.data_ptr() for parameter in build_prefix(encoder, 1).parameters()}

    assert own.isdisjoint(parameter.data_ptr() for parameter in encoder.parameters())


def test_the_pooler_is_not_part_of_the_suffix(tiny_models: Models) -> None:
    encoder = load(tiny_models("bert"))

    names = [name for name, _ in build_suffix(encoder, 0).named_parameters()]

    assert not any(name.startswith("pooler") for name in names)
    assert encoder.pooler is not None


def test_a_suffix_for_the_first_token_alone_gives_its_vector(distilbert: Any) -> None:
    inputs = inputs_of(distilbert)
    short = copy.deepcopy(build_suffix(distilbert, 0, first_token_only=True)).eval()

    with torch.inference_mode():
        shortened, whole = short(**inputs).last_hidden_state, distilbert(**inputs).last_hidden_state

    assert shortened.shape == (len(ROWS), 1, 16)
    torch.testing.assert_close(shortened[:, 0], whole[:, 0], atol=1e-5, rtol=0)


def test_albert_whose_layers_are_shared_is_refused(tiny_models: Models) -> None:
    encoder = load(tiny_models("albert"))

    with pytest.raises(RecipeError, match="layers of 'albert' cannot be frozen one by one") as caught:
        check_frozen_layers(encoder, 1, inputs=inputs_of(encoder))

    assert "0 or to 'all'" in caught.value.hint


def test_an_encoder_whose_layers_are_shared_has_no_list_of_them(tiny_models: Models) -> None:
    assert layers_of(load(tiny_models("albert"))) is None


@pytest.mark.parametrize("frozen_layers", [2, 3])
def test_as_many_layers_as_there_are_or_more_are_refused(distilbert: Any, frozen_layers: int) -> None:
    with pytest.raises(RecipeError, match=f"frozen_layers = {frozen_layers}, but the model has 2") as caught:
        check_frozen_layers(distilbert, frozen_layers, inputs=inputs_of(distilbert))

    assert "Set it to 1 or less" in caught.value.hint


def test_an_architecture_that_does_more_between_its_layers_is_refused(tiny_models: Models) -> None:
    # Here a convolution over the embeddings follows the first layer, and would follow the suffix's first.
    config = AutoConfig.from_pretrained(tiny_models("deberta-v2"))
    config.conv_kernel_size, config.conv_act = 3, "gelu"
    encoder = AutoModel.from_config(config, attn_implementation="eager").eval()

    with pytest.raises(RecipeError, match="'deberta-v2' cannot be cut after 1 layers"):
        check_frozen_layers(encoder, 1, inputs=inputs_of(encoder))
