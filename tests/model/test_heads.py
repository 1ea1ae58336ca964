"""Heads: a stock head is the model's own, for every architecture; a linear one folds what belongs to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification

from textune.encoder.batching import pad_tensors
from textune.encoder.placement import Placement
from textune.encoder.prefix import encode
from textune.model.classifier import head_logits
from textune.model.heads import LinearHead, Standardisation, StockHead, fold_calibration, stock_pooling
from textune.tasks.label_kind import LogitCalibration
from tiny_models import ARCHITECTURES, build_tiny_model

ROWS = [[2, 10, 11, 3], [2, 12, 3], [2, 10, 11, 12, 13, 14, 3]]
FP32 = Placement("cpu", "fp32", "eager")


@pytest.fixture(scope="module", params=ARCHITECTURES)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("tiny")
    build_tiny_model(folder, request.param)
    torch.manual_seed(0)
    return AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=3, attn_implementation="eager"
    ).eval()


def features_of(model: Any) -> torch.Tensor:
    pooling = stock_pooling(model.config)
    padding_id = model.config.pad_token_id
    return torch.from_numpy(
        encode(model.base_model, ROWS, pooling=pooling, padding_id=padding_id, placement=FP32)
    )


def whole_model_logits(model: Any) -> torch.Tensor:
    input_ids, attention_mask = pad_tensors(ROWS, padding_id=model.config.pad_token_id)
    with torch.inference_mode():
        logits: torch.Tensor = model.eval()(input_ids=input_ids, attention_mask=attention_mask).logits
    return logits


def test_a_stock_head_on_features_gives_the_whole_models_logits(model: Any) -> None:
    logits = head_logits(StockHead(model), features_of(model))

    torch.testing.assert_close(logits, whole_model_logits(model), atol=1e-5, rtol=0)


def test_a_stock_head_leaves_the_model_its_encoder(model: Any) -> None:
    before = set(model.state_dict())

    StockHead(model)

    assert set(model.state_dict()) == before


def test_training_a_stock_head_trains_the_model_and_not_its_encoder(model: Any) -> None:
    encoder = {name: tensor.clone() for name, tensor in model.base_model.state_dict().items()}
    head, features = StockHead(model), features_of(model)
    optimizer = torch.optim.SGD(head.parameters(), lr=1.0)

    torch.nn.functional.cross_entropy(head(features), torch.tensor([0, 1, 2])).backward()
    optimizer.step()

    torch.testing.assert_close(head_logits(head, features), whole_model_logits(model), atol=1e-5, rtol=0)
    after = model.base_model.state_dict()
    changed = [name for name, tensor in encoder.items() if not torch.equal(after[name], tensor)]
    assert all(name.startswith("pooler") for name in changed)


def test_the_last_layer_of_a_stock_head_gives_the_logits(model: Any) -> None:
    head, features = StockHead(model), features_of(model)
    before = head_logits(head, features)

    fold_calibration(head, LogitCalibration(2.0))

    torch.testing.assert_close(head_logits(head, features), before / 2)


def test_the_dropout_of_a_stock_head_can_be_set(model: Any) -> None:
    head = StockHead(model, dropout=0.37)

    rates = {module.p for module in head.modules() if isinstance(module, torch.nn.Dropout)}

    assert rates == {0.37}


def test_a_linear_head_starts_undecided() -> None:
    assert head_logits(LinearHead(4, 3), torch.randn(5, 4)).abs().max() == 0


def test_standardised_features_have_mean_0_and_deviation_1() -> None:
    features = torch.from_numpy(np.random.default_rng(0).normal(3, 5, size=(100, 4)).astype(np.float32))

    standardised = Standardisation.of([features]).apply(features)

    torch.testing.assert_close(standardised.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(standardised.std(0, correction=0), torch.ones(4))


def test_features_in_parts_have_the_statistics_of_the_whole() -> None:
    features = torch.from_numpy(np.random.default_rng(0).normal(3, 5, size=(100, 4)).astype(np.float32))
    features[:, 2] = 7

    parts, whole = Standardisation.of(torch.split(features, 30)), Standardisation.of([features])

    torch.testing.assert_close(parts.mean, whole.mean)
    torch.testing.assert_close(parts.scale, whole.scale)


def test_a_constant_feature_does_no_harm() -> None:
    features = torch.ones(10, 2)

    assert torch.equal(Standardisation.of([features]).apply(features), torch.zeros(10, 2))


def test_a_head_with_folded_standardisation_gives_the_same_logits_for_plain_features() -> None:
    features = torch.from_numpy(np.random.default_rng(1).normal(-2, 7, size=(50, 6)).astype(np.float32))
    standardisation = Standardisation.of([features])
    head = LinearHead(6, 3)
    torch.nn.init.normal_(head.output.weight)
    torch.nn.init.normal_(head.output.bias)
    expected = head_logits(head, standardisation.apply(features))

    standardisation.fold_into(head)

    torch.testing.assert_close(head_logits(head, features), expected, atol=1e-4, rtol=0)


def test_asking_for_logits_leaves_a_head_in_its_mode() -> None:
    head = LinearHead(2, 2).train()

    head_logits(head, torch.zeros(1, 2))

    assert head.training
