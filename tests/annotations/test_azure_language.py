"""Azure AI Language: a project whose texts are files beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from exported_files import first_note, labelled, read, texts_to_classify, write
from textune.errors import DataError

SINGLE = "CustomSingleLabelClassification"


def project(folder: Path, *documents: dict[str, Any], kind: str = SINGLE) -> Path:
    """Write a project's JSON."""
    assets = {"projectKind": kind, "classes": [{"category": "joy"}], "documents": list(documents)}
    content = {"projectFileVersion": "2022-05-01", "metadata": {"projectKind": kind}, "assets": assets}
    return write(folder / "project.json", json.dumps(content, indent=2))


def document(location: str, label: str = "", dataset: str = "Train") -> dict[str, Any]:
    """Return a document of a project."""
    return {"location": location, "dataset": dataset} | ({"class": {"category": label}} if label else {})


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    (tmp_path / "more").mkdir()
    write(tmp_path / "1.txt", "so happy\nreally\n")
    write(tmp_path / "2.txt", "\ufeffgo away")
    write(tmp_path / "more" / "3.txt", "later")
    return tmp_path


def test_texts_are_read_from_the_files_beside_it(texts: Path) -> None:
    export = project(
        texts, document("1.txt", "joy"), document("2.txt", "anger", "Test"), document("more/3.txt")
    )

    assert labelled(export) == {"train": [("so happy\nreally", "joy")], "test": [("go away", "anger")]}
    assert first_note(export) == (
        "project.json is an Azure AI Language export: 3 documents, 2 labelled, 1 without annotation."
    )
    assert texts_to_classify(export) == ["so happy\nreally", "go away", "later"]


def test_several_classes_are_several_labels(texts: Path) -> None:
    both = {"location": "1.txt", "classes": [{"category": "joy"}, {"category": "anger"}]}
    one = {"location": "2.txt", "classes": [{"category": "joy"}]}

    export = project(texts, both, one, kind="CustomMultiLabelClassification")

    assert labelled(export) == {"train": [("so happy\nreally", ["anger", "joy"]), ("go away", "joy")]}


def test_a_text_that_is_missing_is_named(texts: Path) -> None:
    with pytest.raises(DataError, match=r"project.json, document 2: its text should be in .*9.txt"):
        read(project(texts, document("1.txt", "joy"), document("9.txt", "joy")))


def test_a_name_that_is_too_long_is_one_of_no_file(texts: Path) -> None:
    with pytest.raises(DataError, match="but there is no such file"):
        read(project(texts, document("x" * 5000, "joy")))


@pytest.mark.parametrize("location", ["../1.txt", "/etc/passwd", "more/../../1.txt"])
def test_texts_outside_of_the_folder_are_not_read(texts: Path, location: str) -> None:
    with pytest.raises(DataError, match="document 1 is not in the project's folder"):
        read(project(texts, document(location, "joy")))


def test_other_kinds_of_projects_are_refused(texts: Path) -> None:
    with pytest.raises(DataError, match="its kind is 'CustomEntityRecognition'"):
        read(project(texts, document("1.txt", "joy"), kind="CustomEntityRecognition"))


def test_a_project_without_documents_is_refused(texts: Path) -> None:
    export = write(texts / "project.json", '{"projectFileVersion": "2099-01-01", "assets": {"files": []}}')

    with pytest.raises(DataError, match="is a project of Azure AI Language, but cannot be read"):
        read(export)
