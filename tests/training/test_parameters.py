"""Trained parameters as long vectors: views while they are trained, the module's own again afterwards."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from textune.training.parameters import Group, Masters, group_parameters
from tiny_trainings import CPU


class Shifted(nn.LayerNorm):
    """A norm with a buffer."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.register_buffer("shift", torch.ones(width))


def small_module() -> nn.Sequential:
    """Return two layers, each with a weight and a bias, and a norm between them that has a buffer."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), Shifted(4), nn.Linear(4, 2))


def trained(module: nn.Module) -> list[tuple[str, nn.Parameter, int]]:
    """Return the linear layers' parameters: the last at depth 0, the first at depth 3."""
    return [
        (name, parameter, 0 if name.startswith("2") else 3)
        for name, parameter in module.named_parameters()
        if not name.startswith("1")
    ]


def masters_of(module: nn.Module, dtype: torch.dtype = torch.float32) -> Masters:
    groups = group_parameters(trained(module), layerwise_decay=1.0)
    return Masters(module, groups, device=CPU, dtype=dtype)


def values_of(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in module.named_parameters()}


def of_depths(*depths: int) -> list[tuple[str, nn.Parameter, int]]:
    """Return a weight and a bias at each depth."""
    return [
        (f"{kind}{depth}", nn.Parameter(torch.zeros(shape)), depth)
        for depth in depths
        for kind, shape in (("weight", (2, 2)), ("bias", (2,)))
    ]


def test_weights_are_decayed_and_vectors_are_not() -> None:
    groups = group_parameters(of_depths(0), layerwise_decay=1.0)

    assert {group.names: group.decayed for group in groups} == {("weight0",): True, ("bias0",): False}


def test_the_rate_falls_by_a_factor_for_each_layer_down_from_the_last() -> None:
    groups = group_parameters(of_depths(0, 1, 2, 3), layerwise_decay=0.5)

    factors = {name: group.factor for group in groups for name in group.names if "weight" in name}
    assert factors == {"weight0": 1.0, "weight1": 1.0, "weight2": 0.5, "weight3": 0.25}


def test_every_trained_parameter_is_in_one_group() -> None:
    parameters = of_depths(0, 1, 2, 3)

    groups = group_parameters(parameters, layerwise_decay=0.9)

    names = [name for group in groups for name in group.names]
    assert sorted(names) == sorted(name for name, _, _ in parameters)


def test_equal_rates_of_different_depths_stay_apart_and_those_of_one_depth_together() -> None:
    groups = group_parameters([*of_depths(0, 1), *of_depths(2)], layerwise_decay=1.0)

    assert [group.names for group in groups] == [
        ("weight2",),
        ("bias2",),
        ("weight0", "weight1"),
        ("bias0", "bias1"),
    ]


def test_the_modules_values_stay_when_its_parameters_become_views() -> None:
    module = small_module()
    before = values_of(module)

    masters_of(module)

    torch.testing.assert_close(values_of(module), before, atol=0, rtol=0)


def test_a_change_of_the_masters_is_one_of_the_module() -> None:
    module = small_module()
    masters = masters_of(module)

    masters.load([torch.full_like(vector, 7.0) for vector in masters.vectors])

    assert all(bool((parameter == 7.0).all()) for _, parameter, _ in trained(module))


def test_what_is_not_trained_is_not_a_view_of_the_masters() -> None:
    module = small_module()
    before = values_of(module)["1.weight"]
    masters = masters_of(module)

    masters.load([torch.full_like(vector, 7.0) for vector in masters.vectors])

    assert torch.equal(module[1].weight, before)


def test_detached_the_module_has_the_masters_values_as_its_own() -> None:
    module = small_module()
    masters = masters_of(module)
    masters.load([torch.full_like(vector, 7.0) for vector in masters.vectors])

    masters.detach_module()
    masters.load([torch.zeros_like(vector) for vector in masters.vectors])

    assert all(bool((parameter == 7.0).all()) for _, parameter, _ in trained(module))
    assert all(parameter.grad is None for parameter in module.parameters())
    assert len({parameter.untyped_storage().data_ptr() for parameter in module.parameters()}) == 6


