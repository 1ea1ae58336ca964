"""A run measured on other sources: whose labels are written in another way, and whose columns differ."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import textune
from source_files import write_csv
from textune.errors import RequestError

ROWS = [
    (f"so {['sad', 'happy'][number % 2]} {number}", ["False", "True"][number % 2]) for number in range(40)
]
FAST = ("evaluate.baselines=false", "evaluate.bootstrap_samples=100")


@pytest.fixture(scope="module")
def run(tiny_distilbert: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on labels that CSV calls True and False, in columns that the recipe names."""
    folder = tmp_path_factory.mktemp("evaluated")
    data = write_csv(folder / "posts.csv", ROWS, header=("said", "glad"))
    settings = [*FAST, "data.text_column=said", "data.label_column=glad"]
    return textune.train(
        "frozen", model=tiny_distilbert, data=str(data), out=folder / "run", settings=settings
    ).run


def test_true_in_csv_is_true_in_json(run: Path, tmp_path: Path) -> None:
    rows = [{"said": text, "glad": label == "True"} for text, label in ROWS[:10]]
    path = tmp_path / "more.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")

    document = textune.evaluate(run, data=str(path))

    support = {name: row["support"] for name, row in document["metrics"]["test"]["per_class"].items()}
    assert support == {"False": 5, "True": 5}


def test_columns_of_the_run_that_another_source_lacks_are_detected(run: Path, tmp_path: Path) -> None:
    document = textune.evaluate(run, data=str(write_csv(tmp_path / "more.csv", ROWS[:10])))

    assert document["metrics"]["test"]["examples"] == 10


def test_settings_say_how_another_source_is_read(run: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "more.csv", ROWS[:10], header=("body", "mood"))

    settings = ["data.text_column=body", "data.label_column=mood"]
    document = textune.evaluate(run, data=str(path), settings=settings)

    assert document["metrics"]["test"]["examples"] == 10


@pytest.mark.parametrize("setting", ["train.seed=1", "model.name=x"])
def test_other_settings_are_refused(run: Path, setting: str) -> None:
    with pytest.raises(RequestError, match="does not say how data is read"):
        textune.evaluate(run, data="posts.csv", settings=[setting])


def test_settings_without_another_source_are_refused(run: Path) -> None:
    with pytest.raises(RequestError, match="there is no --data"):
        textune.evaluate(run, settings=["data.text_column=said"])
