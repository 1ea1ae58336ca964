"""What a tiny fine-tuning needs: a module, rows to learn from, and what plain torch makes of them."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import torch
from torch import nn

from textune.encoder.batching import pad_tensors
from textune.encoder.placement import Placement, Precision
from textune.model.trainable import TrainableClassifier, depths, make_trainable
from textune.recipe.methods import EncoderTraining
from textune.recipe.settings import TrainSettings
from textune.training.parameters import Group, Masters, group_parameters
from textune.training.processes import Processes
from textune.training.stepping import EncoderLearner
from textune.training.tokens import TokenSet
from textune.training.workers import BatchLoss
from tiny_classifiers import EMOTIONS, stock_classifier

CPU = torch.device("cpu")


def tiny_module(folder: str | Path, *, dropout: float = 0.0) -> TrainableClassifier:
    """Return what is trained of the tiny model in a folder, all layers but the embeddings."""
    module = make_trainable(
        stock_classifier(Path(folder)), frozen_layers=0, freeze_embeddings=True, dropout=0.0, left_out=False
    )
    for part in module.modules():
        if isinstance(part, nn.Dropout):
            part.p = dropout
    return module


def random_tokens(count: int = 23, *, batch_size: int = 8, seed: int = 0) -> TokenSet:
    """Return texts of random words and random labels."""
    chooser = random.Random(seed)
    texts = [[2, *chooser.choices(range(5, 200), k=chooser.randint(1, 12)), 3] for _ in range(count)]
    labels = torch.tensor([chooser.randrange(len(EMOTIONS)) for _ in texts])
    return TokenSet(texts, [len(text) for text in texts], labels, 0, batch_size, seed)


def tiny_masters(module: nn.Module, *, dtype: torch.dtype = torch.float32) -> Masters:
    """Return the masters of all parameters that a module trains."""
    return Masters(module, tiny_groups(module), device=CPU, dtype=dtype)


def tiny_groups(module: Any, *, layerwise_decay: float = 1.0) -> list[Group]:
    """Return the groups of all parameters that a module trains."""
    return group_parameters(depths(module), layerwise_decay=layerwise_decay)


def tiny_learner(
    module: Any,
    data: TokenSet,
    *,
    precision: Precision = "fp32",
    loss: BatchLoss | None = None,
    factor: Any = lambda step: 1.0,
    device: str = "cpu",
    **settings: Any,
) -> EncoderLearner:
    """Return a learner with AdamW at 0.01, nothing clipped, four rows at once, one thread.

    The device `cpu:0` is computed on as a GPU is.
    """
    given = {
        "optim": "adamw",
        "learning_rate": 0.01,
        "weight_decay": 0.1,
        "max_grad_norm": 0.0,
        "per_device_train_batch_size": 4,
    }
    return EncoderLearner(
        module,
        depths(module),
        data,
        settings=EncoderTraining.of(TrainSettings(**{**given, **settings})),
        loss=loss or BatchLoss(),
        factor=factor,
        placement=Placement(device, precision, "eager"),
        threads=1,
        processes=Processes(),
    )


def plain_logits(module: nn.Module, data: TokenSet, numbers: list[int]) -> torch.Tensor:
    """Return the logits that a module gives for some rows at once, in the mode in which it is."""
    ids, mask = pad_tensors([data.texts[number] for number in numbers], padding_id=data.padding_id)
    logits: torch.Tensor = module(input_ids=ids, attention_mask=mask)
    return logits


def plain_gradients(
    module: nn.Module, data: TokenSet, numbers: list[int], loss: BatchLoss | None = None
) -> dict[str, torch.Tensor]:
    """Return the gradient, by parameter, of the mean loss of some rows, as torch alone computes it."""
    loss = loss or BatchLoss()
    plain = copy.deepcopy(module).eval()
    nn.functional.cross_entropy(
        plain_logits(plain, data, numbers),
        data.labels[numbers],
        weight=loss.class_weights,
        label_smoothing=loss.label_smoothing,
    ).backward()
    return {name: p.grad for name, p in plain.named_parameters() if p.grad is not None}


def flat(groups: list[Group], tensors: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    """Return tensors by name as one long vector per group."""
    return [torch.cat([tensors[name].detach().reshape(-1) for name in group.names]) for group in groups]
