"""doccano: JSONL, JSON, CSV, and the column of labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from exported_files import first_note, labelled, read, texts_to_classify, write, write_array, write_lines
from textune.errors import DataError

ROWS = [
    {"id": 1, "text": "so happy", "label": ["joy"], "Comments": []},
    {"id": 2, "text": "hm", "label": [], "Comments": ["?"]},
    {"id": 3, "text": "both", "label": ["anger", "joy"], "Comments": []},
]


def test_a_list_of_one_label_is_that_label(tmp_path: Path) -> None:
    export = write_lines(tmp_path / "all.jsonl", ROWS)

    assert labelled(export) == {"train": [("so happy", "joy"), ("both", ["anger", "joy"])]}


def test_json_is_the_same_in_an_array(tmp_path: Path) -> None:
    export = write_array(tmp_path / "all.json", ROWS)

    assert first_note(export) == "all.json is a doccano export: 3 texts, 2 labelled, 1 without annotation."


def test_all_texts_are_classified(tmp_path: Path) -> None:
    assert texts_to_classify(write_lines(tmp_path / "all.jsonl", ROWS)) == ["so happy", "hm", "both"]


def test_labels_in_csv_are_joined_by_a_hash(tmp_path: Path) -> None:
    rows = "1,so happy,joy,\n2,both,anger#joy,\n3,code,c#,\n4,hm,,?\n"
    export = write(tmp_path / "all.csv", f"id,text,label,Comments\n{rows}")

    assert labelled(export) == {"train": [("so happy", "joy"), ("both", ["anger", "joy"]), ("code", "c#")]}


def test_csv_without_comments_is_an_ordinary_table(tmp_path: Path) -> None:
    table = write(tmp_path / "posts.csv", "id,text,label\n1,so happy,joy\n2,go away,anger\n")

    assert not any("doccano" in note for note in read(table).notes)


@pytest.mark.parametrize("name", ["labels", "cats"])
def test_other_projects_call_the_labels_otherwise(tmp_path: Path, name: str) -> None:
    export = write_lines(tmp_path / "all.jsonl", [{"id": 1, "text": "so happy", name: ["joy"]}])

    assert labelled(export) == {"train": [("so happy", "joy")]}


def test_spans_are_not_labels_of_the_text(tmp_path: Path) -> None:
    spans = {"id": 2, "text": "Jo is here", "label": [[0, 2, "PER"]]}
    export = write_lines(tmp_path / "all.jsonl", [ROWS[0], spans])

    with pytest.raises(
        DataError, match=r"all.jsonl, line 2 does not have the structure of doccano's exports"
    ):
        read(export)


def test_old_versions_write_an_annotation_per_person_with_the_number_of_the_label(tmp_path: Path) -> None:
    votes = [{"label": 1, "user": 1}, {"label": 1, "user": 2}, {"label": 2, "user": 3}]
    old = {"id": 1, "text": "so happy", "annotations": votes, "meta": {}, "annotation_approver": None}
    export = write_lines(tmp_path / "old.jsonl", [old])

    assert labelled(export) == {"train": [("so happy", "1")]}


def test_the_text_may_be_called_data(tmp_path: Path) -> None:
    assert labelled(write_lines(tmp_path / "a.jsonl", [{"id": 1, "data": "so happy", "label": ["joy"]}])) == {
        "train": [("so happy", "joy")]
    }
