"""Data from Python's memory in a training, a resumed training, an evaluation and an audit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import textune
from killing import result_of
from observers import Silence
from small_data import small_rows
from textune.errors import DataError, RunError, StoppedError
from textune.run.layout import open_run
from textune.run.origin import origin_of_complete

ROWS = small_rows(90)
FAST = ("evaluate.baselines=false", "evaluate.bootstrap_samples=100")
STEPWISE = (
    *FAST,
    "train.save_steps=3",
    "train.num_train_epochs=1",
    "train.per_device_train_batch_size=8",
    "train.warmup_steps=0",
)


class Interrupter(Silence):
    """Interrupts after a number of steps."""

    def __init__(self, last: int) -> None:
        self._left = last

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        """Count a step."""
        self._left -= unit == "steps"
        if not self._left:
            raise KeyboardInterrupt


def frame(rows: Any = ROWS) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["text", "label"])


@pytest.fixture(scope="module")
def run(tiny_distilbert: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was trained on a DataFrame."""
    out = tmp_path_factory.mktemp("runs") / "run"
    return textune.train("frozen", model=tiny_distilbert, data=frame(), out=out, settings=FAST).run


@pytest.fixture
def stopped(tiny_distilbert: str, tmp_path: Path) -> Callable[[str], Path]:
    """Begin a training of the encoder on a DataFrame, and stop it after 4 steps."""

    def begin(name: str) -> Path:
        with pytest.raises(StoppedError):
            textune.train(
                "full",
                model=tiny_distilbert,
                data=frame(),
                out=tmp_path / name,
                settings=STEPWISE,
                observer=Interrupter(4),
            )
        return tmp_path / name

    return begin


def test_a_run_says_what_its_data_was_and_keeps_its_fingerprint(run: Path) -> None:
    origin = origin_of_complete(open_run(run))

    assert origin.data.source == "python:DataFrame"
    assert len(origin.data.fingerprint) == 64


def test_a_folder_is_named_after_the_kind_of_data(
    tiny_distilbert: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    texts, labels = zip(*ROWS, strict=True)
    result = textune.train("frozen", model=tiny_distilbert, data=(texts, labels), settings=FAST)

    assert "-python-tuple-" in result.run.name


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_run_is_measured_again_without_its_data(run: Path, split: str) -> None:
    document = json.loads(open_run(run).metrics.read_text(encoding="utf-8"))

    assert textune.evaluate(run, split=split)["metrics"][split] == document["metrics"][split]


def test_a_run_is_measured_on_its_own_test_split_if_it_gets_its_data_again(run: Path) -> None:
    document = textune.evaluate(run, data=frame())

    assert document["metrics"]["test"] == textune.evaluate(run)["metrics"]["test"]
    assert document["source"] == "python:DataFrame"


def test_a_run_is_measured_on_other_data_from_memory(run: Path) -> None:
    texts, labels = zip(*small_rows(30, seed=1), strict=True)
    document = textune.evaluate(run, data={"test": (texts, labels)})

    assert document["metrics"]["test"]["examples"] == 30


def test_a_stopped_training_resumes_with_the_same_data_to_the_same_bits(
    stopped: Callable[[str], Path], tiny_distilbert: str, tmp_path: Path, one_thread: None
) -> None:
    whole = textune.train(
        "full", model=tiny_distilbert, data=frame(), out=tmp_path / "whole", settings=STEPWISE
    )
    resumed = textune.resume(stopped("stopped"), data=[*ROWS])

    assert result_of(resumed.run) == result_of(whole.run)


def test_a_stopped_training_says_that_it_needs_its_data(
    stopped: Callable[[str], Path], textune_command: Any
) -> None:
    run = stopped("stopped")
    outcome = textune_command("train", "--resume", run)

    assert outcome.code == 2
    assert "textune.resume(RUN, data=...)" in outcome.err
    assert any((run / "checkpoints").iterdir())


def test_a_stopped_training_refuses_other_data(stopped: Callable[[str], Path]) -> None:
    run = stopped("stopped")
    with pytest.raises(RunError) as caught:
        textune.resume(run, data=frame(ROWS[:-1]))

    assert "the data set python:DataFrame has changed since it began" in caught.value.message


def test_several_seeds_train_on_data_from_memory(tiny_distilbert: str, tmp_path: Path) -> None:
    result = textune.train_seeds(
        "frozen", seeds=2, model=tiny_distilbert, data=frame(), out=tmp_path / "seeds", settings=FAST
    )

    assert result.document["metrics"]["test"]["accuracy"]["mean"] > 0.3


def test_an_audit_names_rows_of_data_from_memory(tiny_distilbert: str) -> None:
    result = textune.audit([*ROWS, ROWS[4]], model=tiny_distilbert, quick=True)
    places = [row.place for finding in result.findings for row in finding.rows if row.text == ROWS[4][0]]

    assert result.source == "python:list"
    assert places == ["row 5", "row 91"]


def test_the_name_of_data_in_memory_is_not_a_source_of_the_command_line(textune_command: Any) -> None:
    outcome = textune_command("train", "--data", "python:DataFrame")

    assert outcome.code == 2
    assert "no file holds" in outcome.err


def test_broken_data_leaves_no_run_folder(tiny_distilbert: str, tmp_path: Path) -> None:
    with pytest.raises(DataError):
        textune.train("frozen", model=tiny_distilbert, data=(["so"], []), out=tmp_path / "run")

    assert not (tmp_path / "run").exists()
