"""Computing in parts, and again for the gradient, changes memory and nothing else."""

from __future__ import annotations

import torch
from torch import nn

from textune.model.dropout import FastDropout, Randomness
from textune.model.recomputing import compute_in_parts

IDS = torch.tensor([[1, 2, 0, 0], [3, 4, 5, 6], [7, 0, 0, 0], [1, 5, 2, 0]])
MASK = (IDS > 0).long()


class Module(nn.Module):
    """The sum of a row's vectors, some of whose numbers are dropped; it remembers how many rows it saw."""

    def __init__(self, *, rate: float = 0.0) -> None:
        super().__init__()
        self.table = nn.Embedding(8, 64)
        nn.init.normal_(self.table.weight, generator=torch.Generator().manual_seed(0))
        self.randomness = Randomness()
        self.dropout = FastDropout(rate, self.randomness)
        self.seen: list[tuple[int, ...]] = []

    def features(self, rows: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        self.seen.append(tuple(rows.shape))
        vectors: torch.Tensor = self.dropout(self.table(rows)) * mask.unsqueeze(-1)
        return vectors.sum(dim=1)


def gradient_of(module: Module, features: torch.Tensor) -> torch.Tensor:
    features.square().sum().backward()  # type: ignore[no-untyped-call]
    assert module.table.weight.grad is not None
    return module.table.weight.grad


def test_rows_of_similar_length_are_computed_together_and_keep_their_places() -> None:
    module = Module().eval()

    features = compute_in_parts(module, module.features, IDS, MASK, tokens_at_once=6)

    assert module.seen == [(1, 4), (2, 3), (1, 1)]
    torch.testing.assert_close(features, module.features(IDS, MASK))


def test_the_gradient_is_that_of_all_rows_at_once() -> None:
    module, whole = Module().train(), Module().train()
    expected = gradient_of(whole, whole.features(IDS, MASK))

    gradient = gradient_of(module, compute_in_parts(module, module.features, IDS, MASK, tokens_at_once=4))

    torch.testing.assert_close(gradient, expected)
    assert len(module.seen) == 6  # Three parts, each computed twice.


def test_what_is_dropped_is_dropped_again_for_the_gradient() -> None:
    module = Module(rate=0.5).train()
    module.randomness.seed(3)

    features = compute_in_parts(module, module.features, IDS, MASK, tokens_at_once=4)
    gradient = gradient_of(module, features)

    # Of a row that is alone with its token, a number has a gradient if it was not dropped.
    assert torch.equal(gradient[7] != 0, features.detach()[2] != 0)
    assert 10 < int((features[2] == 0).sum()) < 54
