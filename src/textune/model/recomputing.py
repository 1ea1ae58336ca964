"""A long computation over rows in parts, whose intermediate results are computed again for the gradient.

Memory then holds those of one part at a time, however many rows there are: a text of 50,000 words has
hundreds of windows, and its gradient needs all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from textune.model.dropout import FastDropout, Randomness

_TOKENS_AT_ONCE = 4096


def compute_in_parts(
    module: nn.Module,
    compute: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    rows: torch.Tensor,
    mask: torch.Tensor,
    *,
    tokens_at_once: int = _TOKENS_AT_ONCE,
) -> torch.Tensor:
    """Return what a module computes of padded rows, (rows, width), for rows of similar length at a time.

    Args:
        module: The module; in training mode, its gradient takes a second forward pass of every part.
        compute: A function of some of the rows and of their mask.
        rows: Token ids or states of tokens, (rows, tokens) or (rows, tokens, width).
        mask: 1 for real tokens and 0 for padding, (rows, tokens).
        tokens_at_once: How many tokens, padding included, are computed at a time; a longer row is so alone.
    """
    lengths = mask.sum(dim=1)
    order = torch.argsort(lengths, descending=True, stable=True)
    parts = list(_parts(lengths[order].tolist(), tokens_at_once))
    results = []
    for part, width in parts:
        numbers = order[part]
        arguments = rows[numbers, :width], mask[numbers, :width]
        if module.training and torch.is_grad_enabled() and len(parts) > 1:
            results.append(_recomputed(module, compute, *arguments))
        else:
            results.append(compute(*arguments))
    return torch.cat(results)[torch.argsort(order)]


def _parts(lengths: list[int], tokens_at_once: int) -> Iterator[tuple[slice, int]]:
    """Yield rows that are computed together, and the longest length of each; the lengths are descending."""
    start = 0
    while start < len(lengths):
        end = min(len(lengths), start + max(1, tokens_at_once // max(1, lengths[start])))
        yield slice(start, end), lengths[start]
        start = end


def _recomputed(
    module: nn.Module, compute: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], *arguments: torch.Tensor
) -> torch.Tensor:
    randomness = _randomness_of(module)
    state = randomness.state if randomness else None

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        # What was dropped must be dropped again.
        again = randomness.replayed(state) if randomness and state else nullcontext()
        return nullcontext(), again

    result: torch.Tensor = checkpoint(
        compute,
        *arguments,
        use_reentrant=False,
        context_fn=contexts,
        # On a CPU all random numbers are those of `Randomness`.
        preserve_rng_state=arguments[0].device.type != "cpu",
    )
    return result


def _randomness_of(module: nn.Module) -> Randomness | None:
    dropouts = (part for part in module.modules() if isinstance(part, FastDropout))
    return next((part.randomness for part in dropouts), None)
