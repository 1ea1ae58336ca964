"""Which architectures become encoders and classifiers, and which are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from textune.encoder.loading import ModelFolder, find_model, load_encoder, load_stock_model, load_tokenizer
from textune.errors import ModelError
from tiny_models import ARCHITECTURES, change_json, known

EMOTIONS = ["anger", "joy", "optimism", "sadness"]
TEXTS = ["I feel so happy today", "terrible, lonely night: i just want to cry"]


def classify(folder: ModelFolder, model: Any) -> torch.Tensor:
    batch = load_tokenizer(folder)(TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        return model(**batch).logits


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_becomes_a_classifier_with_the_given_labels(
    tiny_models: Callable[[str], Path], architecture: str
) -> None:
    folder = find_model(str(tiny_models(architecture)))

    model = load_stock_model(folder, label_names=EMOTIONS, seed=0)

    logits = classify(folder, model)
    assert logits.shape == (2, 4)
    assert logits.isfinite().all()
    assert not torch.equal(logits[0], logits[1])
    assert model.config.id2label == dict(enumerate(EMOTIONS))
    assert model.config.label2id == {name: number for number, name in enumerate(EMOTIONS)}
    assert model.config.problem_type == "single_label_classification"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_encoder_and_classifier_hold_the_same_encoder(
    tiny_models: Callable[[str], Path], architecture: str
) -> None:
    folder = find_model(str(tiny_models(architecture)))
    batch = load_tokenizer(folder)(TEXTS, padding=True, return_tensors="pt")

    encoder = load_encoder(folder)
    classifier = load_stock_model(folder, label_names=EMOTIONS, seed=0)

    with torch.inference_mode():
        alone = encoder(**batch).last_hidden_state
        assert torch.equal(alone, classifier.base_model(**batch).last_hidden_state)


@pytest.mark.parametrize(
    ("model_type", "complaint"),
    [
        ("no-such-net", "does not know the architecture 'no-such-net'"),
        ("gpt2", "'gpt2' is not a text encoder"),
        ("t5", "'t5' is not a text encoder"),
        ("bart", "'bart' is not a text encoder"),
        ("vit", "'vit' is not a text encoder"),
        *((name, f"no text classifier for '{name}'") for name in known("neomme")),
    ],
)
@pytest.mark.parametrize("load", [load_tokenizer, load_encoder])
def test_what_is_not_an_encoder_of_texts_is_refused(
    bert: Path, load: Callable[[ModelFolder], Any], model_type: str, complaint: str
) -> None:
    (bert / "config.json").write_text(json.dumps({"model_type": model_type}))

    with pytest.raises(ModelError, match=complaint):
        load(find_model(str(bert)))


@pytest.mark.parametrize(
    "changes", [{"hidden_size": "wide"}, {"num_attention_heads": 3}, {"hidden_act": "no-such-function"}]
)
def test_settings_that_make_no_model_are_refused(bert: Path, changes: dict[str, Any]) -> None:
    change_json(bert / "config.json", **changes)

    with pytest.raises(ModelError, match="cannot|does not accept"):
        load_encoder(find_model(str(bert)))
