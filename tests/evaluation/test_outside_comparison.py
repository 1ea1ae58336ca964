"""Two classifiers that tell texts outside their classes apart, compared on the same texts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from textune.evaluation.outside_comparison import OutsideDecisions, compare_outside

OUTSIDE = np.arange(200) >= 150


def decisions(noise: float, *, seed: int = 0) -> OutsideDecisions:
    """Return decisions that are the worse the more noise there is."""
    rng = np.random.default_rng(seed)
    scores = np.where(OUTSIDE, 1.0, 3.0) + noise * rng.normal(size=200)
    return OutsideDecisions(OUTSIDE, ~OUTSIDE & (rng.random(200) > 0.1), scores < 2.0, scores)


def test_the_one_that_tells_them_apart_is_clearly_better() -> None:
    found = compare_outside(decisions(0.1), decisions(3.0))

    assert all(each.difference > 0 and each.clear for each in found.values())


def test_the_difference_turns_with_the_order() -> None:
    first, second = (
        compare_outside(decisions(0.1), decisions(3.0)),
        compare_outside(decisions(3.0), decisions(0.1)),
    )

    assert {key: -each.difference for key, each in second.items()} == {
        key: each.difference for key, each in first.items()
    }


def test_equal_decisions_leave_no_clear_difference() -> None:
    found = compare_outside(decisions(1.0), decisions(1.0))

    assert not any(each.clear for each in found.values())


def test_chance_alone_is_seldom_clear() -> None:
    pairs = [(decisions(1.0, seed=2 * number), decisions(1.0, seed=2 * number + 1)) for number in range(100)]

    clear = [compare_outside(*pair)["outside_f1"].clear for pair in pairs]

    assert np.mean(clear) < 0.12


def test_rows_can_be_put_into_another_order() -> None:
    order = np.random.default_rng(1).permutation(200)
    turned = replace(decisions(1.0)).take(order)

    found = compare_outside(turned, turned)

    assert turned.scores.tolist() == decisions(1.0).scores[order].tolist()
    assert found["auroc"].difference == 0
