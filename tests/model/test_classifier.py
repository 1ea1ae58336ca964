"""A classifier of pairs computes what plain transformers does, whatever part of it is frozen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pair_data import pair_rows
from textune.encoder.cache import FeatureCache
from textune.encoder.placement import Placement
from textune.encoder.states import cached_states
from textune.encoder.suffix import build_prefix, check_frozen_layers
from textune.errors import DataError
from textune.model.classifier import EncoderClassifier, head_logits
from textune.model.storage import load_classifier, read_takes_pairs, save_classifier
from textune.model.trainable import make_trainable, reads_first_token_only
from textune.training.tokens import TokenSet
from tiny_classifiers import stock_classifier
from tiny_models import change_json

Models = Callable[[str], Path]

PAIRS = [pair for pair, _ in pair_rows(12)]
CPU = Placement("cpu", "fp32", "eager")
WITH_SEGMENTS = ["bert", "albert", "electra"]


@pytest.fixture(params=["bert", "distilbert"])
def classifier(request: Any, tiny_models: Models) -> EncoderClassifier:
    return stock_classifier(tiny_models(request.param), max_length=64, pairs=True)


def plain_logits(classifier: EncoderClassifier, *, swapped: bool = False) -> torch.Tensor:
    """Return the logits of plain transformers, with the segment ids of its own tokenizer or swapped ones."""
    first, second = (list(side) for side in zip(*PAIRS, strict=True))
    inputs = dict(classifier.tokenizer(first, second, padding=True, return_tensors="pt"))
    if swapped:
        inputs["token_type_ids"] = 1 - inputs["token_type_ids"]
    with torch.inference_mode():
        logits: torch.Tensor = classifier.stock.eval()(**inputs).logits
    return logits


def trained_logits(classifier: EncoderClassifier, texts: Any, **settings: Any) -> torch.Tensor:
    """Return the logits of the module that fine-tuning trains, before any step."""
    rows = classifier.tokenize(PAIRS).rows
    module = make_trainable(classifier, freeze_embeddings=True, dropout=0.0, **settings).eval()
    lengths, labels = [len(row) for row in rows], torch.zeros(len(rows), dtype=torch.long)
    data = TokenSet(texts or rows, lengths, labels, classifier.padding_id, batch_size=4, seed=0)
    with torch.inference_mode():
        logits: torch.Tensor = module(**data.tensors(range(len(rows)), torch.device("cpu")))
    return logits


def test_frozen_features_give_the_logits_of_plain_transformers(classifier: EncoderClassifier) -> None:
    features = classifier.features(classifier.tokenize(PAIRS).rows, placement=CPU)

    logits = head_logits(classifier.head, torch.from_numpy(features))

    assert torch.allclose(logits, plain_logits(classifier), atol=1e-5)


def test_full_fine_tuning_starts_from_the_logits_of_plain_transformers(classifier: EncoderClassifier) -> None:
    logits = trained_logits(classifier, None, frozen_layers=0, left_out=False)

    assert torch.allclose(logits, plain_logits(classifier), atol=1e-5)


def test_cached_states_give_the_logits_of_plain_transformers(
    classifier: EncoderClassifier, tmp_path: Path
) -> None:
    check_frozen_layers(classifier.encoder, 1, inputs=classifier.inputs(classifier.examples()))
    stored = cached_states(
        FeatureCache(tmp_path),
        "key",
        build_prefix(classifier.encoder, 1),
        classifier.tokenize(PAIRS).rows,
        padding_id=classifier.padding_id,
        placement=CPU,
        description="pairs",
    )
    assert stored is not None

    logits = trained_logits(classifier, stored[0], frozen_layers=1, left_out=True)

    # The states are stored in 16 bits.
    assert torch.allclose(logits, plain_logits(classifier), atol=0.05)


@pytest.mark.parametrize("architecture", WITH_SEGMENTS)
def test_swapped_segment_ids_would_give_other_logits(tiny_models: Models, architecture: str) -> None:
    classifier = stock_classifier(tiny_models(architecture), max_length=64, pairs=True)
    features = classifier.features(classifier.tokenize(PAIRS).rows, placement=CPU)
    logits = head_logits(classifier.head, torch.from_numpy(features))

    assert torch.allclose(logits, plain_logits(classifier), atol=1e-5)
    assert (logits - plain_logits(classifier, swapped=True)).abs().max() > 1e-3


def test_the_first_token_alone_is_computed_alike_for_pairs(tiny_models: Models) -> None:
    classifier = stock_classifier(tiny_models("bert"), max_length=64, pairs=True)
    assert reads_first_token_only(classifier, classifier.inputs(classifier.examples()))

    logits = trained_logits(classifier, None, frozen_layers=0, left_out=False, first_token_only=True)

    assert torch.allclose(logits, plain_logits(classifier), atol=1e-5)


def test_a_saved_classifier_of_pairs_is_one_again(classifier: EncoderClassifier, tmp_path: Path) -> None:
    save_classifier(classifier, tmp_path / "model")

    loaded = load_classifier(tmp_path / "model")

    assert read_takes_pairs(tmp_path / "model")
    rows = [each.tokenize(PAIRS).rows for each in (loaded, classifier)]
    assert all(map(np.array_equal, *rows))


def test_an_older_classifier_takes_single_texts(classifier: EncoderClassifier, tmp_path: Path) -> None:
    save_classifier(classifier, tmp_path / "model")
    described = tmp_path / "model" / "textune.json"
    described.write_text(described.read_text().replace('"pairs"', '"unknown"'))
    change_json(described)

    assert not load_classifier(tmp_path / "model").pairs


def test_a_single_text_is_refused(classifier: EncoderClassifier) -> None:
    with pytest.raises(DataError, match="takes pairs of texts, and text 1 is a single text"):
        classifier.tokenize(["so happy"])
