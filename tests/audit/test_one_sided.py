"""How well each text of a pair predicts the label alone."""

from __future__ import annotations

import pytest

from audited_examples import examples_from, in_train, look
from pair_data import pair_rows
from textune.audit.checks import SkippedCheckError
from textune.audit.one_sided import find_one_sided
from textune.formats.text_pairs import TextPair

NAMES = ("other", "same")
ROWS = pair_rows(448)


def test_where_only_the_pair_tells_the_label_neither_text_does() -> None:
    (finding,) = look(find_one_sided, examples_from([("train", *row) for row in ROWS], NAMES), NAMES)

    assert finding.severity == "info"
    assert finding.title.startswith("Neither text of a pair alone predicts the label: first texts ")


def test_a_second_text_that_gives_the_label_away_is_named() -> None:
    marked = [(TextPair(a, f"{b} never" if label == "same" else b), label) for (a, b), label in ROWS]

    (finding,) = look(find_one_sided, examples_from([("train", *row) for row in marked], NAMES), NAMES)

    assert finding.severity == "warning"
    assert finding.title.startswith("The second texts alone predict labels: first texts ")
    assert "second texts 100 %" in finding.title


def test_single_texts_have_no_sides() -> None:
    assert look(find_one_sided, in_train("so happy", "so sad")) == []


def test_few_pairs_are_not_judged() -> None:
    with pytest.raises(SkippedCheckError, match="fewer than 100 rows of train"):
        look(find_one_sided, examples_from([("train", *row) for row in ROWS[:20]], NAMES), NAMES)
