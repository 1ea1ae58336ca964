"""spaCy: documents with `cats`."""

from __future__ import annotations

from pathlib import Path

import pytest

from exported_files import first_note, labelled, read, texts_to_classify, write_lines
from textune.errors import DataError

DOCUMENTS = [
    {"text": "so happy", "cats": {"joy": 1, "anger": 0}},
    {"text": "go away", "cats": {"joy": 0.0, "anger": 1.0}},
    {"text": "unsure", "cats": {"joy": 0.5, "anger": 0.5}},
    {"text": "neither", "cats": {"joy": 0, "anger": 0}},
    {"text": "untouched", "cats": {}},
]


def test_the_only_value_of_one_is_the_label(tmp_path: Path) -> None:
    export = write_lines(tmp_path / "a.jsonl", DOCUMENTS)

    assert labelled(export) == {"train": [("so happy", "joy"), ("go away", "anger")]}
    assert first_note(export) == (
        "a.jsonl is a spaCy export: 5 documents, 2 labelled, 1 with values between 0 and 1, "
        "1 with all values at 0, 1 without annotation."
    )
    assert len(texts_to_classify(export)) == 5


def test_several_values_of_one_are_several_labels(tmp_path: Path) -> None:
    both = {"text": "hm", "cats": {"joy": True, "anger": True, "fear": False}}

    assert labelled(write_lines(tmp_path / "a.jsonl", [both])) == {"train": [("hm", ["anger", "joy"])]}


def test_a_document_with_all_values_at_0_has_none_of_several_labels(tmp_path: Path) -> None:
    both = {"text": "hm", "cats": {"joy": 1, "anger": 1}}
    none = {"text": "the bus", "cats": {"joy": 0, "anger": 0}}

    assert labelled(write_lines(tmp_path / "a.jsonl", [both, none])) == {
        "train": [("hm", ["anger", "joy"]), ("the bus", [])]
    }


def test_a_document_without_cats_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataError,
        match=r"a.jsonl, line 2 does not have the structure of spaCy's exports, as other rows do: it has",
    ):
        read(write_lines(tmp_path / "a.jsonl", [DOCUMENTS[0], {"text": "x"}]))


def test_a_label_without_a_value_is_one_that_the_document_does_not_have(tmp_path: Path) -> None:
    rows = [
        {"text": "so happy", "cats": {"joy": 1.0, "anger": None}},
        {"text": "go away", "cats": {"joy": None, "anger": 1.0}},
        {"text": "later", "cats": None},
    ]

    assert labelled(write_lines(tmp_path / "posts.jsonl", rows)) == {
        "train": [("so happy", "joy"), ("go away", "anger")]
    }
