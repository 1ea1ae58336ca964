"""An annotation tool's export in the commands: they agree on its texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from exported_files import write_lines
from small_data import small_rows


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Answers of two annotators to 90 texts, three of which are ignored and one of which is tied."""
    rows = []
    for number, (text, label) in enumerate(small_rows(90)):
        other = "joy" if label == "anger" else "anger"
        for person in ("ann", "bob"):
            answer = "ignore" if number < 3 else "accept"
            accepted = other if (number, person) == (3, "bob") else label
            choice = {"options": [], "accept": [accepted], "answer": answer, "_annotator_id": person}
            rows.append({"text": text, "_input_hash": number, **choice})
    return write_lines(tmp_path / "answers.jsonl", rows)


def test_all_texts_are_classified(textune_command: Any, run: Path, export: Path) -> None:
    outcome = textune_command("predict", run, "--input", export, "--json")

    answers = [json.loads(line) for line in outcome.out.splitlines()]
    assert [answer["text"] for answer in answers] == [text for text, _ in small_rows(90)]
    assert "answers.jsonl is a Prodigy export: all of its texts are classified, labelled or not." in " ".join(
        outcome.err.split()
    )


def test_predictions_of_an_export_are_written_to_a_file(
    textune_command: Any, run: Path, export: Path
) -> None:
    out = export.with_name("out.parquet")

    textune_command("predict", run, "--input", export, "--output", out)

    assert parquet.read_table(out).num_rows == 90


def test_only_labelled_texts_measure_a_run(textune_command: Any, run: Path, export: Path) -> None:
    outcome = textune_command("evaluate", run, "--data", export, "--json")

    assert json.loads(outcome.out)["metrics"]["test"]["examples"] == 86
    assert "90 texts, 86 labelled, 3 ignored, 1 tied; 2 annotators" in " ".join(outcome.err.split())


def test_the_audit_names_the_text_whose_annotators_disagree(textune_command: Any, export: Path) -> None:
    outcome = textune_command("audit", export, "--quick", "--json")

    (finding,) = [each for each in json.loads(outcome.out)["findings"] if each["id"] == "D019"]
    assert finding["title"] == "1 text whose annotators disagree; 1 without a majority left out"
    (row,) = finding["rows"]
    assert (row["split"], row["row"], row["text"]) == ("left out", -1, small_rows(90)[3][0])
    assert row["place"] == "answers.jsonl, line 7"  # Two people answered each text.
    assert row["note"]
