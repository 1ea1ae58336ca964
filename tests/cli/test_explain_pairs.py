"""`textune explain` for pairs of texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import textune
from textune.formats.text_pairs import TextPair

PAIR = ("so happy today", "why so sad")


@pytest.mark.parametrize("method", ["occlusion", "integrated-gradients"])
def test_explain_json_has_the_words_of_both_texts(textune_command: Any, pair_run: Path, method: str) -> None:
    arguments = ["explain", pair_run, PAIR[0], "--text-pair", PAIR[1], "--method", method, "--json"]

    document = json.loads(textune_command(*arguments).out)

    (score,) = textune.load(pair_run).predict_proba([TextPair(*PAIR)])
    assert (document["text"], document["text_pair"]) == PAIR
    assert [word["word"] for word in document["words"]] == PAIR[0].split()
    assert [word["word"] for word in document["words_pair"]] == PAIR[1].split()
    assert document["score"] == pytest.approx(score.max(), abs=1e-4)


def test_explain_shows_the_two_texts_apart(textune_command: Any, pair_run: Path) -> None:
    outcome = textune_command("explain", pair_run, PAIR[0], "--text-pair", PAIR[1])

    first, second = outcome.out.split("Second text")
    assert "First text" in first
    assert [PAIR[0] in first, PAIR[1] in first, PAIR[0] in second, PAIR[1] in second] == [
        True,
        False,
        False,
        True,
    ]
    assert "today" in first.partition("points")[2]
    assert "why" in second.partition("points")[2]


def test_a_pair_from_python_is_a_tuple(textune_command: Any, pair_run: Path) -> None:
    document = json.loads(textune_command("explain", pair_run, PAIR[0], "--text-pair", PAIR[1], "--json").out)

    assert textune.explain(pair_run, PAIR).to_json() == document


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["so happy"], "This classifier takes pairs of texts, and text 1 is a single text."),
        (["so happy", "--text-pair", " "], "The second text of the pair has no words"),
        ([" ", "--text-pair", "so happy"], "The first text of the pair has no words"),
        (["so happy", "--text-pair", "br\udce9ak"], "Text 1 is broken"),
    ],
)
def test_what_is_not_a_pair_is_one_message_and_exit_code_2(
    textune_command: Any, pair_run: Path, arguments: list[str], message: str
) -> None:
    outcome = textune_command("explain", pair_run, *arguments)

    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err


def test_a_pair_for_a_run_on_single_texts_is_one_message_and_exit_code_2(
    textune_command: Any, exported_run: Path
) -> None:
    outcome = textune_command("explain", exported_run, PAIR[0], "--text-pair", PAIR[1])

    assert (outcome.code, outcome.out) == (2, "")
    assert "This classifier takes single texts, and text 1 is a pair of texts." in outcome.err


def test_explain_says_that_a_pair_is_longer_than_the_model_reads(
    textune_command: Any, pair_run: Path
) -> None:
    outcome = textune_command("explain", pair_run, "so happy", "--text-pair", "so sad " * 40, "--json")

    assert json.loads(outcome.out)["truncated"] is True
    assert "1 of 1 text is longer than the 40 tokens that the model reads" in outcome.err
