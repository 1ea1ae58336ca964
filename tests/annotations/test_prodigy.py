"""Prodigy: answers to binary questions, and choices."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from exported_files import first_note, labelled, read, texts_to_classify, write_lines
from observers import Notes
from textune.context import Context
from textune.data.label_cells import LabelSet
from textune.data.sources import load_source
from textune.errors import DataError


def binary(text: str, label: str, answer: str, **more: Any) -> dict[str, Any]:
    """Return an answer to the question whether a text has a label."""
    return {
        "text": text,
        "label": label,
        "answer": answer,
        "_input_hash": crc32(text.encode()),
        "_task_hash": 1,
        **more,
    }


def choice(text: str, *accepted: str, answer: str = "accept", **more: Any) -> dict[str, Any]:
    """Return an answer to the question which labels a text has."""
    options = [{"id": name, "text": name.upper()} for name in ("joy", "anger")]
    return {"text": text, "options": options, "accept": list(accepted), "answer": answer, **more}


def test_an_accepted_label_counts_and_a_rejected_one_does_not(tmp_path: Path) -> None:
    answers = [binary("so happy", "joy", "accept"), binary("so happy", "anger", "reject")]

    assert labelled(write_lines(tmp_path / "a.jsonl", answers)) == {"train": [("so happy", "joy")]}


def test_a_rejected_label_makes_no_other_label(tmp_path: Path) -> None:
    answers = [binary("so happy", "joy", "accept"), binary("go away", "joy", "reject")]

    source = read(write_lines(tmp_path / "a.jsonl", answers))

    assert source.splits["train"].texts == ["so happy"]
    assert source.notes[0] == "a.jsonl is a Prodigy export: 2 texts, 1 labelled, 1 rejected."
    assert source.notes[1].startswith("A rejected label says what a text is not, even if there are only two")


def test_several_accepted_labels_of_one_person_are_several_labels(tmp_path: Path) -> None:
    answers = [binary("hm", "joy", "accept"), binary("hm", "anger", "accept")]

    assert labelled(write_lines(tmp_path / "a.jsonl", answers)) == {"train": [("hm", ["anger", "joy"])]}


def test_a_rejected_label_is_one_that_a_text_with_several_does_not_have(tmp_path: Path) -> None:
    answers = [
        *(binary("hm", label, "accept") for label in ("joy", "anger")),
        binary("go away", "joy", "reject"),
        binary("oh", "fear", "ignore"),
    ]

    source = read(write_lines(tmp_path / "a.jsonl", answers))

    assert source.splits["train"].texts == ["hm", "go away"]
    assert source.splits["train"].labels == [LabelSet(("anger", "joy")), LabelSet((), ("anger",))]


def test_an_accepted_answer_without_choices_has_none_of_several_labels(tmp_path: Path) -> None:
    answers = [
        choice("hm", "joy", "anger"),
        choice("the bus", answer="accept"),
        choice("oh", answer="ignore"),
    ]

    export = write_lines(tmp_path / "a.jsonl", answers)

    assert labelled(export) == {"train": [("hm", ["anger", "joy"]), ("the bus", [])]}
    assert first_note(export) == "a.jsonl is a Prodigy export: 3 texts, 2 labelled, 1 ignored."


def test_several_people_are_told_apart(tmp_path: Path) -> None:
    votes = [("joy", "ann"), ("joy", "bob"), ("anger", "cy")]
    answers = [binary("hm", label, "accept", _annotator_id=person) for label, person in votes]
    export = write_lines(tmp_path / "a.jsonl", answers)

    assert labelled(export) == {"train": [("hm", "joy")]}
    assert first_note(export) == "a.jsonl is a Prodigy export: 3 rows about 1 text, 1 labelled; 3 annotators."


def test_an_empty_column_of_choices_hides_no_label(tmp_path: Path) -> None:
    answers = [
        binary("so happy", "joy", "accept", accept=None, options=None),
        binary("go away", "joy", "reject", accept=None, options=None),
        choice("alone", "anger", label=None),
    ]

    labels = {"train": [("so happy", "joy"), ("alone", "anger")]}
    assert labelled(write_lines(tmp_path / "a.jsonl", answers)) == labels


@pytest.mark.parametrize("options", [["yes", "no"], [], [1, 2], [{"text": "yes"}]])
def test_a_table_with_other_options_is_an_ordinary_one(options: list[Any], tmp_path: Path) -> None:
    rows = [{"text": "so happy", "label": "joy", "options": options}] * 2

    source = read(write_lines(tmp_path / "a.jsonl", rows))

    assert source.splits["train"].labels == ["joy", "joy"]
    assert source.notes == ()


def test_accepted_choices_count_only_in_accepted_answers(tmp_path: Path) -> None:
    answers = [
        choice("so happy", "joy"),
        choice("go away", "anger", answer="reject"),
        choice("hm", "joy", answer="ignore"),
        choice("nothing"),
    ]
    export = write_lines(tmp_path / "a.jsonl", answers)

    assert labelled(export) == {"train": [("so happy", "joy")]}
    assert first_note(export) == (
        "a.jsonl is a Prodigy export: 4 texts, 1 labelled, 1 rejected, 1 ignored, 1 left empty."
    )
    assert texts_to_classify(export) == ["so happy", "go away", "hm", "nothing"]


def test_a_choice_that_is_made_already_but_not_answered_is_a_suggestion(tmp_path: Path) -> None:
    suggested = {key: value for key, value in choice("hm", "joy").items() if key != "answer"}
    export = write_lines(tmp_path / "a.jsonl", [choice("so happy", "joy"), suggested])

    assert labelled(export) == {"train": [("so happy", "joy")]}
    assert read(export).notes[1] == "A machine's suggestions, for 1 text, do not count as labels."


def test_an_unknown_answer_is_refused(tmp_path: Path) -> None:
    answers = [binary("so happy", "joy", "accept"), binary("hm", "joy", "maybe")]

    with pytest.raises(DataError, match=r"a.jsonl, line 2 does not have the structure of Prodigy's exports"):
        read(write_lines(tmp_path / "a.jsonl", answers))


def test_a_table_of_questions_and_answers_is_a_table(tmp_path: Path) -> None:
    rows = [
        {"text": "why?", "answer": "because", "label": "x"},
        {"text": "how?", "answer": "so", "label": "y"},
    ]

    assert not any("Prodigy" in note for note in read(write_lines(tmp_path / "a.jsonl", rows)).notes)


def test_without_hashes_answers_of_different_people_about_the_same_text_belong_together(
    tmp_path: Path,
) -> None:
    answers = [
        choice("hm", label, _annotator_id=person) for label, person in zip(("joy", "joy"), "ab", strict=True)
    ]

    assert labelled(write_lines(tmp_path / "a.jsonl", answers)) == {"train": [("hm", "joy")]}


def test_an_error_comes_after_how_the_export_was_read(tmp_path: Path) -> None:
    answers = [binary("so happy", "joy", "accept"), binary("go away", "joy", "reject")]
    observer = Notes()

    with pytest.raises(DataError, match="has one class: 'joy'"):
        load_source(str(write_lines(tmp_path / "a.jsonl", answers)), ctx=Context(observer))

    assert observer.notes[1].startswith("A rejected label says what a text is not")
