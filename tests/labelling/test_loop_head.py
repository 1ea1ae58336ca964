"""The head of the loop, and what it makes of the names of the labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from labelled_pools import answer_rightly, made_loop
from textune.context import Context
from textune.labelling.asking import LabellingLoop
from textune.labelling.choices import LOOP_RECIPE, LOOP_SETTINGS
from textune.labelling.loop_head import FeatureScale, LoopHead
from textune.labelling.pool_features import PoolFeatures, load_loop_encoder
from textune.labelling.quality import predicted
from textune.recipe.recipes import resolve_recipe
from textune.tasks.single_label import SINGLE

NAMES = tuple(f"label {letter}" for letter in "abcdefghijklmnopqrst")


def own_labels(loop: LabellingLoop) -> NDArray[np.int64]:
    """Return the labels in the pool's texts."""
    return np.array(
        [next(place for place, name in enumerate(NAMES) if name in str(text)) for text in loop.pool.texts]
    )


def share_right(head: LoopHead, loop: LabellingLoop) -> float:
    """Return the share of the pool's texts that get the label in them."""
    assert loop.features is not None
    return float((predicted(head, loop.features.matrix) == own_labels(loop)).mean())


def fitted(rows: int, *, names: bool = True, turned: bool = False) -> tuple[LoopHead, LabellingLoop]:
    """Return a head that learned from the first texts of a pool with 20 labels, and the loop over it."""
    loop = made_loop(400, names=NAMES, noise=1.2, named=names)
    assert loop.features is not None
    head, matrix, named = LoopHead(FeatureScale.of(loop.features.matrix), SINGLE), loop.features.matrix, None
    if names:
        named = loop.features.of_names(NAMES) * (-1 if turned else 1)
    head.fit(matrix[:rows], own_labels(loop)[:rows], len(NAMES), named)
    return head, loop


def test_after_twelve_texts_the_names_of_twenty_labels_are_half_of_what_is_known() -> None:
    assert share_right(*fitted(12)) > share_right(*fitted(12, names=False)) + 0.3


def test_a_label_without_a_text_can_be_proposed_by_its_name() -> None:
    head, loop = fitted(12)

    assert loop.features is not None
    assert len(set(predicted(head, loop.features.matrix)) - set(own_labels(loop)[:12])) > 3


def test_names_of_other_labels_are_not_read() -> None:
    with_names, without = fitted(40, turned=True)[0], fitted(40, names=False)[0]

    assert with_names.linear_head().output.weight.equal(without.linear_head().output.weight)


def test_many_texts_outweigh_the_names() -> None:
    assert share_right(*fitted(300)) == pytest.approx(share_right(*fitted(300, names=False)), abs=0.06)


def test_a_loop_reads_the_names() -> None:
    known = []
    for named in (True, False):
        loop = made_loop(100, names=NAMES, noise=1.2, named=named)
        answer_rightly(loop, 16)
        assert loop.head is not None
        known.append(share_right(loop.head, loop))

    assert known[0] > known[1] + 0.2


@pytest.mark.parametrize("change", ["add", "merge", "add and merge"])
def test_answers_are_checked_for_slips_after_the_labels_have_changed(change: str) -> None:
    loop = made_loop(120, named=True)
    answer_rightly(loop, 72)
    first, second, _ = loop.state.label_names
    assert loop.head is not None
    if "add" in change:
        loop.add_label("another")
    if "merge" in change:
        loop.rename_label(first, second, merge=True)

    assert loop.find_slips() >= 0
    quality = loop.measure()
    assert quality is not None and len(quality.by_label) == len(loop.state.label_names)


def test_an_encoder_reads_each_name_once(tiny_distilbert: str, tmp_path: Path) -> None:
    recipe = resolve_recipe(
        LOOP_RECIPE, model=tiny_distilbert, data="x.csv", seed=None, settings=list(LOOP_SETTINGS)
    )
    features = PoolFeatures(["so happy", "so sad"], load_loop_encoder(recipe, ["so happy"], Context()))

    first = features.of_names(["card_arrival", "joy"])
    again = features.of_names(["joy", "sad", "card arrival"])

    assert first is not None and again is not None
    assert again[0].tolist() == first[1].tolist()
    assert again[2] == pytest.approx(first[0], abs=1e-6)  # Underscores are spaces.
