"""`textune explain`: what it shows, its JSON, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import textune
from textune.cli.render.explanation_table import coloured
from textune.explain.attribution import Word

TEXT = "so happy and fun today"


@pytest.fixture(scope="module")
def run(tiny_distilbert: str, small_csv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    settings = ["evaluate.baselines=false"]
    return textune.train("frozen", model=tiny_distilbert, data=small_csv, out=out, settings=settings).run


@pytest.mark.parametrize("method", ["occlusion", "integrated-gradients"])
def test_explain_json_is_one_document_with_every_word(textune_command: Any, run: Path, method: str) -> None:
    document = json.loads(textune_command("explain", run, TEXT, "--method", method, "--json").out)

    (score,) = textune.load(run).predict_proba([TEXT])
    assert list(document) == ["text", "label", "score", "words", "truncated"]
    assert [word["word"] for word in document["words"]] == TEXT.split()
    assert [TEXT[word["start"] : word["end"]] for word in document["words"]] == TEXT.split()
    assert document["score"] == pytest.approx(score.max(), abs=1e-5)


def test_explain_shows_the_label_the_text_and_the_words_that_weigh_most(
    textune_command: Any, run: Path
) -> None:
    outcome = textune_command("explain", run, TEXT)

    assert outcome.code == 0
    assert outcome.out.startswith(f"{textune.load(run).predict([TEXT])[0]} ")
    assert TEXT in outcome.out
    assert "points" in outcome.out


def test_another_label_can_be_asked_for(textune_command: Any, run: Path) -> None:
    document = json.loads(textune_command("explain", run, TEXT, "--label", "anger", "--json").out)

    assert document["label"] == "anger"


def test_explain_from_python_gives_what_the_command_prints(textune_command: Any, run: Path) -> None:
    document = json.loads(textune_command("explain", run, TEXT, "--json").out)

    assert textune.explain(run, TEXT).to_json() == document


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([" "], "no words"),
        ([""], "no words"),
        (["br\udce9ak"], "Text 1 is broken"),
        ([TEXT, "--method", "lime"], "no method 'lime'"),
        ([TEXT, "--label", "envy"], "no label 'envy'"),
    ],
)
def test_a_wrong_request_is_one_message_and_exit_code_2(
    textune_command: Any, run: Path, arguments: list[str], message: str
) -> None:
    outcome = textune_command("explain", run, *arguments)

    assert outcome.code == 2
    assert outcome.out == ""
    assert message in outcome.err


def test_text_that_looks_like_markup_is_shown_as_it_is(textune_command: Any, run: Path) -> None:
    outcome = textune_command("explain", run, "so [bold]happy[/bold] [/red]")

    assert outcome.code == 0, outcome.err
    assert "so [bold]happy[/bold] [/red]" in outcome.out


def test_words_are_coloured_by_what_they_speak_for() -> None:
    words = (Word("good", 0, 4, 0.4), Word("bad", 5, 8, -0.2), Word("so", 9, 11, 0.01))

    spans = coloured("good bad so", words, largest=0.4).spans

    colours = [tuple(map(int, str(span.style).partition("rgb(")[2].rstrip(")").split(","))) for span in spans]
    assert [(span.start, span.end) for span in spans] == [(0, 4), (5, 8)]
    assert colours[0][2] > colours[0][0]
    assert colours[1][0] > colours[1][2]


@pytest.mark.parametrize("method", ["occlusion", "integrated-gradients"])
def test_explain_says_that_a_text_is_longer_than_the_model_reads(
    textune_command: Any, run: Path, method: str
) -> None:
    outcome = textune_command("explain", run, "so happy " * 32, "--method", method, "--json")

    assert json.loads(outcome.out)["truncated"] is True
    assert "1 of 1 text is longer than the 64 tokens that the model reads" in outcome.err


def test_explain_says_nothing_of_a_text_that_is_just_as_long_as_the_model_reads(
    textune_command: Any, run: Path
) -> None:
    outcome = textune_command("explain", run, "so happy " * 31, "--json")

    assert json.loads(outcome.out)["truncated"] is False
    assert "longer than" not in outcome.err
