"""Labels that look alike, and columns of numbers that were taken for texts."""

from __future__ import annotations

import pytest

from audited_examples import examples_from, in_train, look, places
from textune.audit.mistaken_source import find_labels_alike, find_texts_without_letters

NAMES = ("Joy", "joy", "sad ness", "sad  ness", "anger")
ROWS = [
    ("train", "so happy", "joy"),
    ("train", "what a day", "joy"),
    ("test", "yes", "Joy"),
    ("train", "hm", "anger"),
    ("train", "oh", "sad ness"),
]


def test_labels_that_differ_only_in_case_and_spaces_are_found_with_the_rows_of_the_rarer() -> None:
    (finding,) = look(find_labels_alike, examples_from(ROWS, NAMES), NAMES)

    assert finding.title == (
        "4 labels that look alike but count as different: 'Joy' (1 row) and 'joy' (2 rows), "
        "'sad ness' (1 row) and 'sad  ness' (0 rows)"
    )
    assert places(finding) == [("test", 0)]


def test_labels_that_differ_otherwise_are_not_reported() -> None:
    assert look(find_labels_alike, examples_from(ROWS[3:4], ("anger", "angers")), ("anger", "angers")) == []


@pytest.mark.parametrize(
    ("texts", "titles"),
    [
        (["17", "3.5", "-"], ["3 of 3 texts of train without letters: only numbers and signs"]),
        (["17", "3.5", "happy"], []),
        (["七", "8", "ü"], []),
    ],
    ids=["numbers", "a third are words", "letters of other scripts"],
)
def test_a_column_of_numbers_is_found(texts: list[str], titles: list[str]) -> None:
    assert [finding.title for finding in look(find_texts_without_letters, in_train(*texts))] == titles


def test_an_audit_without_examples_finds_nothing() -> None:
    assert look(find_texts_without_letters, ()) == []
