"""What fits into a given time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from textune.errors import RequestError
from textune.training.costs import Costs, Plan, plan_within

COSTS = Costs(first=0.010, last=0.002, forward=0.001, frozen_layers=0, most_frozen=4, layers=5)


def plan(seconds: float, *, costs: Costs = COSTS, epochs: int = 4, reserve_seconds: float = 0.0) -> Plan:
    return plan_within(
        seconds, costs, rows=1000, epochs=epochs, other_rows=500, reserve_seconds=reserve_seconds
    )


def test_with_enough_time_nothing_changes() -> None:
    assert plan(1000.0) == Plan(frozen_layers=0, epochs=4, seconds=pytest.approx(41.5))


def test_as_few_layers_are_frozen_as_the_time_needs() -> None:
    assert plan(30.0).frozen_layers == 2
    assert plan(30.0).epochs == 4


@pytest.mark.parametrize("seconds", [8.0, 12.0, 20.0, 30.0, 40.0])
def test_a_plan_fits(seconds: float) -> None:
    assert plan(seconds).seconds <= seconds


def test_what_frozen_layers_cost_once_is_counted() -> None:
    # Two of five layers over 1,000 rows; the whole encoder over 1,500; four epochs at 6 ms a row.
    assert plan(30.0).seconds == pytest.approx(0.4 + 1.5 + 4 * 6.0)


def test_where_freezing_is_not_enough_epochs_are_dropped() -> None:
    assert plan(7.0) == Plan(frozen_layers=4, epochs=2, seconds=pytest.approx(6.3))


def test_where_no_layer_can_be_frozen_epochs_are_dropped() -> None:
    costs = replace(COSTS, last=COSTS.first, most_frozen=0)

    assert plan(25.0, costs=costs) == Plan(frozen_layers=0, epochs=2, seconds=pytest.approx(21.5))


def test_no_more_layers_are_frozen_than_can_be() -> None:
    costs = replace(COSTS, last=0.008, most_frozen=1)

    assert plan(20.0, costs=costs) == Plan(frozen_layers=1, epochs=2, seconds=pytest.approx(17.7))


def test_layers_that_the_recipe_freezes_stay_frozen() -> None:
    assert plan(1000.0, costs=replace(COSTS, frozen_layers=3)).frozen_layers == 3


def test_what_is_spent_in_any_case_is_part_of_the_plan() -> None:
    assert plan(1000.0, reserve_seconds=10.0).seconds == pytest.approx(51.5)
    assert plan(40.0, reserve_seconds=10.0).frozen_layers == plan(30.0).frozen_layers


@pytest.mark.parametrize(("reserve_seconds", "minutes"), [(0.0, "0.1"), (50.0, "0.9")])
def test_too_little_time_is_told_with_what_one_epoch_takes(reserve_seconds: float, minutes: str) -> None:
    with pytest.raises(RequestError, match=f"Not even one epoch fits: .* about {minutes} minutes") as caught:
        plan(1.0, reserve_seconds=reserve_seconds)

    assert caught.value.exit_code == 2
    assert "--recipe frozen" in caught.value.hint
