"""How many texts are unlike any that were met."""

from __future__ import annotations

import numpy as np
import pytest

from made_rows import MadeWorld
from textune.watching.descriptors import Described
from textune.watching.estimating import Watch
from textune.watching.reference import WatchedRows
from textune.watching.support import SeenRows, Support, measure_support


def seen(watch: Watch, rows: WatchedRows) -> SeenRows:
    return SeenRows(watch.descriptors.describe(rows.features), rows.probabilities)


def support_of(watch: Watch, rows: WatchedRows) -> Support:
    copies = [SeenRows(kind.judged.described, kind.judged.probabilities) for kind in watch.damaged]
    return measure_support(watch.familiar, copies, seen(watch, rows))


def test_texts_like_validation_are_inside(watch: Watch) -> None:
    rows, _ = MadeWorld(50).watched(1000)

    assert support_of(watch, rows).outside_share < 0.02


def test_other_shares_of_labels_are_inside(watch: Watch) -> None:
    rows, _ = MadeWorld(51).watched(1000, (0.9, 0.05, 0.05))

    assert support_of(watch, rows).outside_share < 0.02


def test_damage_that_was_met_is_far_out_but_not_outside(watch: Watch) -> None:
    rows, _ = MadeWorld(52).watched(1000, noise=1.5)

    found = support_of(watch, rows)

    assert found.far_share > 0.3
    assert found.outside_share < 0.1 * found.far_share


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_strangers_are_counted_and_found(watch: Watch, share: float) -> None:
    rows, labels = MadeWorld(53).with_intruders(1000, share)

    found = support_of(watch, rows)

    assert found.outside_share == pytest.approx(share, abs=0.08)
    assert (found.strange & (labels == -2)).sum() > 0.7 * found.strange.sum()


def test_one_text_says_nothing(watch: Watch) -> None:
    rows, _ = MadeWorld(54).watched(1)

    assert not support_of(watch, rows).strange.any()


def test_without_copies_everything_far_out_may_be_strange(watch: Watch) -> None:
    rows, _ = MadeWorld(55).with_intruders(500, 0.5)

    found = measure_support(watch.familiar, [], seen(watch, rows))

    assert found.outside_share > 0.3
    assert found.strange.sum() <= np.ceil(0.6 * len(rows))


def test_the_outskirts_of_a_label_that_became_frequent_are_not_strange() -> None:
    world = MadeWorld(56)
    outskirts = np.array([0, 0, 3.0])  # The third label's texts lie far from all others.

    def rows(count: int, shares: tuple[float, float, float]) -> SeenRows:
        labels = world.labels(count, shares)
        far = outskirts[labels] + world.rng.normal(size=count)
        described = Described(world.rng.normal(size=(count, 2)) + labels[:, None], far[:, None])
        return SeenRows(described, np.eye(3)[labels])

    found = measure_support(rows(3000, (0.48, 0.48, 0.04)), [], rows(1000, (0.3, 0.3, 0.4)))

    assert found.far_share < 0.1
    assert found.outside_share < 0.02
