"""Pairs that occur in both orders."""

from __future__ import annotations

from audited_examples import examples_from, found, look, places
from textune.audit.swapped_pairs import find_swapped_pairs
from textune.formats.text_pairs import TextPair

PAIR, SWAPPED = TextPair("So happy!", "sad"), TextPair("sad", "so happy")


def test_a_pair_whose_swapped_copy_is_in_another_split_is_leaked() -> None:
    rows = [("train", PAIR, "joy"), ("test", SWAPPED, "joy"), ("test", TextPair("a", "b"), "joy")]

    (finding,) = look(find_swapped_pairs, examples_from(rows))

    assert finding.title == "1 row of test (50 %) also in train, with the texts swapped"
    assert finding.severity == "error"
    assert places(finding) == [("train", 0), ("test", 0)]


def test_a_pair_with_another_label_when_it_is_swapped_is_noted() -> None:
    rows = [("train", PAIR, "joy"), ("train", SWAPPED, "anger")]

    (finding,) = found(look(find_swapped_pairs, examples_from(rows)), "D020")

    assert finding.title == "1 pair with another label when the texts are swapped"
    assert [row.note for row in finding.rows] == ["joy", "anger"]


def test_copies_in_one_order_and_pairs_of_the_same_text_are_not_swapped() -> None:
    same = TextPair("so happy", "So  HAPPY")
    rows = [("train", PAIR, "joy"), ("test", PAIR, "joy"), ("train", same, "joy"), ("test", same, "joy")]

    assert look(find_swapped_pairs, examples_from(rows)) == []
