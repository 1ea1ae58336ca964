"""Texts that are nearly the same."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from audited_examples import examples_from, found, in_train, look, places, with_sets
from observers import Silence
from textune.audit.findings import Example, Finding
from textune.audit.near_duplicates import SIMILARITY, find_near_duplicates, runs_of
from textune.context import Context

POST = "the weather is lovely today and I cannot wait to be outside with my friends"
WORDS = ["red", "dog", "runs", "under", "old", "trees", "while", "nine", "girls", "paint", "small", "houses"]


def near(examples: Sequence[Example]) -> list[Finding]:
    return look(find_near_duplicates, examples)


@pytest.mark.parametrize(
    "other",
    [POST.replace("lovely", "awful"), POST + " again", POST.replace("with my friends", "with my friend")],
)
def test_a_post_is_found_with_a_small_change(other: str) -> None:
    (finding,) = near(in_train(POST, "something else entirely, on another day", other))

    assert finding.id == "D005"
    assert places(finding) == [("train", 0), ("train", 2)]


@pytest.mark.parametrize(
    "other", ["the weather is awful and I stay at home with my books", "I am not happy", "so happy"]
)
def test_posts_that_share_some_words_are_not_alike(other: str) -> None:
    assert near(in_train(POST, "I am happy today", other)) == []


def test_texts_of_the_same_words_are_left_to_the_check_of_duplicates() -> None:
    assert near(in_train(POST, POST.upper(), f"@you {POST}! 😀")) == []


def test_near_duplicates_of_one_percent_of_a_split_are_a_warning() -> None:
    others = [f"number {number} has nothing to do with {number * 7919}" for number in range(98)]

    (finding,) = near(in_train(POST, f"{POST} again", *others))

    assert finding.severity == "warning"


def test_a_copy_in_test_is_leakage() -> None:
    rows = [("train", POST, "joy"), ("test", POST + " again", "anger"), ("test", "nothing like it", "joy")]

    (finding,) = near(examples_from(rows))

    assert (finding.id, finding.severity, finding.count) == ("D006", "error", 1)
    assert finding.title.endswith("nearly the same as a row of train, 1 with a different label")


def test_near_duplicates_with_other_sets_of_labels_are_counted() -> None:
    rows = [("train", POST, "joy anger"), ("train", f"{POST} again", "joy")]

    (finding,) = look(find_near_duplicates, with_sets(rows), is_multi_label=True)

    assert finding.title.endswith("nearly the same as another row of it, 1 with different labels")
    assert finding.rows[0].note == "joy, anger"


def test_how_alike_two_texts_are_is_measured_and_not_estimated() -> None:
    other = POST.replace("lovely", "awful")
    ours, theirs = runs_of(POST), runs_of(other)

    (finding,) = near(in_train(POST, other))

    assert finding.rows[1].note == f"joy, {len(ours & theirs) / len(ours | theirs):.0%} alike"


def test_every_pair_above_the_threshold_is_found_among_hundreds_of_random_texts() -> None:
    chooser = random.Random(7)
    texts = [" ".join(chooser.choices(WORDS, k=14)) for _ in range(300)]
    changed = [text + " again" for text in texts[:100]]
    pairs = [(runs_of(text), runs_of(f"{text} again")) for text in texts[:100]]

    (finding,) = found(
        near(
            examples_from(
                [*(("train", text, "joy") for text in texts), *(("test", text, "joy") for text in changed)]
            )
        ),
        "D006",
    )

    assert min(len(ours & theirs) / len(ours | theirs) for ours, theirs in pairs) > SIMILARITY
    assert {number for split, number in places(finding) if split == "test"} == set(range(100))


def test_hundreds_of_copies_of_a_template_are_found_without_comparing_all_with_all() -> None:
    texts = [f"{POST}, says visitor number {number}" for number in range(400)]

    (finding,) = near(in_train(*texts))

    assert finding.count == 399


def test_texts_of_emoji_alone_are_compared_as_they_are() -> None:
    assert near(in_train("😀😀😀😀😀😀", "😡😡😡😡😡😡")) == []


class Ear(Silence):
    """Remembers the progress that is reported to it."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, int]] = []

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        self.heard.append((done, total))


def test_progress_ends_with_all_texts() -> None:
    ear = Ear()

    look(find_near_duplicates, in_train(*(f"text {number}" for number in range(600))), ctx=Context(ear))

    assert ear.heard[-2:] == [(500, 600), (600, 600)]
