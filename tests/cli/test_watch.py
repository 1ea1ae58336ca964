"""`textune watch`: what it shows, its JSON and files, and what it refuses."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import textune
from small_data import small_rows, write_small_csv

pytestmark = pytest.mark.usefixtures("few_shifts")


@pytest.fixture(scope="module")
def run(tiny_distilbert: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("watched")
    data = str(write_small_csv(folder / "texts.csv", 300))
    settings = ["data.validation_fraction=0.4", "evaluate.baselines=false"]
    return textune.train(
        "frozen", model=tiny_distilbert, data=data, out=folder / "run", settings=settings
    ).run


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 250 texts without labels."""
    path = tmp_path_factory.mktemp("new") / "new.csv"
    path.write_text(
        "\n".join(["text", *(text for text, _ in small_rows(550)[300:])]) + "\n", encoding="utf-8"
    )
    return path


def test_watch_shows_estimates_methods_and_sentences(textune_command: Any, run: Path, new: Path) -> None:
    outcome = textune_command("watch", run, new)

    assert outcome.code == 0
    assert "Accuracy" in outcome.out
    assert "difference of confidences" in outcome.out
    assert "labels would halve the interval" in " ".join(outcome.out.split())


def test_watch_json_is_one_document_that_python_gives_too(textune_command: Any, run: Path, new: Path) -> None:
    document = json.loads(textune_command("watch", run, new, "--json").out)

    assert document["texts"] == document["total"] == 250
    low, high = document["estimates"]["accuracy"]["ci95"]
    assert 0 <= low <= document["estimates"]["accuracy"]["value"] <= high <= 1
    assert len(document["to_label"]) == 50
    assert {**textune.watch(run, new).to_json(), "run": str(run)} == document


def test_texts_to_label_come_back_as_labels(
    textune_command: Any, run: Path, new: Path, tmp_path: Path
) -> None:
    file, label_of = tmp_path / "to-label.csv", dict(small_rows(550)[300:])
    textune_command("watch", run, new, "--to-label", file)
    with file.open(encoding="utf-8", newline="") as written:
        texts = [row["text"] for row in csv.DictReader(written)]
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "\n".join(["text,label", *(f"{text},{label_of[text]}" for text in texts)]) + "\n", encoding="utf-8"
    )

    document = json.loads(textune_command("watch", run, new, "--labels", labels, "--json").out)

    before = textune.watch(run, new).result.estimates["accuracy"].interval
    low, high = document["estimates"]["accuracy"]["ci95"]
    assert document["evidence"]["labels"] == 50
    assert high - low < before[1] - before[0]


def test_watch_writes_a_page_that_is_complete_in_itself(textune_command: Any, run: Path, new: Path) -> None:
    outcome = textune_command("watch", run, new, "--report")

    page = (run / "watch.html").read_text(encoding="utf-8")
    assert str(run / "watch.html") in outcome.out.replace("\n", "")
    assert page.count("<svg") >= 3
    assert "http" not in page.replace("http-equiv", "")
    assert textune.load(run).label_names  # The run is as complete as before.


def test_a_sample_is_watched_if_there_are_many_texts(textune_command: Any, run: Path, new: Path) -> None:
    document = json.loads(textune_command("watch", run, new, "--texts", "100", "--json").out)

    assert (document["texts"], document["total"]) == (100, 250)


def test_a_run_with_few_validation_rows_is_refused(
    textune_command: Any, tiny_distilbert: str, small_csv: str, new: Path, tmp_path: Path
) -> None:
    few = textune.train("frozen", model=tiny_distilbert, data=small_csv, out=tmp_path / "few").run

    outcome = textune_command("watch", few, new)

    assert outcome.code == 2
    assert "validation rows" in outcome.err
    assert "validation_fraction" in outcome.err


@pytest.mark.parametrize(
    ("lines", "arguments", "message"),
    [
        (["text"], [], "no row"),
        (["a", "b"], [], "--set data.text_column=NAME"),
        (["text,label", "so happy,fun"], [], "has the label 'fun'"),
        (["text", "so happy"], ["--to-label", "texts.pdf"], "does not end in .csv or .jsonl"),
        (["text", "so happy"], ["--labels", "nosuch"], "nosuch"),
        (["text", "so happy"], ["--set", "data.nosuch=1"], "nosuch"),
    ],
)
def test_wrong_requests_get_one_message(
    textune_command: Any, run: Path, tmp_path: Path, lines: list[str], arguments: list[str], message: str
) -> None:
    source = tmp_path / "new.csv"
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")

    outcome = textune_command("watch", run, source, *arguments)

    assert outcome.code == 2
    assert message in " ".join(outcome.err.split())
    assert "Traceback" not in outcome.err


def test_an_export_and_a_folder_that_is_no_run_are_refused(
    textune_command: Any, new: Path, tmp_path: Path
) -> None:
    outcome = textune_command("watch", tmp_path, new)

    assert outcome.code == 2
    assert "is not a complete run" in outcome.err


def test_a_run_with_several_labels_gets_exact_match(
    textune_command: Any, tiny_distilbert: str, tmp_path: Path
) -> None:
    rows = [
        (text, [label] if number % 4 else [label, "odd"])
        for number, (text, label) in enumerate(small_rows(300))
    ]
    source = tmp_path / "several.jsonl"
    lines = (json.dumps({"text": text, "labels": labels}) for text, labels in rows)
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = ["data.validation_fraction=0.4", "evaluate.baselines=false"]
    several = textune.train(
        "frozen", model=tiny_distilbert, data=str(source), out=tmp_path / "run", settings=settings
    ).run

    document = json.loads(textune_command("watch", several, source, "--ignore-labels", "--json").out)

    assert list(document["estimates"] or {"exact_match": 0, "macro_f1": 0}) == ["exact_match", "macro_f1"]
    assert [each["label"] for each in document["labels"]] == ["anger", "joy", "odd", "sadness"]


def test_a_folder_is_refused_as_the_file_of_texts_to_label_before_anything_is_read(
    textune_command: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "texts.csv"
    folder.mkdir()

    outcome = textune_command("watch", tmp_path / "no-run", "no-texts", "--to-label", folder)

    assert outcome.code == 2
    assert "it is a folder" in " ".join(outcome.err.split())
