"""Training on windows: the loss is that of texts, and its gradient that of all their windows."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from textune.encoder.windows import WindowPooling, WindowReading
from textune.model.trainable import TrainableClassifier, make_trainable
from textune.training.tokens import TokenSet
from textune.training.workers import BatchLoss, GradientWorkers
from tiny_classifiers import stock_classifier
from tiny_trainings import CPU, flat, random_tokens, tiny_groups, tiny_masters

COUNTS = np.array([1, 3, 2, 5, 1, 1, 4])


def windowed_tokens() -> TokenSet:
    """Return seven texts, with one label each, in seventeen windows."""
    windows = random_tokens(int(COUNTS.sum()))
    lengths = [int(count) * 10 for count in COUNTS]
    return replace(windows, lengths=lengths, labels=windows.labels[: len(COUNTS)], window_counts=COUNTS)


def module_that_pools(folder: str, pooling: WindowPooling) -> TrainableClassifier:
    classifier = replace(stock_classifier(Path(folder)), windows=WindowReading(0, pooling))
    module = make_trainable(classifier, frozen_layers=0, freeze_embeddings=True, dropout=0.0, left_out=False)
    for part in module.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    return module


def plain_loss(module: TrainableClassifier, data: TokenSet, *, maximum: bool) -> torch.Tensor:
    """Return the mean loss of all texts, each of whose windows goes through the module by itself."""
    logits, window = [], 0
    for count in COUNTS:
        rows = [torch.tensor([data.texts[window + number]]) for number in range(count)]  # type: ignore[index]
        vectors = torch.cat([module._features(row, torch.ones_like(row)) for row in rows])
        logits.append(
            module.head(vectors.amax(0, keepdim=True) if maximum else vectors.mean(0, keepdim=True))
        )
        window += count
    return cross_entropy(torch.cat(logits), data.labels)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_a_gradient_is_that_of_texts_whose_windows_are_pooled(
    tiny_distilbert: str, monkeypatch: pytest.MonkeyPatch, threads: int, pooling: WindowPooling
) -> None:
    monkeypatch.setattr("textune.model.recomputing.compute_in_parts.__kwdefaults__", {"tokens_at_once": 20})
    module, data = module_that_pools(tiny_distilbert, pooling), windowed_tokens()
    plain = copy.deepcopy(module).eval()
    plain_loss(plain, data, maximum=pooling == "max").backward()  # type: ignore[no-untyped-call]
    named = {name: p.grad for name, p in plain.named_parameters() if p.grad is not None}
    expected, masters = flat(tiny_groups(module), named), tiny_masters(module)

    workers = GradientWorkers(masters, BatchLoss(), device=CPU, threads=threads, seed=0)
    workers.learn(data, range(len(COUNTS)), step=1)
    workers.close()

    for vector, theirs in zip(masters.vectors, expected, strict=True):
        assert vector.grad is not None
        assert (vector.grad - theirs).norm() <= 1e-5 * theirs.norm()


def test_a_subset_keeps_the_windows_of_its_texts() -> None:
    data = windowed_tokens()

    chosen = data.subset([3, 0])

    assert chosen.window_counts is not None
    assert chosen.window_counts.tolist() == [5, 1]
    assert chosen.texts == [*data.texts[6:11], data.texts[0]]  # type: ignore[index,misc]
    assert chosen.labels.tolist() == data.labels[[3, 0]].tolist()


def test_texts_are_computed_together_by_the_length_of_their_windows_if_nothing_is_padded() -> None:
    data = replace(windowed_tokens(), padding_id=None, lengths=[7, 21, 20, 50, 10, 7, 28])

    assert data.computed_together(range(7)) == [[0, 1, 5, 6], [2, 3, 4]]
