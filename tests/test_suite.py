"""The suite on a tiny source: cells, resumption, what is out of date, and odd sources."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from suite import main
from textune.evaluation.macro_f1 import macro_f1
from textune.run.predictions import read_predictions
from tiny_models import build_tiny_model

HAPPY, SAD = ("so happy today", "a good new job", "love this life"), ("so sad", "sick and tired", "a bad day")


@dataclass(frozen=True)
class Suite:
    """A suite with TF-IDF in this environment, and a tiny encoder for textune.

    Attributes:
        folder: Where its store and its environments are.
        source: A CSV without splits, whose texts differ in a number.
    """

    folder: Path
    source: str

    def run(self, *arguments: str) -> int:
        places = [f"--{name}={self.folder / name}" for name in ("store", "environments", "model")]
        return main([*arguments, *places])

    def stored(self, cell: str) -> dict[str, object]:
        """Return the result of a cell."""
        return dict(json.loads((self.folder / "store" / f"{cell}.json").read_text()))


def prepare(folder: Path) -> Suite:
    """Return a suite with an empty store."""
    rows = [f"{text} {number},{label}" for number in range(12) for label, texts in
            (("joy", HAPPY), ("sadness", SAD)) for text in texts]  # fmt: skip
    source = folder / "moods.csv"
    source.write_text("text,label\n" + "\n".join(rows) + "\n")
    python = folder / "environments" / "scikit-learn" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    build_tiny_model(folder / "model")
    return Suite(folder, str(source))


@pytest.fixture(autouse=True)
def source_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the suite's processes find textune."""
    monkeypatch.setenv("PYTHONPATH", "src")


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """A suite of the test's own."""
    return prepare(tmp_path)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    """A suite whose store has the cell of TF-IDF. Tests leave the cell and the source as they are."""
    suite = prepare(tmp_path_factory.mktemp("filled"))
    assert suite.run(suite.source, *TFIDF_ALONE) == 0
    return suite


TFIDF_ALONE = ("--recipes", "--peers", "tfidf")


