"""Argilla 2: records as JSON, and flattened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from exported_files import first_note, labelled, read, texts_to_classify, write, write_array, write_lines
from textune.errors import DataError


def record(text: str, *labels: Any, status: str = "completed", **more: Any) -> dict[str, Any]:
    """Return a record with one response per label, as `records.to_json` writes it."""
    responses = [{"value": label, "user_id": f"user {number}"} for number, label in enumerate(labels)]
    suggestions = {"label": {"value": "joy", "score": 0.9, "agent": "model"}}
    return {
        "id": text,
        "fields": {"text": text},
        "metadata": {},
        "suggestions": suggestions,
        "responses": {"label": responses} if labels else {},
        "vectors": {},
        "status": status,
        "_server_id": None,
        **more,
    }


RECORDS = [
    record("so happy", "joy", "joy", "anger"),
    record("go away", "anger"),
    record("later", status="pending"),
    record("draft", "joy", status="pending"),
]


def test_submitted_responses_are_labels(tmp_path: Path) -> None:
    export = write_array(tmp_path / "records.json", RECORDS)

    assert labelled(export) == {"train": [("so happy", "joy"), ("go away", "anger")]}
    assert first_note(export) == (
        "records.json is an Argilla export: 4 records, 2 labelled, 1 without annotation, 1 pending; "
        "3 annotators."
    )


def test_responses_to_pending_records_do_not_count_and_that_is_said(tmp_path: Path) -> None:
    source = read(write_array(tmp_path / "records.json", RECORDS))

    assert "A machine's suggestions, for 4 records, do not count as labels." in source.notes
    assert any("does not say whether a response was submitted" in note for note in source.notes)


@pytest.mark.parametrize("status", ["draft", "discarded"])
def test_a_response_with_a_status_is_judged_by_it(tmp_path: Path, status: str) -> None:
    responses = {"label": [{"value": "joy", "user_id": "u", "status": status}]}
    export = write_array(tmp_path / "a.json", [RECORDS[1], record("hm", responses=responses)])

    assert labelled(export) == {"train": [("go away", "anger")]}
    assert f"1 {status}" in first_note(export)


def test_the_choices_of_a_multi_label_question_are_several_labels(tmp_path: Path) -> None:
    export = write_array(tmp_path / "a.json", [record("hm", ["joy", "anger"]), record("so happy", ["joy"])])

    assert labelled(export) == {"train": [("hm", ["anger", "joy"]), ("so happy", "joy")]}


FLAT = [
    {
        "id": "1",
        "status": "completed",
        "text": "so happy",
        "label.responses": ["joy", "anger", "joy"],
        "label.responses.users": ["a", "b", "c"],
        "label.responses.status": ["submitted", "submitted", "submitted"],
        "label.suggestion": "joy",
    },
    {
        "id": "2",
        "status": "completed",
        "text": "hm",
        "label.responses": ["joy", "anger"],
        "label.responses.users": ["a", "b"],
        "label.responses.status": ["draft", "discarded"],
        "label.suggestion": None,
    },
    {
        "id": "3",
        "status": "pending",
        "text": "later",
        "label.responses": None,
        "label.responses.users": None,
        "label.responses.status": None,
        "label.suggestion": None,
    },
]


def test_flattened_records_say_which_responses_are_drafts(tmp_path: Path) -> None:
    export = write_lines(tmp_path / "records.jsonl", FLAT)

    assert labelled(export) == {"train": [("so happy", "joy")]}
    assert first_note(export) == (
        "records.jsonl is an Argilla export: 3 records, 1 labelled, 1 draft, 1 without annotation; "
        "3 annotators."
    )
    assert texts_to_classify(export) == ["so happy", "hm", "later"]


def test_flattened_records_in_csv_hold_lists_as_python_writes_them(tmp_path: Path) -> None:
    header = "id,text,label.responses,label.responses.users,label.responses.status\n"
    rows = "1,so happy,\"['joy']\",\"['a']\",\"['submitted']\"\n2,later,,,\n"

    assert labelled(write(tmp_path / "a.csv", header + rows)) == {"train": [("so happy", "joy")]}


def test_flattened_records_in_csv_hold_lists_as_datasets_writes_them(tmp_path: Path) -> None:
    export = tmp_path / "a.csv"
    Dataset.from_list(FLAT).to_csv(export)

    assert labelled(export) == {"train": [("so happy", "joy")]}
    assert first_note(export) == (
        "a.csv is an Argilla export: 3 records, 1 labelled, 1 draft, 1 without annotation; 3 annotators."
    )


def test_the_choices_of_several_annotators_in_csv_stay_apart(tmp_path: Path) -> None:
    export = tmp_path / "a.csv"
    choices = {**FLAT[0], "label.responses": [["joy (a)", "it's"], ["it's", "joy (a)"], ["joy (a)"]]}
    Dataset.from_list([choices]).to_csv(export)

    assert labelled(export) == {"train": [("so happy", ["it's", "joy (a)"])]}


@pytest.mark.parametrize("cell", ["['joy'", "joy", "['joy' anger]"])
def test_a_damaged_list_of_responses_in_csv_is_refused(tmp_path: Path, cell: str) -> None:
    header = "id,text,label.responses,label.responses.users,label.responses.status\n"
    export = write(tmp_path / "a.csv", f"{header}1,so happy,\"{cell}\",['a'],['submitted']\n")

    with pytest.raises(DataError, match=r"a.csv, line 2 does not have the structure .* is not a list"):
        read(export)


def test_responses_without_as_many_users_are_refused(tmp_path: Path) -> None:
    broken = {**FLAT[0], "label.responses.users": ["a"]}

    with pytest.raises(DataError, match=r"a.jsonl, line 1 does not have the structure of Argilla's exports"):
        read(write_lines(tmp_path / "a.jsonl", [broken, FLAT[0]]))


def test_the_servers_own_api_has_the_responses_of_a_person_together(tmp_path: Path) -> None:
    values = {"label": {"value": "joy"}, "quality": {"value": 3}}
    responses = [
        {"user_id": "a", "status": "submitted", "values": values},
        {"user_id": "b", "status": "draft", "values": {"label": {"value": "anger"}}},
    ]
    export = write_lines(tmp_path / "a.jsonl", [record("so happy", responses=responses, suggestions=[])])

    assert labelled(export) == {"train": [("so happy", "joy")]}
    assert "The labels are those called 'label', not 'quality'." in read(export).notes
