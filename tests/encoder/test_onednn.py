"""Linear layers that oneDNN computes: the same products and gradients, and torch's where they must be."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from textune.encoder import onednn
from textune.encoder.onednn import OneDnnLinear, is_faster, multiplies_rightly, packed, use_onednn

needs_operation = pytest.mark.skipif(not multiplies_rightly(), reason="torch has no oneDNN here")


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Forget what this processor is, before and after a test."""
    is_faster.cache_clear()
    yield
    is_faster.cache_clear()


@pytest.fixture
def on_amd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"cpu_name": "AMD EPYC"})
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")


def two_layers(*, bias: bool = True) -> tuple[nn.Linear, nn.Linear]:
    """Return a layer and a copy that computes with oneDNN."""
    torch.manual_seed(0)
    layer = nn.Linear(48, 80, bias=bias)
    other = copy.deepcopy(layer)
    other.__class__ = OneDnnLinear
    return layer, other


@needs_operation
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(7, 48), (3, 5, 48), (48,)])
def test_the_output_is_the_same(shape: tuple[int, ...], bias: bool) -> None:
    layer, other = two_layers(bias=bias)
    inputs = torch.randn(shape)

    with torch.inference_mode():
        torch.testing.assert_close(other(inputs), layer(inputs), rtol=1e-5, atol=1e-5)


@needs_operation
def test_the_output_of_a_slice_is_the_same() -> None:
    layer, other = two_layers()
    inputs = torch.randn(4, 9, 48)[:, :1]

    with torch.no_grad():
        torch.testing.assert_close(other(inputs), layer(inputs), rtol=1e-5, atol=1e-5)


@needs_operation
@pytest.mark.parametrize("bias", [True, False])
def test_all_gradients_are_the_same(bias: bool) -> None:
    layer, other = two_layers(bias=bias)
    first, second = (torch.linspace(-1, 1, 3 * 5 * 48).view(3, 5, 48).requires_grad_() for _ in range(2))

    layer(first).square().sum().backward()
    other(second).square().sum().backward()

    expected, actual = (
        [x.grad, *(p.grad for p in m.parameters())] for x, m in ((first, layer), (second, other))
    )
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-4)


@needs_operation
@pytest.mark.parametrize("transposed", [False, True], ids=["rows first", "positions first"])
def test_a_model_may_change_the_output_in_place(transposed: bool) -> None:
    """Longformer divides its queries in place, with positions first."""
    gradients = []
    for layer in two_layers():
        inputs = torch.linspace(-1, 1, 3 * 5 * 48).view(3, 5, 48).requires_grad_()
        output = layer(inputs.transpose(0, 1) if transposed else inputs)
        output /= 4.0
        output.square().sum().backward()
        gradients.append([inputs.grad, *(parameter.grad for parameter in layer.parameters())])

    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-5, atol=1e-4)


@needs_operation
def test_frozen_parameters_get_no_gradient() -> None:
    _, layer = two_layers()
    layer.requires_grad_(False)
    inputs = torch.ones(2, 48, requires_grad=True)

    layer(inputs).sum().backward()

    assert inputs.grad is not None
    assert layer.weight.grad is layer.bias.grad is None


@needs_operation
def test_the_same_input_gives_the_same_bits() -> None:
    _, layer = two_layers()
    inputs = torch.randn(6, 48)

    with torch.inference_mode():
        assert torch.equal(layer(inputs), layer(inputs.clone()))


def test_other_types_are_computed_by_torch() -> None:
    layer, other = two_layers()

    actual = other.bfloat16()(torch.ones(2, 48, dtype=torch.bfloat16))

    assert torch.equal(actual, layer.bfloat16()(torch.ones(2, 48, dtype=torch.bfloat16)))


def test_no_rows_give_no_rows() -> None:
    assert two_layers()[1](torch.empty(0, 48)).shape == (0, 80)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_recorded_layer_is_one_that_exporters_know() -> None:
    traced = torch.jit.trace(two_layers()[1], torch.ones(2, 48))

    assert "mkldnn" not in str(traced.inlined_graph)


@needs_operation
@pytest.mark.usefixtures("on_amd")
def test_the_layers_of_a_module_keep_their_parameters() -> None:
    module = nn.Sequential(nn.Linear(4, 4), nn.GELU(), nn.Linear(4, 2))
    names = list(module.state_dict())

    use_onednn(module)

    assert [type(layer) for layer in module] == [OneDnnLinear, nn.GELU, OneDnnLinear]
    assert list(module.state_dict()) == names


@pytest.mark.usefixtures("on_amd")
def test_wrong_products_leave_the_layers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onednn, "_multiply", lambda inputs, weight, bias=None: inputs @ weight.T * 1.01)
    layer = nn.Linear(4, 4)

    use_onednn(layer)

    assert type(layer) is nn.Linear


@pytest.mark.usefixtures("on_amd")
def test_an_operation_with_other_arguments_leaves_the_layers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> torch.Tensor:
        raise TypeError("unexpected arguments")

    monkeypatch.setattr(onednn, "_multiply", refuse)

    assert not is_faster()


@pytest.mark.parametrize(
    ("name", "capability"), [("Intel(R) Xeon(R)", "AVX512"), ("AMD EPYC", "DEFAULT"), ("", "AVX2")]
)
def test_other_processors_leave_the_choice_to_torch(
    monkeypatch: pytest.MonkeyPatch, name: str, capability: str
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"cpu_name": name})
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)

    assert not is_faster()


@needs_operation
@pytest.mark.parametrize("rows", [1, 30, 500])
def test_packed_weights_give_the_same_products(rows: int) -> None:
    _, layer = two_layers()
    inputs = torch.randn(rows, 48)

    with torch.inference_mode():
        expected = layer(inputs)
        with packed(layer):
            actual = layer(inputs)

    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-5)


@needs_operation
def test_packed_weights_are_forgotten_after_an_error() -> None:
    _, layer = two_layers()

    with pytest.raises(ZeroDivisionError), packed(layer):
        raise ZeroDivisionError

    assert layer.packed_weight is None


@needs_operation
def test_weights_that_are_trained_are_not_read_from_an_old_copy() -> None:
    _, layer = two_layers()
    inputs = torch.ones(2, 48)
    with packed(layer):
        before = layer(inputs).detach()
    with torch.no_grad():
        layer.bias.add_(1)
        layer.weight.zero_()

    after = layer(inputs).detach()

    assert not torch.equal(after, before)
    torch.testing.assert_close(after, layer.bias.detach().expand(2, 80))


def test_modules_without_such_layers_have_nothing_to_pack() -> None:
    with packed(nn.Sequential(nn.Linear(2, 2), nn.GELU())) as nothing:
        assert nothing is None