def test_every_contestant_has_a_line_with_its_score_and_times(
    filled: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = filled.folder / "picture.svg"
    code = filled.run(
        filled.source, "--recipes", "frozen", "--peers", "tfidf", "setfit", "--picture", str(picture)
    )

    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert code == 0
    assert "macro-F1" in lines[2] and "textune `frozen`" in lines[2]
    assert "TF-IDF" in lines[3] and "(" in lines[3]
    assert "not installed: make .bench/setfit/installed" in lines[4]
    seconds = filled.stored("moods/tfidf/0")["seconds"]
    assert isinstance(seconds, dict) and seconds["cpu"] > 0 and seconds["whole"] > 0
    assert ">frozen<" in picture.read_text() and ">tfidf<" in picture.read_text()


def test_the_score_is_textunes_own_of_what_the_peer_wrote(
    filled: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    filled.run(filled.source, *TFIDF_ALONE)

    predictions = read_predictions(filled.folder / "store" / "moods" / "tfidf" / "0.parquet")
    score = macro_f1(predictions.probabilities, predictions.labels)
    assert f"| {score * 100:.1f} % ±" in capsys.readouterr().out
    rows = [json.loads(line) for line in (filled.folder / "store/moods/rows.jsonl").read_text().splitlines()]
    assert [row["text"] for row in rows if row["split"] == "test"] == list(predictions.texts)


def test_a_suite_that_was_stopped_fills_only_what_is_missing(filled: Suite) -> None:
    first = (filled.folder / "store/moods/tfidf/0.json").read_bytes()
    left = filled.folder / "store/moods/tfidf/1.running"
    left.mkdir()  # What a killed suite leaves.

    filled.run(filled.source, *TFIDF_ALONE)

    assert (filled.folder / "store/moods/tfidf/0.json").read_bytes() == first


def test_a_cell_is_filled_again_once_its_rows_are_others(
    suite: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    suite.run(suite.source, *TFIDF_ALONE)
    before = suite.stored("moods/tfidf/0")["identity"]
    with Path(suite.source).open("a") as file:
        file.write("so happy again,joy\n")

    suite.run(suite.source, *TFIDF_ALONE, "--show")
    assert "(out of date)" in capsys.readouterr().out
    suite.run(suite.source, *TFIDF_ALONE)
    assert suite.stored("moods/tfidf/0")["identity"] != before
    assert "(out of date)" not in capsys.readouterr().out


def test_only_the_named_cells_are_filled(suite: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    suite.run(suite.source, "--recipes", "frozen", "--peers", "tfidf", "--only", "moods/tfidf/0")

    assert not (suite.folder / "store/moods/frozen").exists()
    assert "textune `frozen` | not run" in capsys.readouterr().out
    assert suite.run(suite.source, *TFIDF_ALONE, "--only", "moods/tfidf/7") == 2


def test_a_cell_has_the_command_that_fills_it(filled: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    filled.run(filled.source, "--recipes", "frozen", "--peers", "tfidf", "--commands")
    frozen, tfidf = capsys.readouterr().out.splitlines()

    assert f"textune train --recipe frozen --model {filled.folder}/model --data {filled.source}" in frozen
    identity = filled.stored("moods/tfidf/0")["identity"]
    assert isinstance(identity, dict) and identity["command"] == tfidf


def test_a_process_over_its_time_is_stopped_and_said_to_be(
    suite: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    code = suite.run(suite.source, *TFIDF_ALONE, "--cell-minutes", "0.001")

    assert code == 0
    assert "| over 0.001 minutes, with 0 s of CPU |" in capsys.readouterr().out


def test_an_odd_source_is_left_out_with_a_message_and_the_others_go_on(
    filled: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = filled.folder / "odd.csv"
    odd.write_text("text,label\nonly one,joy\n")
    code = filled.run(
        str(odd), str(filled.folder / "nowhere.csv"), f"{filled.source} what", filled.source, *TFIDF_ALONE
    )

    printed = capsys.readouterr()
    assert code == 1
    assert printed.err.count("is left out.") == 3
    assert "'what'" in printed.err and "nowhere.csv" in printed.err
    assert "moods: macro-F1" in printed.out


def test_texts_with_several_labels_get_thresholds_from_validation(
    suite: Suite, capsys: pytest.CaptureFixture[str]
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
    path = suite.folder / "many.csv"
    path.write_text("text,label\n" + "\n".join(rows) + "\n")

    assert suite.run(f"{path} metric=micro_f1", *TFIDF_ALONE) == 0

    predictions = read_predictions(suite.folder / "store/many/tfidf/0.parquet")
    assert predictions.given is not None
    fear = predictions.label_names.index("fear")
    assert predictions.probabilities[:, fear].max() < 0.5
    assert predictions.given[:, fear].any()
    assert "many: micro-F1" in capsys.readouterr().out


def test_a_folder_of_tasks_stands_for_all_and_the_targets_of_stance_count_together(
    suite: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    for target in ("climate", "hillary"):
        folder = suite.folder / "tweeteval" / "stance" / target
        folder.mkdir(parents=True)
        (folder / "mapping.txt").write_text("0\tnone\n1\tagainst\n2\tfavor\n")
        for split, count in (("train", 8), ("val", 3), ("test", 4)):
            texts = [f"{word} {number}" for number in range(count) for word in ("what", "never", "yes")]
            (folder / f"{split}_text.txt").write_text("\n".join(texts) + "\n")
            (folder / f"{split}_labels.txt").write_text("0\n1\n2\n" * count)

    assert suite.run(str(suite.folder / "tweeteval"), *TFIDF_ALONE) == 0

    printed = capsys.readouterr().out
    assert "stance-climate: mean F1 of against and favor, 12 rows" in printed
    assert "stance, 2 targets together: mean F1 of against and favor, 24 rows" in printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_suite_that_is_interrupted_ends_its_process_and_says_how_to_go_on(
    number: int, suite: Suite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(process: int, options: int) -> None:
        signal.raise_signal(number)

    with monkeypatch.context() as patched:
        patched.setattr("os.wait4", interrupt)
        assert suite.run(suite.source, *TFIDF_ALONE) == 130

    assert "The same command goes on" in capsys.readouterr().err
    assert not (suite.folder / "store/moods/tfidf/0.json").exists()
    assert suite.run(suite.source, *TFIDF_ALONE) == 0


def test_splits_that_textune_makes_can_be_several(filled: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    filled.run(filled.source, *TFIDF_ALONE, "--split-seeds", "0", "1")

    assert "moods.split-1: macro-F1" in capsys.readouterr().out
    assert filled.stored("moods/tfidf/0")["identity"] != filled.stored("moods.split-1/tfidf/0")["identity"]
