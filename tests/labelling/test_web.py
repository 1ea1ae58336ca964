"""The calls of the page for labelling."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from labelling_pages import RunningPage, running_page
from small_data import small_rows

ROWS = dict(small_rows(120))
NAMES = ["joy", "sadness", "anger"]


@pytest.fixture
def page(tiny_distilbert: str, tmp_path: Path) -> Iterator[RunningPage]:
    with running_page(list(ROWS), NAMES, model=tiny_distilbert, out=tmp_path / "labels") as started:
        yield started


def answer_some(page: RunningPage, count: int) -> dict[str, object]:
    asked = page.call("next")
    for number in range(count):
        question = asked["question"]
        label = ROWS[question["texts"][0]]
        asked = page.call("answer", key=question["key"], id=f"a{number}", labels=[label])
    return asked


def test_the_answer_to_an_answer_is_the_next_question(page: RunningPage) -> None:
    first = page.call("next")["question"]

    after = page.call("answer", key=first["key"], id="1", labels=["joy"])

    assert after["question"]["key"] != first["key"]
    assert after["progress"]["learned"] + after["progress"]["tests"] == 1


def test_an_answer_that_is_sent_twice_counts_once(page: RunningPage) -> None:
    first = page.call("next")["question"]

    page.call("answer", key=first["key"], id="1", labels=["joy"])
    again = page.call("answer", key=first["key"], id="1", labels=["joy"])

    assert again["progress"]["learned"] + again["progress"]["tests"] == 1


def test_labels_are_proposed_once_there_is_a_classifier_but_never_for_testing(page: RunningPage) -> None:
    asked = answer_some(page, 24)
    proposed = []
    for number in range(8):
        question = asked["question"]
        proposed.append((question["isTest"], question["proposed"] is not None))
        asked = page.call("answer", key=question["key"], id=f"b{number}", labels=["joy"])

    assert set(proposed) == {(True, False), (False, True)}


def test_quality_comes_with_intervals(page: RunningPage) -> None:
    answer_some(page, 40)

    quality = page.call("quality")["quality"]

    low, high = quality["accuracy"]["interval"]
    assert 0 <= low <= quality["accuracy"]["value"] <= high <= 1
    assert {label["name"] for label in quality["labels"]} == set(NAMES)


def test_quality_has_the_new_name_of_a_label(page: RunningPage) -> None:
    answer_some(page, 40)
    page.call("quality")

    page.call("label", name="joy", to="delight")

    quality = page.call("quality")["quality"]
    assert {label["name"] for label in quality["labels"]} == {"delight", "sadness", "anger"}


def test_an_answer_is_taken_back(page: RunningPage) -> None:
    first = page.call("next")["question"]
    page.call("answer", key=first["key"], id="1", labels=["joy"])

    undone = page.call("undo")

    assert (undone["question"]["key"], undone["progress"]["learned"]) == (first["key"], 0)
    assert not undone["progress"]["canUndo"]


def test_two_windows_are_asked_about_different_texts(page: RunningPage) -> None:
    first = page.call("next", who="Ada", window="1")["question"]["key"]

    assert page.call("next", who="Ada", window="2")["question"]["key"] != first


def test_two_people_are_asked_about_different_texts(page: RunningPage) -> None:
    assert page.call("next", who="Ada")["question"] != page.call("next", who="Bo")["question"]


def test_a_label_is_added_and_renamed(page: RunningPage) -> None:
    page.call("label", name="hope")
    progress = page.call("label", name="hope", to="optimism")

    assert progress["labels"] == [*NAMES, "optimism"]
    assert page.call("label", name="joy")[0] == 409


def test_a_note_comes_back_with_its_text(page: RunningPage) -> None:
    question = page.call("next")["question"]
    page.call("note", key=question["key"], note="ironic?")

    page.call("answer", key=question["key"], id="1", verdict="not sure")

    assert page.call("undo")["question"]["note"] == "ironic?"


def test_words_are_weighed_for_a_label(page: RunningPage) -> None:
    question = answer_some(page, 24)["question"]

    [words] = page.call("words", key=question["key"], label="joy")["sides"]

    assert len(words) == len(question["texts"][0].split())


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"token": "wrong"}, 401),
        ({"host": "example.org"}, 400),
        ({"who": "a" * 201}, 422),
        ({"unknown": 1}, 422),
        ({"who": "a" * 100_001}, 400),
    ],
)
def test_other_calls_are_refused(page: RunningPage, body: dict[str, object], status: int) -> None:
    refused = page.call("next", **body)

    assert refused[0] == status


def test_the_files_of_the_page_allow_nothing_from_elsewhere(page: RunningPage) -> None:
    with urllib.request.urlopen(page.url, timeout=10) as answer:
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert b"textune label" in answer.read()
