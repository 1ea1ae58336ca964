"""What fine-tuning trains: the classifier itself, some of it frozen, and how deep each parameter lies."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from textune.encoder.batching import pad_tensors
from textune.encoder.placement import Placement
from textune.encoder.suffix import build_prefix, run_prefix
from textune.errors import RecipeError
from textune.model.classifier import EncoderClassifier, head_logits
from textune.model.trainable import (
    TrainableClassifier,
    UsedRows,
    depths,
    make_trainable,
    reads_first_token_only,
    restore_table,
)
from tiny_classifiers import linear_classifier, stock_classifier
from tiny_models import ARCHITECTURES

TEXTS = ["so happy and great fun", "lost", "a sad day so very long and all alone"]
CAN_BE_CUT = [name for name in ARCHITECTURES if name != "albert"]

Folders = Callable[[str], Path]


@pytest.fixture
def classifier(tiny_models: Folders) -> EncoderClassifier:
    return stock_classifier(tiny_models("distilbert"))


def inputs_of(classifier: EncoderClassifier) -> dict[str, torch.Tensor]:
    rows = classifier.tokenize(TEXTS).rows
    ids, mask = pad_tensors(rows, padding_id=classifier.tokenizer.pad_token_id)
    return {"input_ids": ids, "attention_mask": mask}


def states_of(classifier: EncoderClassifier, frozen_layers: int) -> dict[str, torch.Tensor]:
    """Return the inputs of a module whose frozen layers are left out."""
    inputs = inputs_of(classifier)
    with torch.inference_mode():
        states = run_prefix(build_prefix(classifier.encoder, frozen_layers), inputs)
    return {"states": states, "attention_mask": inputs["attention_mask"]}


def trainable(classifier: EncoderClassifier, **changes: Any) -> TrainableClassifier:
    settings: dict[str, Any] = {
        "frozen_layers": 0,
        "freeze_embeddings": True,
        "dropout": 0.2,
        "left_out": False,
    }
    return make_trainable(classifier, **(settings | changes))


def logits_of(module: TrainableClassifier, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return a module's logits in evaluation mode, computed by a copy of it, as training does."""
    with torch.inference_mode():
        logits: torch.Tensor = copy.deepcopy(module).eval()(**inputs)
    return logits


def stock_logits(classifier: EncoderClassifier) -> torch.Tensor:
    """Return the logits that the model has in plain transformers."""
    with torch.inference_mode():
        logits: torch.Tensor = classifier.stock.eval()(**inputs_of(classifier)).logits
    return logits


def linear_logits(classifier: EncoderClassifier) -> torch.Tensor:
    """Return the logits of a linear head on pooled features."""
    features = classifier.features(
        classifier.tokenize(TEXTS).rows, placement=Placement("cpu", "fp32", "eager")
    )
    return head_logits(classifier.head, torch.from_numpy(features))


def depth_by_part(module: TrainableClassifier) -> dict[str, set[int]]:
    """Return the depths of a DistilBERT's parameters by the part of the model that they belong to."""
    by_part: dict[str, set[int]] = {}
    for name, _, depth in depths(module):
        part = name.partition(".layer.")[2].partition(".")[0] or name.split(".")[1]
        by_part.setdefault("head" if name.startswith("head.") else part, set()).add(depth)
    return by_part


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_logits_are_those_of_the_model_in_plain_transformers(
    tiny_models: Folders, architecture: str
) -> None:
    classifier = stock_classifier(tiny_models(architecture))
    expected = stock_logits(classifier)

    logits = logits_of(trainable(classifier), inputs_of(classifier))

    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("architecture", CAN_BE_CUT)
