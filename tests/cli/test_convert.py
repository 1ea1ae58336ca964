"""`textune convert`: labels and predictions for annotation tools and other programs."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from exported_files import first_note, labelled, texts_to_classify, write_lines
from small_data import small_rows, write_small_csv
from textune.encoder.embedded import model_option


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    return write_small_csv(tmp_path / "posts.csv", 30)


def test_labels_are_written_for_a_tool_and_read_again(textune_command: Any, posts: Path) -> None:
    out = posts.with_name("tasks.json")

    outcome = textune_command("convert", posts, out, "--to", "label-studio")

    assert labelled(out) == {"train": small_rows(30)}
    assert outcome.out.splitlines()[0] == f"30 texts, 30 labelled, written to {out}"
    assert f"Paste {out.with_name('tasks-interface.xml')} into" in outcome.out
    assert outcome.out.splitlines()[-1] == f"Next: textune train{model_option()} --data {out}"


def test_an_export_of_one_tool_becomes_that_of_another(textune_command: Any, tmp_path: Path) -> None:
    answer = {"options": [], "answer": "accept"}
    rows = [{"text": "so happy", "accept": ["joy"], **answer}, {"text": "go", "accept": ["anger"], **answer}]
    export = write_lines(tmp_path / "answers.jsonl", [*rows, {**rows[0], "text": "hm", "answer": "ignore"}])

    textune_command("convert", export, tmp_path / "texts.jsonl", "--to", "doccano")

    assert labelled(tmp_path / "texts.jsonl") == {"train": [("so happy", "joy"), ("go", "anger")]}


def test_predictions_are_written_with_their_scores(textune_command: Any, run: Path, posts: Path) -> None:
    out = posts.with_name("tasks.json")

    outcome = textune_command("convert", posts, out, "--to", "label-studio", "--predictions", run)

    (prediction,) = json.loads(out.read_text())[0]["predictions"]
    (result,) = prediction["result"]
    assert result["value"]["choices"][0] in {"anger", "joy", "sadness"}
    assert 1 / 3 <= prediction["score"] <= 1
    assert texts_to_classify(out) == [text for text, _ in small_rows(30)]
    assert outcome.out.startswith(f"30 texts, 30 predicted, written to {out}")


def test_predicted_texts_need_no_labels(textune_command: Any, run: Path, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("so happy\n\ngo away\n")

    textune_command(
        "convert", tmp_path / "texts.txt", tmp_path / "out.jsonl", "--to", "jsonl", "--predictions", run
    )

    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["text"] for row in rows] == ["so happy", "", "go away"]
    assert rows[1]["prediction"] is None and rows[1]["score"] is None


def test_json_says_what_was_written(textune_command: Any, posts: Path) -> None:
    out = posts.with_name("texts.jsonl")

    outcome = textune_command("convert", posts, out, "--to", "doccano", "--json")

    assert json.loads(outcome.out) == {"output": str(out), "files": [str(out)], "texts": 30, "labelled": 30}


def test_a_sample_becomes_a_folder_of_fasttext_files(textune_command: Any, tmp_path: Path) -> None:
    textune_command("convert", "sample:emotion", tmp_path / "posts", "--to", "fasttext")

    assert first_note(tmp_path / "posts") == "train.txt is a fastText export: 400 texts, 400 labelled."


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--to", "word"], "There is no format 'word'"),
        (["--to", "fasttext", "--predictions", "run"], "cannot hold predictions apart from labels"),
        (["--to", "doccano"], "a file of doccano ends in .jsonl"),
        (["--to", "csv"], "exists already"),
    ],
)
def test_what_cannot_be_written_is_refused(
    textune_command: Any, posts: Path, options: list[str], reason: str
) -> None:
    before = posts.read_bytes()

    outcome = textune_command("convert", posts, posts, *options)

    assert outcome.code == 2
    assert reason in outcome.err
    assert posts.read_bytes() == before


def test_a_file_is_replaced_on_request(textune_command: Any, posts: Path) -> None:
    out = posts.with_name("texts.jsonl")
    out.write_text("old")

    textune_command("convert", posts, out, "--to", "doccano", "--overwrite")

    assert len(texts_to_classify(out)) == 30


def test_predictions_for_a_source_keep_its_splits(textune_command: Any, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "tasks.json"

    textune_command("convert", "sample:emotion", out, "--to", "label-studio", "--predictions", run)

    tasks = json.loads(out.read_text())
    assert Counter(task["data"]["split"] for task in tasks) == {"train": 400, "validation": 80, "test": 120}
    assert all(task["predictions"] and not task["annotations"] for task in tasks)


def test_the_interface_of_another_project_is_not_replaced(textune_command: Any, posts: Path) -> None:
    interface = posts.with_name("tasks-interface.xml")
    interface.write_text("<View/>")

    outcome = textune_command("convert", posts, posts.with_name("tasks.json"), "--to", "label-studio")

    assert outcome.code == 2
    assert "exists already" in outcome.err and interface.read_text() == "<View/>"


def test_numbers_are_written_by_their_names(textune_command: Any, tmp_path: Path) -> None:
    table = tmp_path / "posts.csv"
    table.write_text("text,label\nso happy,1\ngo away,0\n")
    names = ["--set", 'data.label_names=["anger", "joy"]']

    textune_command("convert", table, tmp_path / "out.jsonl", "--to", "doccano", *names)

    assert labelled(tmp_path / "out.jsonl") == {"train": [("so happy", "joy"), ("go away", "anger")]}
