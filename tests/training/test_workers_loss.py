"""The loss of a batch: sums of shards add up, and it is torch's own cross-entropy."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from textune.training.workers import BatchLoss

ROWS = 12
LABELS = torch.tensor([0, 1, 2, 2] * 3)
WEIGHTS = torch.tensor([0.5, 1.0, 3.0])
SETTINGS: list[dict[str, Any]] = [
    {},
    {"label_smoothing": 0.1},
    {"class_weights": WEIGHTS},
    {"label_smoothing": 0.2, "class_weights": WEIGHTS},
]


class Classifier(nn.Module):
    """A linear layer over features, some of which are dropped."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.dropout = nn.Linear(4, 3), nn.Dropout(dropout)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layer(self.dropout(features))
        return logits


def features() -> torch.Tensor:
    return torch.randn((ROWS, 4), generator=torch.Generator().manual_seed(0))


def loss_of(loss: BatchLoss, module: nn.Module, rows: slice = slice(None)) -> torch.Tensor:
    return loss.of(module, {"features": features()[rows]}, LABELS[rows])


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_loss_over_its_weight_is_torchs_mean_cross_entropy(settings: dict[str, Any]) -> None:
    module, loss = Classifier(), BatchLoss(**settings)
    expected = nn.functional.cross_entropy(
        module(features()),
        LABELS,
        weight=settings.get("class_weights"),
        label_smoothing=settings.get("label_smoothing", 0.0),
    )

    mean = loss_of(loss, module) / loss.weight_of(LABELS)

    torch.testing.assert_close(mean, expected)


@pytest.mark.parametrize("settings", [*SETTINGS, {"rdrop": 2.0}, {"rdrop": 1.0, **SETTINGS[-1]}])
def test_the_losses_of_shards_add_up_to_the_batchs(settings: dict[str, Any]) -> None:
    module, loss = Classifier(), BatchLoss(**settings)

    parts = sum(loss_of(loss, module, part) for part in (slice(0, 5), slice(5, 6), slice(6, None)))

    torch.testing.assert_close(parts, loss_of(loss, module))


def test_the_weights_of_shards_add_up_to_the_batchs() -> None:
    loss = BatchLoss(class_weights=WEIGHTS)

    assert loss.weight_of(LABELS[:5]) + loss.weight_of(LABELS[5:]) == loss.weight_of(LABELS) == 22.5


def test_two_passes_that_agree_cost_nothing() -> None:
    module = Classifier(dropout=0.0).train()

    torch.testing.assert_close(loss_of(BatchLoss(rdrop=5.0), module), loss_of(BatchLoss(), module))


def test_two_passes_that_disagree_cost_half_the_mean_of_both_divergences() -> None:
    module = Classifier(dropout=0.5).train()
    torch.manual_seed(1)
    first, second = module(torch.cat([features(), features()])).log_softmax(dim=1).chunk(2)
    divergences = (first.exp() * (first - second)).sum() + (second.exp() * (second - first)).sum()
    supervised = -(first + second)[torch.arange(ROWS), LABELS].sum() / 2
    torch.manual_seed(1)

    loss = loss_of(BatchLoss(rdrop=4.0), module)

    torch.testing.assert_close(loss, supervised + 4.0 * divergences / 4)
