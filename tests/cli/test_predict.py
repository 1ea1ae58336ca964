"""`textune predict`: what it prints and writes, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pyarrow import parquet

import textune
from small_data import small_rows
from textune.commands.predict import ENGINES


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A CSV file with an id, an empty text among others, and a column that is named like a result's."""
    path = tmp_path / "posts.csv"
    path.write_text(
        'id,text,label\n7,so happy and fun,x\n8,,y\n9,"sad, alone\nand lost",z\n', encoding="utf-8"
    )
    return path


def labels_of(run: Path, texts: list[str]) -> list[str | None]:
    """Return the labels that the run gives from Python; which they are depends on the processor."""
    return textune.load(run).predict(texts)


def test_predict_shows_a_label_a_probability_and_the_text_on_a_line(textune_command: Any, run: Path) -> None:
    texts = ["so happy and fun", "sad and alone"]

    outcome = textune_command("predict", run, *texts)

    lines = [line.split(maxsplit=2) for line in outcome.out.splitlines()]
    assert [(line[0], line[2]) for line in lines] == list(zip(labels_of(run, texts), texts, strict=True))


def test_predict_json_is_an_object_a_line_with_the_scores_of_all_labels(
    textune_command: Any, run: Path
) -> None:
    outcome = textune_command("predict", run, "so happy and fun", "--json")

    (answer,) = map(json.loads, outcome.out.splitlines())
    assert list(answer) == ["text", "label", "score", "scores"]
    assert answer["scores"].keys() == {"anger", "joy", "sadness"}
    assert answer["score"] == answer["scores"][answer["label"]] == max(answer["scores"].values())


def test_predict_reads_lines_from_standard_input(textune_command: Any, run: Path) -> None:
    outcome = textune_command(
        "predict", run, "--input", "-", "--json", stdin="so happy\r\n\nsad ü\n".encode()
    )

    answers = [json.loads(line) for line in outcome.out.splitlines()]
    happy, sad = labels_of(run, ["so happy", "sad ü"])
    assert [(answer["text"], answer["label"]) for answer in answers] == [
        ("so happy", happy),
        ("", None),
        ("sad ü", sad),
    ]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_predict_writes_every_row_in_order_with_its_other_columns(
    textune_command: Any, run: Path, table: Path, suffix: str
) -> None:
    output = table.with_name(f"out{suffix}")

    outcome = textune_command("predict", run, "--input", table, "--output", output)

    readers = {
        ".csv": lambda path: list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline=""))),
        ".jsonl": lambda path: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()],
        ".parquet": lambda path: parquet.read_table(path).to_pylist(),
    }
    rows = readers[suffix](output)
    assert outcome.code == 0, outcome.err
    assert [(row["id"], row["input_label"], row["text"]) for row in rows] == [
        ("7", "x", "so happy and fun"),
        ("8", "y", ""),
        ("9", "z", "sad, alone\nand lost"),
    ]
    happy, sad = labels_of(run, ["so happy and fun", "sad, alone\nand lost"])
    assert [row["label"] or None for row in rows] == [happy, None, sad]


def test_predict_gives_a_text_the_same_scores_in_any_company(
    textune_command: Any, run: Path, tmp_path: Path
) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("".join(f"{text}\n" for text, _ in small_rows(200, seed=3)), encoding="utf-8")
    first = small_rows(1, seed=3)[0][0]

    together = textune_command("predict", run, "--input", texts, "--json").out.splitlines()[0]
    alone = textune_command("predict", run, first, "--json").out

    assert json.loads(together)["scores"] == pytest.approx(json.loads(alone)["scores"], abs=1e-5)


def test_an_unknown_output_format_is_reported_before_anything_is_loaded(textune_command: Any) -> None:
    outcome = textune_command("predict", "nowhere", "text", "--output", "out.xlsx")

    assert outcome.code == 2
    assert "'.xlsx' is not a known format" in outcome.err