def test_the_logits_are_the_same_where_frozen_layers_are_left_out(
    tiny_models: Folders, architecture: str
) -> None:
    classifier = stock_classifier(tiny_models(architecture))
    expected = stock_logits(classifier)

    module = trainable(classifier, frozen_layers=1, left_out=True)

    torch.testing.assert_close(logits_of(module, states_of(classifier, 1)), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("architecture", CAN_BE_CUT)
def test_a_linear_head_reads_the_layers_that_it_names_where_frozen_ones_are_left_out(
    tiny_models: Folders, architecture: str
) -> None:
    classifier = linear_classifier(tiny_models(architecture), layers=(-1, 1))
    expected = linear_logits(classifier)

    module = trainable(classifier, frozen_layers=1, left_out=True)

    torch.testing.assert_close(logits_of(module, states_of(classifier, 1)), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_logits_are_the_same_where_embeddings_are_trained(
    tiny_models: Folders, architecture: str
) -> None:
    classifier = stock_classifier(tiny_models(architecture))
    expected = stock_logits(classifier)

    module = trainable(classifier, freeze_embeddings=False, token_ids=[10, 11, 12])

    torch.testing.assert_close(logits_of(module, inputs_of(classifier)), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_logits_are_the_same_where_the_last_layer_may_give_the_first_token_alone(
    tiny_models: Folders, architecture: str
) -> None:
    classifier = stock_classifier(tiny_models(architecture))
    expected, inputs = stock_logits(classifier), inputs_of(classifier)

    module = trainable(classifier, first_token_only=reads_first_token_only(classifier, inputs))

    torch.testing.assert_close(logits_of(module, inputs), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("architecture", "expected"), [("distilbert", True), ("bert", True), ("deberta-v2", False)]
)
def test_the_first_token_alone_is_read_where_the_family_is_known(
    tiny_models: Folders, architecture: str, expected: bool
) -> None:
    classifier = stock_classifier(tiny_models(architecture))

    assert reads_first_token_only(classifier, inputs_of(classifier)) is expected


def test_a_head_that_reads_a_mean_needs_all_tokens(tiny_models: Folders) -> None:
    classifier = linear_classifier(tiny_models("distilbert"), layers=(-1,))

    assert not reads_first_token_only(classifier, inputs_of(classifier))


def test_the_head_is_at_depth_0_and_the_embeddings_lie_deepest(classifier: EncoderClassifier) -> None:
    module = trainable(classifier, freeze_embeddings=False, token_ids=[10])

    assert depth_by_part(module) == {"head": {0}, "1": {1}, "0": {2}, "embeddings": {3}}


def test_the_last_layer_is_at_depth_1_where_others_are_left_out(classifier: EncoderClassifier) -> None:
    module = trainable(classifier, frozen_layers=1, left_out=True)

    assert depth_by_part(module) == {"head": {0}, "0": {1}}


def test_frozen_layers_and_what_lies_before_them_have_no_depth(classifier: EncoderClassifier) -> None:
    module = trainable(classifier, frozen_layers=1)

    assert depth_by_part(module) == {"head": {0}, "1": {1}}


@pytest.mark.parametrize("architecture", CAN_BE_CUT)
def test_every_depth_from_the_head_to_the_first_layer_is_there(
    tiny_models: Folders, architecture: str
) -> None:
    module = trainable(stock_classifier(tiny_models(architecture)))

    assert {depth for _, _, depth in depths(module)} == {0, 1, 2}


def test_nothing_is_dropped_in_frozen_layers_and_before_them(classifier: EncoderClassifier) -> None:
    encoder = copy.deepcopy(trainable(classifier, frozen_layers=1)).train().encoder

    assert not any(part.training for part in encoder.transformer.layer[0].modules())
    assert not any(part.training for part in encoder.embeddings.modules())
    assert all(part.training for part in encoder.transformer.layer[1].modules())


def test_everything_is_in_training_mode_where_no_layer_is_frozen(classifier: EncoderClassifier) -> None:
    module = copy.deepcopy(trainable(classifier)).train()

    assert all(part.training for part in module.modules())


def test_what_is_left_is_in_training_mode_where_frozen_layers_are_left_out(
    classifier: EncoderClassifier,
) -> None:
    module = copy.deepcopy(trainable(classifier, frozen_layers=1, left_out=True)).train()

    assert all(part.training for part in module.encoder.transformer.layer.modules())


def test_a_linear_head_has_dropout_before_it_and_a_stock_head_its_own(tiny_models: Folders) -> None:
    linear = trainable(linear_classifier(tiny_models("distilbert")), dropout=0.3)
    stock = trainable(stock_classifier(tiny_models("distilbert")), dropout=0.3)

    assert (linear.dropout.p, stock.dropout.p) == (0.3, 0.0)


@pytest.mark.parametrize(("layers", "lowest"), [((-1, 0), 0), ((-2, 0), 0), ((-3,), 0)])
def test_a_pooled_layer_that_is_frozen_is_reported(
    tiny_models: Folders, layers: tuple[int, ...], lowest: int
) -> None:
    classifier = linear_classifier(tiny_models("distilbert"), layers=layers)

    with pytest.raises(RecipeError, match=f"reads layer {lowest}, and model.frozen_layers = 1") as caught:
        trainable(classifier, frozen_layers=1)

    assert "pool layers from 1 on" in caught.value.hint


def test_training_the_module_trains_the_model(classifier: EncoderClassifier) -> None:
    module = trainable(classifier)
    with torch.no_grad():
        dict(module.named_parameters())["encoder.transformer.layer.0.ffn.lin1.weight"].add_(1.0)

    torch.testing.assert_close(
        logits_of(module, inputs_of(classifier)), stock_logits(classifier), atol=1e-5, rtol=0
    )


def test_a_pooler_that_belongs_to_the_head_is_trained_beside_low_rank_updates(tiny_models: Folders) -> None:
    module = trainable(stock_classifier(tiny_models("bert")), low_rank=True)

    trained = {name for name, _, _ in depths(module)}

    assert any("pooler" in name for name in trained)
    assert not any(name.startswith("encoder.") for name in trained)


def test_trained_embeddings_go_back_into_the_table_and_it_where_it_was(classifier: EncoderClassifier) -> None:
    table = classifier.encoder.get_input_embeddings()
    before = table.weight.detach().clone()
    module = trainable(classifier, freeze_embeddings=False, token_ids=[10, 12])
    (rows,) = (part for part in module.modules() if isinstance(part, UsedRows))
    with torch.no_grad():
        rows.weight.add_(1.0)

    restore_table(module, classifier, table)

    assert classifier.encoder.get_input_embeddings() is table
    assert (table.weight != before).any(dim=1).nonzero().flatten().tolist() == [10, 12]
