"""Shifts that are planted in known rows, and the model of the errors there."""

from __future__ import annotations

import numpy as np
import pytest

from textune.evaluation.intervals import share_interval
from textune.watching.back_testing import BackTest, ErrorModel, PlantedShift
from textune.watching.correctness import ESTIMATORS
from textune.watching.estimating import Watch

RNG = np.random.default_rng(0)


def shift_with(errors: dict[str, float], *, truth: float = 0.8) -> PlantedShift:
    guesses = {key: (truth + errors.get(key, 0.1), truth) for key in ESTIMATORS}
    return PlantedShift(truth, truth, 0.8, (300, 300), guesses)


def test_the_method_that_is_closest_on_average_is_chosen() -> None:
    tested = BackTest.of([shift_with({"atc": 0.01, "doc": 0.05}) for _ in range(5)])

    assert tested.chosen == "atc"
    assert tested.errors["doc"] == pytest.approx(0.05)


def test_the_interval_holds_95_percent_of_errors_like_those_of_the_shifts() -> None:
    errors = RNG.normal(scale=0.04, size=400)
    model = ErrorModel.of([shift_with({"atc": float(error)}) for error in errors[:200]], "atc")

    held = [
        abs(error) <= model.half_widths(0.8 + error, 0.8, (300, 300))[0] for error in errors[200:].tolist()
    ]

    assert np.mean(held) == pytest.approx(0.95, abs=0.04)


def test_a_larger_change_is_less_certain_where_errors_grow_with_it() -> None:
    changes = RNG.uniform(-0.3, 0.0, 200)
    shifts = [
        shift_with({"atc": float(change * RNG.normal(scale=0.3))}, truth=0.8 + float(change))
        for change in changes
    ]

    model = ErrorModel.of(shifts, "atc")

    assert model.half_widths(0.5, 0.8, (300, 300))[0] > 1.3 * model.half_widths(0.8, 0.8, (300, 300))[0]


def test_fewer_new_texts_are_less_certain(watch: Watch) -> None:
    model = ErrorModel.of(watch.back_test.shifts, watch.back_test.chosen)

    assert model.half_widths(0.7, 0.7, (400, 20))[0] > 2 * model.half_widths(0.7, 0.7, (400, 2000))[0]


def test_the_shifts_differ_in_what_is_true(watch: Watch) -> None:
    assert np.std([shift.share for shift in watch.back_test.shifts]) > 0.03


def test_shifts_without_an_error_leave_what_chance_gives_to_as_many_rows() -> None:
    model = ErrorModel.of([shift_with({"atc": 0.0}, truth=1.0) for _ in range(40)], "atc")

    half_width, macro_half_width = model.half_widths(1.0, 1.0, (150, 300))

    low, _ = share_interval(150, 150)
    assert half_width == macro_half_width
    assert half_width == pytest.approx(1 - low, rel=0.5)
