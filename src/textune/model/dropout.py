"""Dropout whose random numbers are cheap, and depend on what is trained rather than on earlier draws.

torch draws a 32-bit number for every value from one generator that all threads share. This takes a tenth of a
training step on a CPU, and gives another sequence whenever threads take turns differently. Here every shard
of every step has its own generator, seeded by the step's number, and one byte per value is enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

_LEVELS = 256
_ATTENTION_RATES = ("attention_dropout", "attention_probs_dropout_prob", "dropout_prob")
_ATTENTION_LAYERS = ("attention_dropout", "dropout")
_QUERIES = ("q", "query", "query_proj", "q_lin")
"""Layers beside the dropout, by which a module that computes attention probabilities is recognised."""


class Randomness:
    """The source of random numbers for the dropout layers of one copy of a model."""

    def __init__(self) -> None:
        self._generator = np.random.Generator(np.random.SFC64(0))

    def seed(self, *numbers: int) -> None:
        """Start the sequence that these numbers determine."""
        self._generator = np.random.Generator(np.random.SFC64(numbers))

    @property
    def state(self) -> Mapping[str, Any]:
        """The place in the sequence."""
        return self._generator.bit_generator.state

    @contextmanager
    def replayed(self, state: Mapping[str, Any]) -> Iterator[None]:
        """Draw from an earlier place in the sequence, and go on from where it was afterwards."""
        before = self.state
        self._generator.bit_generator.state = state
        try:
            yield
        finally:
            self._generator.bit_generator.state = before

    def number(self) -> int:
        """Return a whole number, to seed another generator."""
        return int(self._generator.integers(2**62))

    def bytes_like(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return uniform bytes in the shape of a tensor on the CPU."""
        drawn = self._generator.integers(0, _LEVELS, size=tensor.shape, dtype=np.uint8)
        return torch.from_numpy(drawn)


class FastDropout(nn.Module):
    """Sets a share of the values (`rate`, rounded to a 256th) to zero in training, and scales up the rest."""

    p = 0.0
    """The rate that attention reads for its probabilities, which are not dropped."""

    def __init__(self, rate: float, randomness: Randomness) -> None:
        super().__init__()
        self.rate = rate
        self.randomness = randomness
        self._threshold = min(round(rate * _LEVELS), _LEVELS - 1)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return the values with some of them dropped; in evaluation mode, all of them."""
        if not self.training or not self._threshold:
            return values
        if values.device.type != "cpu":
            return functional.dropout(values, self.rate)
        mask = (self.randomness.bytes_like(values) >= self._threshold).to(values.dtype)
        return values * mask.mul_(_LEVELS / (_LEVELS - self._threshold))


def replace_dropout(module: nn.Module, randomness: Randomness) -> None:
    """Put a `FastDropout` in the place of every dropout layer, and leave attention probabilities whole.

    Dropping attention probabilities would cost a random number for every pair of tokens in every head.
    """
    for parent in list(module.modules()):
        for name in _ATTENTION_RATES:
            if isinstance(getattr(parent, name, None), float):
                setattr(parent, name, 0.0)
        for name, child in parent.named_children():
            if isinstance(child, nn.Dropout):
                # Most architectures read the rate and drop by themselves; DeBERTa calls the layer.
                whole = name in _ATTENTION_LAYERS and any(query in parent._modules for query in _QUERIES)
                parent._modules[name] = FastDropout(0.0 if whole else child.p, randomness)
