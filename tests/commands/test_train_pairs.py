"""A training on pairs of texts, from the file to the run: its results, its card, and measuring it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

import textune
from pair_data import COLUMNS, LABEL_COLUMNS, pair_rows, write_label_pair_csv, write_pair_csv
from small_data import write_small_csv
from textune.errors import DataError
from textune.formats.text_pairs import TextPair
from textune.run.layout import open_run
from textune.run.predictions import read_predictions

FAST = ("evaluate.bootstrap_samples=100",)

pytestmark = pytest.mark.usefixtures("few_mistakes_explained")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pair_csv(tmp_path_factory.mktemp("data") / "questions.csv", 336)


@pytest.fixture(scope="module")
def trained(tiny_models: Any, source: Path, tmp_path_factory: pytest.TempPathFactory) -> textune.TrainResult:
    return textune.train(
        "full",
        model=str(tiny_models("bert")),
        data=str(source),
        out=tmp_path_factory.mktemp("runs") / "run",
        settings=[*COLUMNS, *FAST, "train.num_train_epochs=1", "train.warmup_steps=0"],
    )


def test_the_results_have_a_baseline_for_both_texts_and_one_for_each(trained: textune.TrainResult) -> None:
    accuracy = {key: values["accuracy"] for key, values in trained.document["baselines"].items()}

    assert list(accuracy) == [
        "majority_class",
        "tfidf_logistic_regression",
        "tfidf_first_text",
        "tfidf_second_text",
    ]
    assert accuracy["tfidf_logistic_regression"] > 0.9
    # 68 rows: chance alone gives 0.5 ± 0.18 in all but three of a thousand sets.
    assert abs(accuracy["tfidf_first_text"] - 0.5) < 0.18
    assert abs(accuracy["tfidf_second_text"] - 0.5) < 0.18


def test_the_saved_model_gives_plain_transformers_pipeline_the_same_answers(
    trained: textune.TrainResult,
) -> None:
    verification = json.loads(open_run(trained.run).manifest.read_text())["verification"]

    assert verification["largest_difference_to_pipeline"] < 1e-5


def test_the_stored_predictions_have_both_texts(trained: textune.TrainResult) -> None:
    path = open_run(trained.run).predictions / "test.parquet"

    assert parquet.read_schema(path).names[:3] == ["row", "text", "text_pair"]
    assert set(read_predictions(path).texts) < {pair for pair, _ in pair_rows(336)}


def test_the_run_is_measured_again_to_the_same_metrics(trained: textune.TrainResult) -> None:
    again = textune.evaluate(trained.run)

    assert again["metrics"]["test"]["accuracy"] == trained.document["metrics"]["test"]["accuracy"]
    assert again["metrics"]["test"]["log_loss"] == pytest.approx(
        trained.document["metrics"]["test"]["log_loss"], abs=1e-6
    )


def test_single_texts_cannot_measure_a_run_on_pairs(trained: textune.TrainResult, tmp_path: Path) -> None:
    data = write_small_csv(tmp_path / "texts.csv")

    with pytest.raises(DataError, match="has no column 'question', 'answer', and the run classifies pairs"):
        textune.evaluate(trained.run, data=str(data))


def test_the_card_says_that_it_takes_pairs_and_how_to_give_them(trained: textune.TrainResult) -> None:
    card = open_run(trained.run).card.read_text(encoding="utf-8")

    assert "A classifier of pairs of texts with 2 labels: other, same." in card
    assert 'classify([{"text": "The first text", "text_pair": "the second text"}], truncation=True)' in card


def test_a_run_on_pairs_in_memory_takes_pairs(tiny_models: Any, tmp_path: Path) -> None:
    rows = pair_rows(112)
    data = ([tuple(pair) for pair, _ in rows], [label for _, label in rows])

    run = textune.train(
        "frozen", model=str(tiny_models("bert")), data=data, out=tmp_path / "run", settings=FAST
    ).run

    (prediction,) = textune.predict(run, [("so happy", "so sad")])
    assert prediction.row.text == TextPair("so happy", "so sad")
    with pytest.raises(DataError, match="takes pairs of texts, and text 1 is a single text"):
        textune.predict(run, ["so happy"])


def test_what_neither_text_tells_alone_is_learned_from_the_pair(tmp_path: Path) -> None:
    data = write_pair_csv(tmp_path / "questions.csv", 1120)

    result = textune.train(
        "frozen", model="embedded:minilm", data=str(data), out=tmp_path / "run", settings=[*COLUMNS, *FAST]
    )

    # 224 rows: chance alone gives 0.5 ± 0.1 in all but three of a thousand sets.
    assert result.document["metrics"]["test"]["accuracy"] > 0.7
    baselines = result.document["baselines"]
    assert abs(baselines["tfidf_first_text"]["accuracy"] - 0.5) < 0.1
    assert abs(baselines["tfidf_second_text"]["accuracy"] - 0.5) < 0.1


@pytest.mark.parametrize("recipe", ["frozen", "full"])
@pytest.mark.parametrize("write", [write_pair_csv, write_label_pair_csv], ids=["one label", "several labels"])
def test_pairs_in_windows_are_refused_before_anything_is_written(
    tiny_models: Any, tmp_path: Path, textune_command: Any, recipe: str, write: Any
) -> None:
    data, out = write(tmp_path / "questions.csv"), tmp_path / "runs" / "run"
    columns = LABEL_COLUMNS if write is write_label_pair_csv else COLUMNS
    settings = [part for setting in (*columns, "prepare.long_texts=windows") for part in ("--set", setting)]

    outcome = textune_command(
        *("train", "--recipe", recipe, "--model", tiny_models("bert"), "--data", data, "--out", out),
        *settings,
    )

    assert outcome.code == 2
    assert outcome.out == ""
    assert "prepare.long_texts = 'windows' reads single texts, but these are pairs." in outcome.err
    assert "Traceback" not in outcome.err
    assert not out.parent.exists()
