"""Vertex AI: JSONL, and CSV without a header."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from exported_files import first_note, labelled, read, texts_to_classify, write, write_lines
from textune.errors import DataError


def row(text: str, label: str = "", split: str = "") -> dict[str, Any]:
    """Return a row of an import file."""
    values: dict[str, Any] = {"textContent": text}
    if label:
        values["classificationAnnotation"] = {"displayName": label}
    return {**values, "dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": split} if split else {}}


def test_the_annotation_is_the_label_and_ml_use_the_split(tmp_path: Path) -> None:
    rows = [row("so happy", "joy", "training"), row("go away", "anger", "test"), row("later")]
    export = write_lines(tmp_path / "posts.jsonl", rows)

    assert labelled(export) == {"train": [("so happy", "joy")], "test": [("go away", "anger")]}
    assert read(export).notes == (
        "posts.jsonl is a Vertex AI export: 3 texts, 2 labelled, 1 without annotation.",
        "The column 'split' decides the splits: train (1 row), test (1 row).",
    )


@pytest.mark.parametrize("rest", ["", "unassigned", "UNASSIGNED "])
def test_a_labelled_text_without_a_split_beside_others_is_refused(tmp_path: Path, rest: str) -> None:
    rows = [row("so happy", "joy", "training"), row("go away", "anger", "test"), row("hm", "joy", rest)]
    export = write_lines(tmp_path / "posts.jsonl", rows)

    with pytest.raises(DataError, match=r"holds nothing here: .*posts.jsonl, line 3"):
        read(export)


def test_texts_that_are_all_unassigned_have_no_splits(tmp_path: Path) -> None:
    rows = [row("so happy", "joy", "unassigned"), row("go away", "anger", "unassigned")]

    assert list(labelled(write_lines(tmp_path / "posts.jsonl", rows))) == ["train"]


def test_several_annotations_are_several_labels(tmp_path: Path) -> None:
    names = [{"displayName": "joy"}, {"displayName": "anger"}]
    both = {"textContent": "hm", "classificationAnnotations": names}

    assert labelled(write_lines(tmp_path / "a.jsonl", [both])) == {"train": [("hm", ["anger", "joy"])]}


def test_texts_in_a_bucket_are_not_read(tmp_path: Path) -> None:
    elsewhere = {"textGcsUri": "gs://bucket/1.txt", "classificationAnnotation": {"displayName": "joy"}}

    with pytest.raises(DataError, match=r"line 2 .* its text is elsewhere, in gs://bucket/1.txt"):
        read(write_lines(tmp_path / "a.jsonl", [row("so happy", "joy"), elsewhere]))


def test_csv_may_begin_with_the_split(tmp_path: Path) -> None:
    lines = 'training,"so happy, really",joy\nvalidation,go away,anger\ntraining,hm,joy,anger\n'
    export = write(tmp_path / "posts.csv", f"{lines}test,what a day,joy\n,later\n")

    assert labelled(export) == {
        "train": [("so happy, really", "joy"), ("hm", ["anger", "joy"])],
        "validation": [("go away", "anger")],
        "test": [("what a day", "joy")],
    }
    assert len(texts_to_classify(export)) == 5


def test_csv_without_splits_has_the_label_last(tmp_path: Path) -> None:
    export = write(
        tmp_path / "posts.csv", "so happy,joy\ngo away,anger\nwhat a day,joy\nleave me alone,anger\n"
    )

    assert first_note(export) == "posts.csv is a Vertex AI export: 4 texts, 4 labelled."
    assert labelled(export)["train"][0] == ("so happy", "joy")
