"""Probabilities of new rows by the shares that labels have among them."""

from __future__ import annotations

import numpy as np
import pytest

from made_rows import MadeWorld
from textune.tasks.multi_label import MULTI
from textune.tasks.single_label import SINGLE
from textune.watching.label_shares import with_own_shares

MOVED = (0.8, 0.15, 0.05)


def test_the_mean_of_each_label_becomes_its_share_among_the_new_rows() -> None:
    world = MadeWorld(50)
    known, (new, labels) = world.watched(1000)[0], world.watched(4000, MOVED)

    adjusted = with_own_shares(new.probabilities, known.probabilities, SINGLE, np.ones(len(new)))

    assert adjusted.sum(axis=1) == pytest.approx(np.ones(len(new)))
    assert adjusted.mean(axis=0) == pytest.approx(np.bincount(labels) / len(labels), abs=0.03)
    assert abs(new.probabilities.mean(axis=0) - MOVED).max() > 0.05


def test_where_no_share_moved_nothing_changes() -> None:
    rows = MadeWorld(51).watched(500)[0].probabilities

    np.testing.assert_allclose(with_own_shares(rows, rows, SINGLE, np.ones(500)), rows, atol=1e-4)


def test_rows_that_do_not_count_change_no_share() -> None:
    world = MadeWorld(52)
    known, usual = (world.watched(2000)[0].probabilities for _ in range(2))
    moved = world.watched(2000, MOVED)[0].probabilities

    counts = np.repeat([1.0, 0.0], 2000)
    adjusted = with_own_shares(np.concatenate([usual, moved]), known, SINGLE, counts)

    np.testing.assert_allclose(adjusted[:2000], with_own_shares(usual, known, SINGLE, counts[:2000]))


def test_each_of_several_labels_has_a_share_of_its_own() -> None:
    rng = np.random.default_rng(53)

    def drawn(shares: tuple[float, float]) -> np.ndarray:
        """Probabilities that are right where half of all rows have either label."""
        has = rng.random((4000, 2)) < shares
        return 1 / (1 + np.exp(-(np.where(has, 2.0, -2.0) + 2 * rng.normal(size=has.shape))))

    adjusted = with_own_shares(drawn((0.5, 0.1)), drawn((0.5, 0.5)), MULTI, np.ones(4000))

    assert adjusted.mean(axis=0) == pytest.approx([0.5, 0.1], abs=0.03)
