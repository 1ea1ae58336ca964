"""Texts that occur more than once."""

from __future__ import annotations

from audited_examples import examples_from, found, look, places, with_sets
from textune.audit.duplicates import find_duplicates

FILLERS = [("train", f"filler {number}", "joy") for number in range(10)]


def test_texts_alike_but_for_case_and_spaces_are_one_group() -> None:
    rows = [("train", "So happy ", "joy"), *FILLERS, ("train", "so  HAPPY", "joy")]

    (finding,) = found(look(find_duplicates, examples_from(rows)), "D003")

    assert finding.count == 1
    assert places(finding) == [("train", 0), ("train", 11)]


def test_texts_of_the_same_words_are_one_group() -> None:
    rows = [
        ("train", "Depression sucks!", "joy"),
        ("train", "@you depression  sucks 😔 https://t.co/x", "joy"),
    ]

    (finding,) = found(look(find_duplicates, examples_from(rows)), "D003")

    assert finding.title == "1 text occurs more than once in train (2 rows): 1 with the same words"


def test_texts_of_emoji_are_the_same_only_where_the_emoji_are() -> None:
    rows = [("train", "😀", "joy"), ("train", "😡", "anger"), ("train", " 😀", "joy")]

    (finding,) = found(look(find_duplicates, examples_from(rows)), "D003")

    assert places(finding) == [("train", 0), ("train", 2)]


def test_the_title_tells_copies_to_the_letter_from_others() -> None:
    rows = [
        ("train", "so happy", "joy"),
        ("train", "so happy", "joy"),
        ("train", "so sad", "joy"),
        ("train", "SO SAD", "joy"),
    ]

    (finding,) = found(look(find_duplicates, examples_from(rows)), "D003")

    assert (
        "2 texts occur more than once in train (4 rows): 1 exact, 1 differing in case or spaces"
        in finding.title
    )


def test_a_text_in_two_splits_is_not_a_duplicate_within_one() -> None:
    rows = [("train", "so happy", "joy"), ("test", "so happy", "joy")]

    assert found(look(find_duplicates, examples_from(rows)), "D003") == []


def test_rows_of_test_that_are_in_train_are_counted_and_shown_with_their_twins() -> None:
    rows = [*FILLERS, ("test", "Filler 3", "joy"), ("test", "new", "joy"), ("test", "filler 3", "joy")]

    (finding,) = found(look(find_duplicates, examples_from(rows)), "D004")

    assert finding.count == 2
    assert places(finding) == [("train", 3), ("test", 0), ("test", 2)]


def test_every_pair_of_splits_has_a_finding_of_its_own() -> None:
    rows = [(split, "so happy", "joy") for split in ("train", "validation", "test")]

    findings = found(look(find_duplicates, examples_from(rows)), "D004")

    assert ["of validation" in findings[0].title, "also in train" in findings[0].title] == [True, True]
    assert "also in validation" in findings[2].title
    assert len(findings) == 3


def test_leakage_of_more_than_one_percent_is_an_error() -> None:
    held_out = [("test", f"held out {number}", "joy") for number in range(98)]
    leaks = [("test", "filler 1", "joy"), ("test", "filler 2", "joy")]

    (finding,) = found(look(find_duplicates, examples_from([*FILLERS, *held_out, *leaks])), "D004")

    assert finding.severity == "error"


def test_leakage_of_one_percent_is_a_warning() -> None:
    held_out = [("test", f"held out {number}", "joy") for number in range(99)]

    (finding,) = found(
        look(find_duplicates, examples_from([*FILLERS, *held_out, ("test", "filler 1", "joy")])), "D004"
    )

    assert finding.severity == "warning"


def test_the_same_text_with_different_labels_is_a_conflict() -> None:
    rows = [("train", "so happy", "joy"), ("test", "so HAPPY", "anger"), ("train", "so happy", "joy")]

    (finding,) = found(look(find_duplicates, examples_from(rows)), "D007")

    assert finding.count == 1
    assert [row.note for row in finding.rows] == ["joy", "anger", "joy"]


def test_the_same_text_with_the_same_label_is_not_a_conflict() -> None:
    rows = [("train", "so happy", "joy"), ("train", "so happy", "joy")]

    assert found(look(find_duplicates, examples_from(rows)), "D007") == []


def test_the_same_text_with_different_sets_of_labels_is_a_conflict() -> None:
    rows = [("train", "so happy", "joy anger"), ("test", "so HAPPY", "joy"), ("train", "oh", "")]

    (finding,) = found(look(find_duplicates, with_sets(rows), is_multi_label=True), "D007")

    assert [row.note for row in finding.rows] == ["joy, anger", "joy"]
    assert finding.advice.startswith("Decide on the labels of each text")


def test_what_is_not_known_of_a_copy_is_not_a_conflict() -> None:
    rows = [("train", "so happy", "joy anger"), ("train", "so happy", "joy anger?")]

    assert found(look(find_duplicates, with_sets(rows), is_multi_label=True), "D007") == []


def test_different_texts_give_no_finding() -> None:
    assert look(find_duplicates, examples_from(FILLERS)) == []
