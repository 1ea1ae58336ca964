"""What loading a model's weights promises: the same bits every time, and nothing is silently made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from textune.encoder.loading import ModelFolder, find_model, load_encoder, load_stock_model, load_tokenizer
from textune.errors import ModelError
from tiny_models import ARCHITECTURES, build_tiny_model, change_json, change_weights

EMOTIONS = ["anger", "joy", "optimism", "sadness"]
TEXTS = ["I feel so happy today", "terrible, lonely night: i just want to cry"]


def classify(folder: ModelFolder, model: Any) -> torch.Tensor:
    batch = load_tokenizer(folder)(TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        return model(**batch).logits


def same_weights(one: Any, other: Any) -> bool:
    others = other.state_dict()
    return all(torch.equal(tensor, others[name]) for name, tensor in one.state_dict().items())


def without(*keys: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda weights: {name: tensor for name, tensor in weights.items() if name not in keys}


def load_new_classifier(folder: ModelFolder) -> Any:
    return load_stock_model(folder, label_names=EMOTIONS, seed=0)


def test_the_same_seed_gives_the_same_head_to_the_last_bit(bert: Path) -> None:
    folder = find_model(str(bert))

    one = load_stock_model(folder, label_names=EMOTIONS, seed=7)
    torch.rand(3)
    other = load_stock_model(folder, label_names=EMOTIONS, seed=7)

    assert same_weights(one, other)


def test_another_seed_gives_another_head(bert: Path) -> None:
    folder = find_model(str(bert))

    one = load_stock_model(folder, label_names=EMOTIONS, seed=7)
    other = load_stock_model(folder, label_names=EMOTIONS, seed=8)

    assert not torch.equal(one.classifier.weight, other.classifier.weight)
    assert same_weights(one.base_model, other.base_model)


def test_loading_leaves_the_global_random_state_alone(bert: Path) -> None:
    folder = find_model(str(bert))
    before = torch.get_rng_state()

    load_encoder(folder)
    load_stock_model(folder, label_names=EMOTIONS, seed=7)

    assert torch.equal(torch.get_rng_state(), before)


def test_loading_prints_nothing_and_leaves_the_logging_as_it_was(
    bert: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from transformers.utils import logging

    folder = find_model(str(bert))
    logging.set_verbosity_warning()
    logging.enable_progress_bar()
    capfd.readouterr()

    load_tokenizer(folder)
    load_encoder(folder)
    load_stock_model(folder, label_names=EMOTIONS, seed=0)

    assert capfd.readouterr() == ("", "")
    assert logging.get_verbosity() == logging.WARNING
    assert logging.is_progress_bar_enabled()


def test_weights_in_half_precision_are_loaded_as_float32(bert: Path) -> None:
    change_weights(bert, lambda weights: {name: tensor.bfloat16() for name, tensor in weights.items()})
    change_json(bert / "config.json", dtype="bfloat16")

    assert load_encoder(find_model(str(bert))).dtype == torch.float32


@pytest.mark.parametrize("prefix", ["", "bert."])
def test_old_names_of_layer_norms_are_understood(
    bert: Path, tiny_models: Callable[[str], Path], prefix: str
) -> None:
    def with_old_names(weights: dict[str, Any]) -> dict[str, Any]:
        return {
            prefix
            + name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"):
            # Away from 1 and 0, so that a fresh layer norm would be noticed.
            tensor + 0.25 if "LayerNorm" in name else tensor
            for name, tensor in weights.items()
        }

    expected = load_encoder(find_model(str(tiny_models("bert"))))
    change_weights(bert, with_old_names)

    state = load_encoder(find_model(str(bert))).state_dict()

    shifted = {
        name: tensor + 0.25 if "LayerNorm" in name else tensor
        for name, tensor in expected.state_dict().items()
    }
    assert all(torch.equal(state[name], tensor) for name, tensor in shifted.items())


@pytest.mark.parametrize("load", [load_encoder, load_new_classifier])
def test_an_encoder_that_lacks_a_tensor_is_refused(bert: Path, load: Callable[[ModelFolder], Any]) -> None:
    change_weights(bert, without("encoder.layer.1.output.dense.weight"))

    with pytest.raises(ModelError, match=r"lack .*encoder\.layer\.1\.output\.dense\.weight"):
        load(find_model(str(bert)))


def test_an_encoder_with_a_tensor_of_another_shape_is_refused(bert: Path) -> None:
    change_json(bert / "config.json", intermediate_size=64)

    with pytest.raises(ModelError, match=r"have another shape for .*encoder\.layer\.0\..* and \d+ more"):
        load_encoder(find_model(str(bert)))


@pytest.mark.parametrize("load", [load_encoder, load_new_classifier])
def test_an_encoder_with_layers_that_its_configuration_leaves_out_is_refused(
    bert: Path, load: Callable[[ModelFolder], Any]
) -> None:
    change_json(bert / "config.json", num_hidden_layers=1)

    with pytest.raises(ModelError, match=r"have the unexpected .*encoder\.layer\.1\."):
        load(find_model(str(bert)))


def test_a_pooler_that_is_missing_is_made_the_same_way_every_time(bert: Path) -> None:
    change_weights(bert, without("pooler.dense.weight", "pooler.dense.bias"))
    folder = find_model(str(bert))

    assert same_weights(load_encoder(folder), load_encoder(folder))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_head_of_other_labels_is_replaced(tmp_path: Path, architecture: str) -> None:
    folder = find_model(str(build_tiny_model(tmp_path, architecture, labels=["down", "up"])))

    model = load_stock_model(folder, label_names=EMOTIONS, seed=0)

    assert classify(folder, model).shape == (2, 4)
    assert same_weights(model, load_stock_model(folder, label_names=EMOTIONS, seed=0))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_head_of_as_many_labels_is_replaced_and_the_encoder_is_not(
    tmp_path: Path, architecture: str
) -> None:
    folder = find_model(str(build_tiny_model(tmp_path, architecture, labels=EMOTIONS, seed=1)))
    kept = load_stock_model(folder, label_names=EMOTIONS, seed=0, new_head=False)

    model = load_stock_model(folder, label_names=EMOTIONS, seed=0)

    assert not torch.allclose(classify(folder, model), classify(folder, kept))
    assert same_weights(model.base_model, kept.base_model)


def test_a_head_can_be_kept_to_the_last_bit(tmp_path: Path) -> None:
    folder = find_model(str(build_tiny_model(tmp_path, "distilbert", labels=EMOTIONS)))

    model = load_stock_model(folder, label_names=EMOTIONS, seed=5, new_head=False)

    saved = load_file(tmp_path / "model.safetensors")
    assert model.state_dict().keys() == saved.keys()
    assert all(torch.equal(tensor, saved[name]) for name, tensor in model.state_dict().items())


def test_a_head_to_be_kept_must_be_whole(tmp_path: Path) -> None:
    folder = build_tiny_model(tmp_path, "distilbert", labels=EMOTIONS)
    change_weights(folder, without("classifier.bias"))

    with pytest.raises(ModelError, match=r"lack classifier\.bias"):
        load_stock_model(find_model(str(folder)), label_names=EMOTIONS, seed=0, new_head=False)


def test_a_head_to_be_kept_must_be_all_there_is(tmp_path: Path) -> None:
    folder = build_tiny_model(tmp_path, "distilbert", labels=EMOTIONS)
    change_weights(folder, lambda weights: {**weights, "classifier.scale": torch.ones(1)})

    with pytest.raises(ModelError, match=r"have the unexpected classifier\.scale"):
        load_stock_model(find_model(str(folder)), label_names=EMOTIONS, seed=0, new_head=False)
