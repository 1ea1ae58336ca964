"""Trained parameters as a few long vectors, and copies of a module that compute with them.

Whatever is done to all parameters (adding gradients, clipping, AdamW, averaging, casting, saving) is then one
operation over a long float32 vector rather than a hundred over short tensors, and the copies' parameters and
gradients are views of such vectors, in the fastest precision. Does not know what is learned.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

Trained = Sequence[tuple[str, nn.Parameter, int]]
"""Name, parameter and depth of each trained parameter; depth 0 is the head."""


@dataclass(frozen=True)
class Group:
    """Parameters, in their order in a vector, that share a factor of the learning rate and weight decay."""

    factor: float
    decayed: bool
    names: tuple[str, ...]


def group_parameters(trained: Trained, *, layerwise_decay: float) -> list[Group]:
    """Group parameters by depth; vectors (biases, norms) are never decayed.

    For each layer down from the head, the learning rate is multiplied by `layerwise_decay`; the last layer
    has the head's rate (Howard and Ruder 2018, https://arxiv.org/abs/1801.06146, "discriminative
    fine-tuning").
    """
    names: dict[tuple[int, bool], list[str]] = {}
    for name, parameter, depth in trained:
        names.setdefault((max(0, depth - 1), parameter.ndim > 1), []).append(name)
    return [
        Group(layerwise_decay**depth, decayed, tuple(members))
        for (depth, decayed), members in sorted(names.items(), reverse=True)
    ]


class Masters:
    """The float32 values of a module's trained parameters; the module's own parameters become views of them.

    `vectors` has one parameter for each group, with gradients in its `grad`. `dtype` is what working copies
    compute in.
    """

    def __init__(
        self, module: nn.Module, groups: Sequence[Group], *, device: torch.device, dtype: torch.dtype
    ) -> None:
        self.groups = groups
        self._module = module
        self._dtype = dtype
        self._copies: list[WorkingCopy] = []
        parameters = dict(module.named_parameters())
        self.vectors = []
        for group in groups:
            members = [parameters[name] for name in group.names]
            flat = torch.cat([member.detach().reshape(-1).float() for member in members]).to(device)
            vector = nn.Parameter(flat)
            vector.grad = torch.zeros_like(flat)
            self.vectors.append(vector)
        self._scratch = torch.empty(max(map(len, self.vectors)), device=device)
        same = dtype == torch.float32
        self._working = [vector.detach() if same else vector.detach().to(dtype) for vector in self.vectors]
        self._view(module, [vector.detach() for vector in self.vectors])

    def working_copies(self, count: int) -> list[WorkingCopy]:
        """Return copies of the module that share their parameters, each with gradients of its own."""
        copies: list[WorkingCopy] = []
        for _ in range(count):
            module = copy.deepcopy(copies[0].module if copies else self._module)
            for parameter in module.parameters():
                parameter.grad = None
            if copies:
                _share_tensors(module, copies[0].module)
            else:
                self._place(module)
            self._view(module, self._working)
            gradients = [torch.zeros_like(vector) for vector in self._working]
            for parameter, view in self._views(module, gradients):
                parameter.grad = view
            copies.append(WorkingCopy(module, gradients))
        self._copies += copies
        return copies

    def publish(self, values: Sequence[torch.Tensor] | None = None) -> None:
        """Let the working copies compute with these values; by default with the masters' own."""
        shown = [vector.detach() for vector in values or self.vectors]
        if self._dtype == torch.float32:
            # Copies read the masters in place, so writing there would lose the masters' own values.
            for working_copy in self._copies:
                self._view(working_copy.module, shown)
            return
        for working, vector in zip(self._working, shown, strict=True):
            working.copy_(vector)

    def add_gradients(self, copies: Sequence[WorkingCopy], *, first: bool) -> None:
        """Add the copies' gradients to the masters', in their order; `first`: put them there instead."""
        for number, vector in enumerate(self.vectors):
            assert vector.grad is not None
            if first and not copies:
                vector.grad.zero_()
            for place, working_copy in enumerate(copies):
                gradient = working_copy.gradients[number]
                if first and not place:
                    vector.grad.copy_(gradient)
                elif gradient.dtype == vector.dtype:
                    vector.grad.add_(gradient)
                else:
                    # Twice as fast as letting add_ convert: that makes a new tensor every time.
                    vector.grad.add_(self._scratch[: len(gradient)].copy_(gradient))

    def load(self, values: Sequence[torch.Tensor]) -> None:
        """Set the values, one tensor per group; those of other parameters are a `ValueError`."""
        if [value.shape for value in values] != [vector.shape for vector in self.vectors]:
            raise ValueError("these are values of other parameters")
        with torch.no_grad():
            for vector, value in zip(self.vectors, values, strict=True):
                vector.copy_(value)
        self.publish()

    def copies_of_values(self) -> list[torch.Tensor]:
        """Return a copy of each group's values."""
        return [vector.detach().clone() for vector in self.vectors]

    def detach_module(self) -> None:
        """Give the module parameters of its own again, on the CPU, with the masters' values."""
        for name, parameter in self._module.named_parameters():
            if any(name in group.names for group in self.groups):
                parameter.data = parameter.data.cpu().clone()
                parameter.grad = None

    def _place(self, module: nn.Module) -> None:
        device = self._working[0].device
        for parameter in module.parameters():
            parameter.data = parameter.data.to(device, self._dtype)
        for buffer in module.buffers():
            buffer.data = buffer.data.to(device)

    def _view(self, module: nn.Module, vectors: Sequence[torch.Tensor]) -> None:
        for parameter, view in self._views(module, vectors):
            parameter.data = view

    def _views(
        self, module: nn.Module, vectors: Sequence[torch.Tensor]
    ) -> Iterator[tuple[nn.Parameter, torch.Tensor]]:
        parameters: Mapping[str, nn.Parameter] = dict(module.named_parameters())
        for group, vector in zip(self.groups, vectors, strict=True):
            start = 0
            for name in group.names:
                parameter = parameters[name]
                view = vector[start : start + parameter.numel()].view(parameter.shape)
                start += parameter.numel()
                yield parameter, view


def _share_tensors(module: nn.Module, other: nn.Module) -> None:
    for mine, theirs in zip(module.parameters(), other.parameters(), strict=True):
        mine.data = theirs.data
    for mine_, theirs_ in zip(module.buffers(), other.buffers(), strict=True):
        mine_.data = theirs_.data


@dataclass(frozen=True)
class WorkingCopy:
    """A module that computes gradients, and its gradients, one tensor for each group."""

    module: nn.Module
    gradients: list[torch.Tensor]

    def clear(self) -> None:
        """Set all gradients to zero."""
        torch._foreach_zero_(self.gradients)