def test_a_broken_input_row_is_reported_and_leaves_no_output(
    textune_command: Any, run: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_bytes(b"text\nfine\nbr\xe9ak\n")

    outcome = textune_command("predict", run, "--input", broken, "--output", tmp_path / "out.csv")

    assert outcome.code == 2
    assert "line 3: byte 0xE9" in outcome.err
    assert list(tmp_path.iterdir()) == [broken]


def test_a_text_that_is_not_unicode_is_reported(textune_command: Any, run: Path) -> None:
    outcome = textune_command("predict", run, "fine", "br\udce9ak")

    assert outcome.code == 2
    assert "Text 2 is broken: its character 3" in outcome.err


def test_predict_replaces_a_file_once_the_new_one_is_complete_and_says_so_before(
    textune_command: Any, run: Path, table: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.csv"
    output.write_text("something else", encoding="utf-8")

    outcome = textune_command("predict", run, "--input", table, "--output", output)

    assert " ".join(outcome.err.split()).count("exists; it is replaced when the new file is complete.") == 1
    assert output.read_text(encoding="utf-8").startswith("text,label,score")


def test_the_input_is_never_overwritten(textune_command: Any, run: Path, table: Path) -> None:
    before = table.read_bytes()

    outcome = textune_command("predict", run, "--input", table, "--output", table)

    assert outcome.code == 2
    assert "is the input itself" in outcome.err
    assert table.read_bytes() == before


def test_an_engine_is_found_by_its_name(textune_command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[tuple[Any, ...]] = []
    module = ModuleType("toy_engine")
    module.predict = lambda *arguments, **options: requests.append(arguments) or 7  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "toy_engine", module)
    monkeypatch.setitem(ENGINES, "toy", "toy_engine:predict")

    outcome = textune_command("predict", "run", "--input", "posts.csv", "--output", "out", "--engine", "toy")

    assert (outcome.code, outcome.out) == (0, "7 predictions written to out\n")
    assert requests == [(Path("run"), "posts.csv", "out")]


def test_an_unknown_engine_is_reported_with_those_that_there_are(textune_command: Any) -> None:
    outcome = textune_command("predict", "run", "--input", "posts.csv", "--engine", "spark")

    assert outcome.code == 2
    assert "The engines are: local, ray." in outcome.err


def test_predict_says_how_many_texts_the_model_does_not_read_to_the_end(
    textune_command: Any, run: Path
) -> None:
    outcome = textune_command("predict", run, "so happy " * 32, "so happy " * 31, "--json")

    assert "truncated" not in outcome.out
    assert "1 of 2 texts is longer than the 64 tokens that the model reads; the rest" in outcome.err


def test_predict_marks_truncated_texts_on_request(textune_command: Any, run: Path) -> None:
    outcome = textune_command(
        "predict", run, "so happy " * 32, "so happy " * 31, "--mark-truncated", "--json"
    )

    assert [json.loads(line)["truncated"] for line in outcome.out.splitlines()] == [True, False]


def test_predict_marks_truncated_texts_in_readable_lines(textune_command: Any, run: Path) -> None:
    outcome = textune_command("predict", run, "so happy " * 32, "so happy", "--mark-truncated")

    assert [line.endswith("  (truncated)") for line in outcome.out.splitlines()] == [True, False]


def test_predict_marks_truncated_texts_in_a_file(textune_command: Any, run: Path, tmp_path: Path) -> None:
    posts, output = tmp_path / "posts.csv", tmp_path / "out.csv"
    posts.write_text(f"text,truncated\n{'so happy ' * 32},by hand\nso happy,no\n")

    outcome = textune_command("predict", run, "--input", posts, "--output", output, "--mark-truncated")

    rows = list(csv.DictReader(io.StringIO(output.read_text())))
    assert [(row["truncated"], row["input_truncated"]) for row in rows] == [
        ("true", "by hand"),
        ("false", "no"),
    ]
    assert "1 of 2 texts is longer than" in outcome.err


@pytest.mark.parametrize("runtime", ["torch", "onnx"])
def test_predict_counts_truncated_texts_with_every_runtime(
    textune_command: Any, exported_run: Path, runtime: str
) -> None:
    outcome = textune_command("predict", exported_run, "so " * 15, "so " * 14, "--runtime", runtime)

    assert "1 of 2 texts is longer than the 16 tokens that the model reads" in outcome.err