def test_detached_a_module_that_computed_in_bf16_has_the_exact_values() -> None:
    module = small_module()
    before = values_of(module)
    masters = masters_of(module, torch.bfloat16)
    masters.working_copies(2)

    masters.detach_module()

    torch.testing.assert_close(values_of(module), before, atol=0, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_copies_compute_in_the_type_asked_for_with_the_modules_values(dtype: torch.dtype) -> None:
    module = small_module()
    expected = {name: value.to(dtype) for name, value in values_of(module).items()}

    copies = masters_of(module, dtype).working_copies(2)

    torch.testing.assert_close(values_of(copies[0].module), expected, atol=0, rtol=0)
    torch.testing.assert_close(values_of(copies[1].module), expected, atol=0, rtol=0)


def test_copies_share_all_parameters_and_buffers() -> None:
    first, second = masters_of(small_module(), torch.bfloat16).working_copies(2)

    def places(module: nn.Module) -> list[int]:
        return [tensor.data_ptr() for tensor in (*module.parameters(), *module.buffers())]

    assert places(first.module) == places(second.module)


def test_copies_have_gradients_of_their_own() -> None:
    module = small_module()
    first, second = masters_of(module).working_copies(2)

    first.module.eval()(torch.ones(1, 3)).sum().backward()

    assert any(vector.any() for vector in first.gradients)
    assert not any(vector.any() for vector in second.gradients)


def test_the_gradients_of_copies_add_up_in_the_masters() -> None:
    masters = masters_of(small_module())
    copies = masters.working_copies(2)
    for number, each in enumerate(copies):
        [vector.fill_(number + 1.0) for vector in each.gradients]

    masters.add_gradients(copies, first=True)
    masters.add_gradients(copies[:1], first=False)

    assert all(bool((gradient_of(vector) == 4.0).all()) for vector in masters.vectors)


def test_the_first_gradients_take_the_place_of_those_before() -> None:
    masters = masters_of(small_module())
    copies = masters.working_copies(1)
    [vector.fill_(1.0) for vector in copies[0].gradients]
    masters.add_gradients(copies, first=True)

    masters.add_gradients(copies, first=True)

    assert all(bool((gradient_of(vector) == 1.0).all()) for vector in masters.vectors)


def gradient_of(vector: nn.Parameter) -> torch.Tensor:
    assert vector.grad is not None
    return vector.grad


def test_clearing_a_copy_sets_its_gradients_to_zero_where_they_are() -> None:
    copy = masters_of(small_module()).working_copies(1)[0]
    copy.module.eval()(torch.ones(1, 3)).sum().backward()

    copy.clear()

    assert not any(vector.any() for vector in copy.gradients)
    assert copy.module[0].weight.grad.data_ptr() in {vector.data_ptr() for vector in copy.gradients}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_copies_compute_with_other_values_and_then_with_the_masters_again(dtype: torch.dtype) -> None:
    masters = masters_of(small_module(), dtype)
    inputs, copies = torch.ones(1, 3, dtype=dtype), masters.working_copies(2)
    before = copies[1].module.eval()(inputs)

    masters.publish([torch.zeros_like(vector) for vector in masters.vectors])
    between = copies[1].module.eval()(inputs)
    masters.publish()

    assert not between.any()
    assert torch.equal(copies[1].module.eval()(inputs), before)


def test_a_copy_of_the_values_does_not_change_with_them() -> None:
    masters = masters_of(small_module())
    before = masters.copies_of_values()

    masters.load([torch.zeros_like(vector) for vector in masters.vectors])

    assert all(vector.any() for vector in before)


def test_groups_say_where_each_parameter_lies_in_its_vector() -> None:
    module = small_module()
    groups = [Group(1.0, True, ("2.weight", "0.weight"))]
    expected = torch.cat([module[2].weight.detach().reshape(-1), module[0].weight.detach().reshape(-1)])

    masters: Any = Masters(module, groups, device=CPU, dtype=torch.float32)

    assert torch.equal(masters.vectors[0].detach(), expected)
