"""Linear layers in fp32 on AMD's processors, computed by oneDNN rather than by MKL.

In: a module. Out: the same module, whose linear layers have the same parameters and choose what computes.

On a CPU, torch gives fp32 matrix products to MKL, which on AMD's processors uses AVX2 at most. oneDNN, which
torch contains, uses whatever the processor has: 235 rather than 105 GFLOP/s per core with AVX-512, 118 with
AVX2 alone (docs/experiments.md). torch has no public way to choose it for fp32. The operation that its
compiler uses is private, so it is used only where it is there and gives the right products. Otherwise nothing
changes. The choice depends on the processor and on torch, never on a measurement, so that bits can repeat.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch import nn
from torch.autograd.function import once_differentiable

_SAME = 1e-5
"""The maximum difference of two fp32 products of a few hundred numbers, relative to the largest product."""


def use_onednn(module: nn.Module) -> None:
    """Let a module's linear layers compute with oneDNN where that is known to be faster."""
    if not is_faster():
        return
    for layer in module.modules():
        # Subclasses compute something of their own.
        if type(layer) is nn.Linear:
            layer.__class__ = OneDnnLinear


@cache
def is_faster() -> bool:
    """Return whether fp32 products are computed by oneDNN: on AMD's processors with AVX2 or AVX-512."""
    is_amd = "AMD" in str(torch.cpu.get_capabilities().get("cpu_name", ""))
    return is_amd and torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512") and multiplies_rightly()


@contextmanager
def packed(module: nn.Module) -> Iterator[None]:
    """Lay out the weights of a module's oneDNN layers as its kernels read them, for the length of the block.

    Otherwise this happens in every product. The weights must not change meanwhile.
    """
    layers = [layer for layer in module.modules() if isinstance(layer, OneDnnLinear)]
    suited = [layer for layer in layers if layer.weight.is_cpu and layer.weight.dtype == torch.float32]
    for layer in suited:
        layer.packed_weight = torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach())
    try:
        yield
    finally:
        for layer in suited:
            layer.packed_weight = None


def multiplies_rightly() -> bool:
    """Return whether torch has oneDNN's operations, and a layer's output and gradients are the same."""
    has_onednn: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    operations = ("_linear_pointwise", "_reorder_linear_weight")
    if not (has_onednn and all(hasattr(torch.ops.mkldnn, name) for name in operations)):
        return False
    # Not random, so that the global random state does not change.
    layer = nn.Linear(1, 1)
    layer.weight = nn.Parameter(torch.linspace(-1, 1, 24 * 40).sin().view(24, 40))
    layer.bias = nn.Parameter(torch.linspace(-1, 1, 24))
    inputs = torch.linspace(-9, 9, 2 * 5 * 40).cos().view(2, 5, 40).requires_grad_()
    wanted = (inputs, layer.weight, layer.bias)
    try:
        expected = nn.functional.linear(inputs, layer.weight, layer.bias)
        actual = _product(inputs, layer.weight, layer.bias)
        gradients, others = (
            torch.autograd.grad(output.square().sum(), wanted) for output in (expected, actual)
        )
        weight = torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach())
        again = _multiply(inputs.detach(), weight, layer.bias.detach())
        return all(map(_are_same, (actual, again, *others), (expected, expected, *gradients)))
    # A private operation may change its arguments in any version.
    except (RuntimeError, TypeError, NotImplementedError):
        return False


class OneDnnLinear(nn.Linear):
    """A linear layer that computes with oneDNN in fp32 on a CPU, and otherwise as torch does."""

    packed_weight: torch.Tensor | None = None

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return the output (..., output width) of an input (..., input width)."""
        weight, bias = self.weight, self.bias
        if not self._suits(input):
            return nn.functional.linear(input, weight, bias)
        parameters = (weight,) if bias is None else (weight, bias)
        if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in (input, *parameters)):
            return _product(input, weight, bias)
        # Read once: another thread may take it away.
        ready = self.packed_weight
        return _multiply(input, weight if ready is None else ready, bias)

    def _suits(self, input: torch.Tensor) -> bool:
        return (
            # What records a module's operations must see those that it knows, and no size as a constant.
            not torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
            and not torch.compiler.is_compiling()
            and input.dtype is self.weight.dtype is torch.float32
            and input.is_cpu
            and input.numel() > 0
            and not torch.is_autocast_enabled("cpu")
        )


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> Any:
        ctx.save_for_backward(inputs, weight)
        return _multiply(inputs, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        inputs, weight = ctx.saved_tensors
        of_inputs, of_weight, of_bias = ctx.needs_input_grad
        return (
            _multiply(gradient, weight.t()) if of_inputs else None,
            _multiply(gradient.t(), inputs.t()) if of_weight else None,
            gradient.sum(0) if of_bias else None,
        )


def _product(inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """Return what `_multiply` does, with gradients.

    The function gets rows and gives rows: its result would be a view of rows otherwise, and a model such as
    Longformer that divides it in place would be refused.
    """
    rows = inputs.reshape(-1, inputs.shape[-1])
    product: torch.Tensor = _Product.apply(rows, weight, bias)  # type: ignore[no-untyped-call]
    return product.view(*inputs.shape[:-1], product.shape[-1])


def _multiply(inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """Return `inputs @ weight.T + bias`."""
    product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(inputs, weight, bias, "none", [], "")
    return product


def _are_same(tensor: torch.Tensor, expected: torch.Tensor) -> bool:
    return bool((tensor - expected).abs().max() <= _SAME * expected.abs().max())
