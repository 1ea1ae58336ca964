"""The rows of an embedding table that some texts use.

Of a table of 30,000 rows, a few thousand texts use a fifth. An optimiser that takes the whole table
spends a third of a training step on rows whose gradient is zero, and lets weight decay shrink them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.nn import functional


class UsedRows(nn.Module):
    """Stands in for an embedding table, of which only the rows of certain token ids are trained."""

    def __init__(self, table: nn.Embedding, token_ids: Iterable[int]) -> None:
        super().__init__()
        self.used: torch.Tensor
        self.place: torch.Tensor
        self.table: torch.Tensor
        used = torch.tensor(sorted(set(token_ids) - {table.padding_idx}), dtype=torch.long)
        place = torch.full((table.num_embeddings,), -1, dtype=torch.long)
        place[used] = torch.arange(len(used))
        self.register_buffer("used", used)
        self.register_buffer("place", place)
        self.register_buffer("table", table.weight.detach())
        self.weight = nn.Parameter(table.weight.detach()[used].clone())

    def forward(self, token_ids: torch.Tensor) -> torch.Tensor:
        """Return the vectors of token ids, in the shape of these and one dimension more."""
        places = self.place[token_ids]
        known = (places >= 0).unsqueeze(-1)
        trained = functional.embedding(places.clamp(min=0), self.weight)
        return torch.where(known, trained, functional.embedding(token_ids, self.table).to(trained.dtype))

    def write_back(self, table: nn.Embedding) -> None:
        """Put the trained rows into a table."""
        with torch.no_grad():
            table.weight[self.used] = self.weight.to(table.weight.dtype)


def replace_child(module: nn.Module, old: nn.Module, new: nn.Module) -> None:
    """Replace a module by another one, everywhere inside of a third."""
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if child is old:
                parent._modules[name] = new


def tokens_of(rows: Iterable[Iterable[int]]) -> set[int]:
    """Return the token ids that occur in some texts."""
    return set().union(*rows)


def table_of(encoder: Any) -> nn.Embedding:
    """Return an encoder's table of word embeddings."""
    table: nn.Embedding = encoder.get_input_embeddings()
    return table
