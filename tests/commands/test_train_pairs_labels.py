"""Pairs of texts that can have several labels: from the file to the same answer everywhere."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import textune
from pair_data import LABEL_COLUMNS, pair_rows, write_label_pair_csv
from serving_stand_in import running
from textune.formats.text_pairs import text_fields
from textune.report.results import read_results
from textune.run.layout import open_run
from textune.serving.served import load_served
from tiny_exports import EXACT

PAIRS = [pair for pair, _ in pair_rows(40, seed=9)]
OBJECTS = [text_fields(pair) for pair in PAIRS]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_label_pair_csv(tmp_path_factory.mktemp("data") / "questions.csv", 224)


@pytest.fixture(scope="module")
def run(tiny_models: Callable[[str], Path], source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose classifier has both exact exports."""
    settings = ("evaluate.bootstrap_samples=100", "train.num_train_epochs=1", "train.warmup_steps=0")
    out = tmp_path_factory.mktemp("runs") / "run"
    model = str(tiny_models("bert"))
    textune.train("full", model=model, data=str(source), out=out, settings=[*LABEL_COLUMNS, *settings])
    for runtime in EXACT:
        textune.export(out, runtime=runtime)
    return out


@pytest.fixture(scope="module")
def expected(run: Path) -> dict[str, np.ndarray]:
    """The probabilities (pairs, classes) of the run, and which labels reach their thresholds."""
    predictor = textune.load(run, runtime="torch")
    probabilities = predictor.predict_proba(PAIRS)
    return {"probabilities": probabilities, "given": probabilities >= predictor.thresholds}


@pytest.mark.parametrize("runtime", EXACT)
def test_an_export_decides_as_the_run_does(run: Path, expected: dict[str, np.ndarray], runtime: str) -> None:
    predictor: Any = textune.load(run, runtime=runtime)

    np.testing.assert_allclose(predictor.predict_proba(PAIRS), expected["probabilities"], atol=1e-4, rtol=0)
    assert predictor.thresholds.tolist() == textune.load(run, runtime="torch").thresholds.tolist()


def test_plain_transformers_pipeline_gives_the_same_scores(
    run: Path, expected: dict[str, np.ndarray]
) -> None:
    from transformers import pipeline

    classify = pipeline("text-classification", model=str(run / "model"), top_k=None)

    answers = classify(OBJECTS)

    scores = [{entry["label"]: entry["score"] for entry in answer} for answer in answers]
    probabilities = [[each["same"], each["glad"]] for each in scores]
    np.testing.assert_allclose(probabilities, expected["probabilities"], atol=1e-4, rtol=0)


def test_the_server_decides_as_the_run_does(run: Path, expected: dict[str, np.ndarray]) -> None:
    with running(predictor=load_served(run, runtime="torch").predictor) as server:
        answers = server.post({"inputs": OBJECTS}, "/labels").json

    assert [[name in answer["labels"] for name in ("same", "glad")] for answer in answers] == expected[
        "given"
    ].tolist()
    scores = [[answer["scores"][name] for name in ("same", "glad")] for answer in answers]
    np.testing.assert_allclose(scores, expected["probabilities"], atol=1e-5, rtol=0)


def test_a_file_gets_the_labels_that_the_run_gives(
    run: Path, source: Path, tmp_path: Path, textune_command: Any
) -> None:
    outcome = textune_command("predict", run, "--input", source, "--output", tmp_path / "out.csv")

    assert outcome.code == 0, outcome.err
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:4] == ["text", "text_pair", "labels", "score_same"]
    decided: Any = textune.load(run, runtime="torch").predict(
        [(row["text"], row["text_pair"]) for row in rows]
    )
    assert [row["labels"] for row in rows] == ["|".join(labels) for labels in decided]


def test_the_run_is_measured_again_to_the_same_metrics(run: Path) -> None:
    again = textune.evaluate(run)["metrics"]["test"]

    assert read_results(open_run(run)).document.metrics["test"].to_json()["macro_f1"] == again["macro_f1"]


def test_the_report_shows_pairs_with_the_words_of_both_texts(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")

    assert "TextPair" not in page
    assert " | " in page
    assert '<mark class="for-' in page
    assert "TF-IDF of the first texts alone" in page


def test_every_label_of_a_pair_is_explained_by_the_words_of_both_texts(
    run: Path, expected: dict[str, np.ndarray]
) -> None:
    row = int(expected["given"].sum(axis=1).argmax())

    explanation = textune.explain(run, PAIRS[row])

    explained = [explanation, *(explanation.others or ())]
    assert len(explained) == max(1, expected["given"][row].sum())
    assert {(len(each.words), len(each.words_pair)) for each in explained} == {(5, 5)}


@pytest.mark.parametrize(
    "options", [("paper",), ("best",), ("frozen", "--seeds", "2")], ids=["paper", "best", "several seeds"]
)
def test_every_recipe_trains_them_and_says_how_to_predict_a_pair(
    tiny_models: Callable[[str], Path],
    source: Path,
    tmp_path: Path,
    textune_command: Any,
    options: Sequence[str],
) -> None:
    settings = (*LABEL_COLUMNS, "evaluate.bootstrap_samples=100", "train.num_train_epochs=1")
    asked = ("--model", tiny_models("bert"), "--data", source, "--out", tmp_path / "run")

    outcome = textune_command(
        "train", "--recipe", *options, *asked, *(part for each in settings for part in ("--set", each))
    )

    assert outcome.code == 0, outcome.err
    assert outcome.out.rstrip().endswith('"Your own text" --text-pair "Another text"')
