"""What carried a decision is the same everywhere: in the report, the command and the server."""

from __future__ import annotations

from pathlib import Path

import pytest

import textune
from serving_stand_in import running
from textune.formats.text_pairs import TextPair, text_fields
from textune.report.results import Mistake
from textune.report.run_report import explain_mistakes

TEXT = "Don't be #sad, so happy to-day 今日 👍🏽"


@pytest.fixture(scope="module")
def run(tiny_distilbert: str, small_csv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    settings = ["evaluate.baselines=false", "evaluate.bootstrap_samples=100"]
    return textune.train("frozen", model=tiny_distilbert, data=small_csv, out=out, settings=settings).run


@pytest.mark.parametrize("text", [TEXT, TEXT * 20], ids=["short", "of 200 words"])
def test_report_command_and_server_give_the_same_words_the_same_weights(run: Path, text: str) -> None:
    asked = textune.explain(run, text)
    mistake = Mistake("test", 0, text, "anger", asked.label, asked.score, 0.1)

    (reported,) = explain_mistakes(textune.load(run), [mistake])
    with running(predictor=textune.load(run)) as server:
        served = server.post({"inputs": text}, "/explain").json

    weights = pytest.approx([word.weight for word in asked.words], abs=1e-6)
    assert (reported.label, reported.score) == (asked.label, pytest.approx(asked.score, abs=1e-6))
    assert (served["label"], served["score"]) == (asked.label, pytest.approx(asked.score, abs=1e-6))
    assert [(word.start, word.end) for word in reported.words] == [
        (part["start"], part["end"]) for part in served["parts"]
    ]
    assert [word.word for word in reported.words] == [word.word for word in asked.words]
    assert [word.weight for word in reported.words] == weights
    assert [part["weight"] for part in served["parts"]] == weights


def test_a_mistake_is_explained_for_the_label_that_was_given(run: Path) -> None:
    mistake = Mistake("test", 0, TEXT, "joy", "sadness", 0.9, 0.1)

    (reported,) = explain_mistakes(textune.load(run), [mistake])

    assert reported == textune.explain(run, TEXT, label="sadness")


def test_report_command_and_server_give_the_words_of_pairs_the_same_weights(pair_run: Path) -> None:
    pair = TextPair("so happy today", "why so sad")
    predictor = textune.load(pair_run, runtime="torch")
    asked = textune.explain(pair_run, pair)
    mistake = Mistake("test", 0, pair, "anger", asked.label, asked.score, 0.1)

    (reported,) = explain_mistakes(predictor, [mistake])
    with running(predictor=predictor) as server:
        served = server.post({"inputs": text_fields(pair)}, "/explain").json

    weights = [[word.weight for word in words] for _, words in asked.sides]
    of_server = [[part["weight"] for part in served[name]] for name in ("parts", "parts_pair")]
    assert [[word.weight for word in words] for _, words in reported.sides] == [
        pytest.approx(each, abs=1e-5) for each in weights
    ]
    assert of_server == [pytest.approx(each, abs=1e-5) for each in weights]
