"""The head of the loop, and what it makes of the names of the labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from labelled_pools import answer_rightly, made_loop
from textune.context import Context
from textune.labelling.asking import LabellingLoop
from textune.labelling.choices import LOOP_RECIPE, LOOP_SETTINGS
from textune.labelling.loop_head import LoopHead
from textune.labelling.pool_features import PoolFeatures, load_loop_encoder
from textune.labelling.quality import predicted
from textune.recipe.recipes import resolve_recipe
from textune.tasks.single_label import SINGLE

NAMES = tuple(f"label {letter}" for letter in "abcdefghijklmnopqrst")


def share_right(loop: LabellingLoop) -> float:
    """Return the share of the pool's texts that get the label in them."""
    assert loop.head is not None and loop.features is not None
    own = [next(place for place, name in enumerate(NAMES) if name in str(text)) for text in loop.pool.texts]
    return float((predicted(loop.head, loop.features.matrix) == np.array(own)).mean())


def after(answers: int, *, named: bool) -> LabellingLoop:
    loop = made_loop(400, names=NAMES, noise=1.2, named=named)
    answer_rightly(loop, answers)
    return loop


def test_after_twelve_answers_the_names_of_twenty_labels_are_half_of_what_is_known() -> None:
    assert share_right(after(12, named=True)) > share_right(after(12, named=False)) + 0.3


def test_a_label_without_an_answer_can_be_proposed_by_its_name() -> None:
    loop = after(12, named=True)

    seen = set(loop.known.train.labels.tolist())
    assert loop.head is not None and loop.features is not None
    assert len(set(predicted(loop.head, loop.features.matrix).tolist()) - seen) > 3


def test_names_of_other_labels_are_not_read() -> None:
    loop = after(40, named=True)
    assert loop.head is not None and loop.features is not None
    train, matrix = loop.known.train, loop.features.matrix
    heads = [LoopHead(loop.head.scale, SINGLE) for _ in range(2)]
    for head, named in zip(heads, (-loop.features.of_names(NAMES), None), strict=True):
        head.fit(matrix[train.numbers], train.labels, len(NAMES), named)

    with_names, without = (head.probabilities(matrix).tolist() for head in heads)
    assert with_names == without


@pytest.mark.parametrize("change", ["add", "merge", "add and merge"])
def test_answers_are_checked_for_slips_after_the_labels_have_changed(change: str) -> None:
    loop = after(80, named=True)
    assert loop.head is not None
    if "add" in change:
        loop.add_label("another")
    if "merge" in change:
        loop.rename_label(NAMES[0], NAMES[1], merge=True)

    assert loop.find_slips() >= 0
    quality = loop.measure()
    assert quality is not None and len(quality.by_label) == len(loop.state.label_names)


def test_many_answers_outweigh_the_names() -> None:
    with_names, without = (after(240, named=named) for named in (True, False))

    assert share_right(with_names) == pytest.approx(share_right(without), abs=0.06)


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
