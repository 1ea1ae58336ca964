"""Texts whose annotators disagree."""

from __future__ import annotations

from pathlib import Path

from exported_files import read, write_lines
from textune.audit.annotators import find_disagreements
from textune.audit.checks import AuditInput
from textune.audit.reading import read_for_audit
from textune.recipe.settings import DataSettings


def answer(text: str, label: str, person: str) -> dict[str, object]:
    """Return a person's answer as Prodigy exports it."""
    choice = {"options": [], "accept": [label], "answer": "accept", "_annotator_id": person}
    return {"text": text, "_input_hash": text, **choice}


def audited(path: Path, *votes: tuple[str, str]) -> AuditInput:
    """Return the input of an audit of texts and labels by different people."""
    rows = [answer(text, label, str(number)) for number, (text, label) in enumerate(votes)]
    return read_for_audit(read(write_lines(path / "posts.jsonl", rows)), DataSettings(source="posts.jsonl"))


def test_disagreement_is_a_finding_with_texts_places_and_votes(tmp_path: Path) -> None:
    votes = [
        ("a", "joy"),
        ("a", "joy"),
        ("b", "joy"),
        ("b", "anger"),
        ("c", "joy"),
        ("c", "joy"),
        ("c", "anger"),
    ]

    (finding,) = find_disagreements(audited(tmp_path, *votes))

    assert finding.title == "2 texts whose annotators disagree; 1 without a majority left out"
    assert [(row.split, row.row, row.text, row.place, row.note) for row in finding.rows] == [
        ("left out", -1, "b", "posts.jsonl, line 3", "joy 1, anger 1"),
        ("train", 1, "c", "posts.jsonl, line 5", "joy 2, anger 1"),
    ]
    assert finding.to_json()["rows"][0] == {
        "split": "left out",
        "row": -1,
        "text": "b",
        "place": "posts.jsonl, line 3",
        "note": "joy 1, anger 1",
    }


def test_agreement_is_no_finding(tmp_path: Path) -> None:
    assert list(find_disagreements(audited(tmp_path, ("a", "joy"), ("a", "joy"), ("b", "anger")))) == []
