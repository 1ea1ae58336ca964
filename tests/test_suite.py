"""The suite on a tiny source: cells, resumption, what is out of date, and odd sources."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from suite import main
from textune.evaluation.macro_f1 import macro_f1
from textune.run.predictions import read_predictions
from tiny_models import build_tiny_model

HAPPY, SAD = ("so happy today", "a good new job", "love this life"), ("so sad", "sick and tired", "a bad day")


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A CSV without splits, whose texts differ in a number."""
    rows = [f"{text} {number},{label}" for number in range(12) for label, texts in
            (("joy", HAPPY), ("sadness", SAD)) for text in texts]  # fmt: skip
    path = tmp_path / "moods.csv"
    path.write_text("text,label\n" + "\n".join(rows) + "\n")
    return str(path)


@pytest.fixture
def run_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run the suite with TF-IDF in this environment, and a tiny encoder for textune."""
    python = tmp_path / "environments" / "scikit-learn" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    model = build_tiny_model(tmp_path / "model")
    monkeypatch.setenv("PYTHONPATH", "src")
    places = ["--store", str(tmp_path / "store"), "--environments", str(tmp_path / "environments")]

    def run(*arguments: str) -> int:
        return main([*arguments, "--model", str(model), *places])

    return run


def stored(tmp_path: Path, cell: str) -> dict[str, object]:
    """Return the result of a cell."""
    return dict(json.loads((tmp_path / "store" / f"{cell}.json").read_text()))


TFIDF_ALONE = ("--recipes", "--peers", "tfidf")


def test_every_contestant_has_a_line_with_its_score_and_times(
    source: str, run_suite: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "picture.svg"
    code = run_suite(source, "--recipes", "frozen", "--peers", "tfidf", "setfit", "--picture", str(picture))

    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert code == 0
    assert "macro-F1" in lines[2] and "textune `frozen`" in lines[2]
    assert "TF-IDF" in lines[3] and "(" in lines[3]
    assert "not installed: make .bench/setfit/installed" in lines[4]
    seconds = stored(tmp_path, "moods/tfidf/0")["seconds"]
    assert isinstance(seconds, dict) and seconds["cpu"] > 0 and seconds["whole"] > 0
    assert ">frozen<" in picture.read_text() and ">tfidf<" in picture.read_text()


def test_the_score_is_textunes_own_of_what_the_peer_wrote(
    source: str, run_suite: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_suite(source, *TFIDF_ALONE)

    predictions = read_predictions(tmp_path / "store" / "moods" / "tfidf" / "0.parquet")
    score = macro_f1(predictions.probabilities, predictions.labels)
    assert f"| {score * 100:.1f} % ±" in capsys.readouterr().out
    rows = [json.loads(line) for line in (tmp_path / "store/moods/rows.jsonl").read_text().splitlines()]
    assert [row["text"] for row in rows if row["split"] == "test"] == list(predictions.texts)


def test_a_suite_that_was_stopped_fills_only_what_is_missing(
    source: str, run_suite: Callable[..., int], tmp_path: Path
) -> None:
    run_suite(source, *TFIDF_ALONE)
    first = (tmp_path / "store/moods/tfidf/0.json").read_bytes()
    left = tmp_path / "store/moods/tfidf/1.running"
    left.mkdir()  # What a killed suite leaves.

    run_suite(source, *TFIDF_ALONE)

    assert (tmp_path / "store/moods/tfidf/0.json").read_bytes() == first


def test_a_cell_is_filled_again_once_its_rows_are_others(
    source: str, run_suite: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_suite(source, *TFIDF_ALONE)
    before = stored(tmp_path, "moods/tfidf/0")["identity"]
    with Path(source).open("a") as file:
        file.write("so happy again,joy\n")

    run_suite(source, *TFIDF_ALONE, "--show")
    assert "(out of date)" in capsys.readouterr().out
    run_suite(source, *TFIDF_ALONE)
    assert stored(tmp_path, "moods/tfidf/0")["identity"] != before
    assert "(out of date)" not in capsys.readouterr().out


def test_only_the_named_cells_are_filled(
    source: str, run_suite: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_suite(source, "--recipes", "frozen", "--peers", "tfidf", "--only", "moods/tfidf/0")

    assert not (tmp_path / "store/moods/frozen").exists()
    assert "textune `frozen` | not run" in capsys.readouterr().out
    assert run_suite(source, *TFIDF_ALONE, "--only", "moods/tfidf/7") == 2


def test_a_cell_has_the_command_that_fills_it(
    source: str, run_suite: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_suite(source, "--recipes", "frozen", "--peers", "tfidf", "--commands")
    frozen, tfidf = capsys.readouterr().out.splitlines()
    run_suite(source, *TFIDF_ALONE)

    assert f"textune train --recipe frozen --model {tmp_path}/model --data {source}" in frozen
    identity = stored(tmp_path, "moods/tfidf/0")["identity"]
    assert isinstance(identity, dict) and identity["command"] == tfidf


def test_a_process_over_its_time_is_stopped_and_said_to_be(
    source: str, run_suite: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_suite(source, *TFIDF_ALONE, "--cell-minutes", "0.001")

    assert code == 0
    assert "| over 0.001 minutes, with 0 s of CPU |" in capsys.readouterr().out


def test_an_odd_source_is_left_out_with_a_message_and_the_others_go_on(
    source: str, run_suite: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = tmp_path / "odd.csv"
    odd.write_text("text,label\nonly one,joy\n")
    code = run_suite(str(odd), str(tmp_path / "nowhere.csv"), f"{source} what", source, *TFIDF_ALONE)

    printed = capsys.readouterr()
    assert code == 1
    assert printed.err.count("is left out.") == 3
    assert "'what'" in printed.err and "nowhere.csv" in printed.err
    assert "moods: macro-F1" in printed.out


def test_texts_with_several_labels_get_thresholds_from_validation(
    run_suite: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # One in three frightening texts has the label fear, which is then improbable everywhere.
    rows = [
        f"{text} {number},{label}"
        for number in range(30)
        for text, label in (
            ("happy life", "joy"),
            ("happy and sad", "joy;sadness"),
            ("scared of panic", "fear" if number % 3 == 0 else "sadness"),
        )
    ]
    path = tmp_path / "many.csv"
    path.write_text("text,label\n" + "\n".join(rows) + "\n")

    assert run_suite(f"{path} metric=micro_f1", *TFIDF_ALONE) == 0

    predictions = read_predictions(tmp_path / "store/many/tfidf/0.parquet")
    assert predictions.given is not None
    fear = predictions.label_names.index("fear")
    assert predictions.probabilities[:, fear].max() < 0.5
    assert predictions.given[:, fear].any()
    assert "many: micro-F1" in capsys.readouterr().out


def test_a_folder_of_tasks_stands_for_all_and_the_targets_of_stance_count_together(
    run_suite: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for target in ("climate", "hillary"):
        folder = tmp_path / "tweeteval" / "stance" / target
        folder.mkdir(parents=True)
        (folder / "mapping.txt").write_text("0\tnone\n1\tagainst\n2\tfavor\n")
        for split, count in (("train", 8), ("val", 3), ("test", 4)):
            texts = [f"{word} {number}" for number in range(count) for word in ("what", "never", "yes")]
            (folder / f"{split}_text.txt").write_text("\n".join(texts) + "\n")
            (folder / f"{split}_labels.txt").write_text("0\n1\n2\n" * count)

    assert run_suite(str(tmp_path / "tweeteval"), *TFIDF_ALONE) == 0

    printed = capsys.readouterr().out
    assert "stance-climate: mean F1 of against and favor, 12 rows" in printed
    assert "stance, 2 targets together: mean F1 of against and favor, 24 rows" in printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_suite_that_is_interrupted_ends_its_process_and_says_how_to_go_on(
    number: int,
    source: str,
    run_suite: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(process: int, options: int) -> None:
        signal.raise_signal(number)

    with monkeypatch.context() as patched:
        patched.setattr("os.wait4", interrupt)
        assert run_suite(source, *TFIDF_ALONE) == 130

    assert "The same command goes on" in capsys.readouterr().err
    assert not (tmp_path / "store/moods/tfidf/0.json").exists()
    assert run_suite(source, *TFIDF_ALONE) == 0


def test_splits_that_textune_makes_can_be_several(
    source: str, run_suite: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_suite(source, *TFIDF_ALONE, "--split-seeds", "0", "1")

    assert "moods.split-1: macro-F1" in capsys.readouterr().out
    assert (
        stored(tmp_path, "moods/tfidf/0")["identity"] != stored(tmp_path, "moods.split-1/tfidf/0")["identity"]
    )
