"""The baselines: what they know, what they refuse to know, and texts that leave them nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from textune.evaluation import baselines
from textune.evaluation.baselines import (
    TFIDF,
    baseline_probabilities,
    describe_sample,
    learned_rows,
    majority_probabilities,
    tfidf_probabilities,
)

HAPPY = ["what a lovely day", "so happy today", "lovely people, happy me", "happy lovely morning"]
SAD = ["such a gloomy day", "crying again today", "gloomy people, crying me", "crying gloomy evening"]
TEXTS, LABELS = [*HAPPY, *SAD], [0, 0, 0, 0, 1, 1, 1, 1]


def tweets(folder: Path, split: str) -> tuple[list[str], np.ndarray]:
    labels = np.loadtxt(folder / f"{split}_labels.txt", dtype=int)
    texts = (folder / f"{split}_text.txt").read_text(encoding="utf-8").split("\n")
    return texts[: len(labels)], labels


def test_the_majority_baseline_gives_every_row_the_training_frequencies() -> None:
    probabilities = majority_probabilities([1, 1, 0, 1], classes=2, rows=3)

    assert probabilities.tolist() == [[0.25, 0.75]] * 3


def test_a_class_without_training_rows_has_the_frequency_zero() -> None:
    assert majority_probabilities([0, 2], classes=4, rows=1).tolist() == [[0.5, 0.0, 0.5, 0.0]]


def test_word_statistics_tell_classes_apart_in_texts_that_were_not_trained_on() -> None:
    probabilities = tfidf_probabilities(TEXTS, LABELS, ["a happy evening", "a gloomy morning"], classes=2)

    assert probabilities.argmax(axis=1).tolist() == [0, 1]
    assert probabilities.sum(axis=1) == pytest.approx([1.0, 1.0])


def test_a_word_that_was_never_seen_is_known_by_its_parts() -> None:
    probabilities = tfidf_probabilities(TEXTS, LABELS, ["unhappyish", "gloomyness"], classes=2)

    assert probabilities.argmax(axis=1).tolist() == [0, 1]


def test_on_tweets_word_statistics_beat_the_majority_class_by_far(tweeteval: Path) -> None:
    (train_texts, train_labels), (texts, labels) = tweets(tweeteval, "train"), tweets(tweeteval, "val")

    probabilities = tfidf_probabilities(train_texts, train_labels, texts, classes=4)

    majority = majority_probabilities(train_labels, classes=4, rows=len(texts))
    accuracy = (probabilities.argmax(axis=1) == labels).mean()
    assert accuracy > (majority.argmax(axis=1) == labels).mean() + 0.2


def test_a_text_is_classified_alike_alone_and_among_others() -> None:
    among_others = tfidf_probabilities(TEXTS, LABELS, ["happy you", "gloomy strangers"], classes=2)

    alone = tfidf_probabilities(TEXTS, LABELS, ["gloomy strangers"], classes=2)

    assert alone[0] == pytest.approx(among_others[1], abs=1e-6)


def test_the_same_texts_give_the_same_bits() -> None:
    first = tfidf_probabilities(TEXTS, LABELS, TEXTS, classes=2)
    second = tfidf_probabilities(TEXTS, LABELS, TEXTS, classes=2)

    assert first.tobytes() == second.tobytes()


def test_each_class_keeps_its_column_where_others_have_no_training_rows() -> None:
    labels = [3 if label else 1 for label in LABELS]

    probabilities = tfidf_probabilities(TEXTS, labels, ["happy", "gloomy"], classes=5)

    assert probabilities.argmax(axis=1).tolist() == [1, 3]
    assert probabilities[:, [0, 2, 4]].tolist() == [[0.0, 0.0, 0.0]] * 2


def test_emoji_and_single_letters_count_as_words() -> None:
    texts, labels = ["😀", "😀 x", "y 😀", "😢", "😢 x", "y 😢"], [0, 0, 0, 1, 1, 1]

    probabilities = tfidf_probabilities(texts, labels, ["😢", "😀"], classes=2)

    assert probabilities.argmax(axis=1).tolist() == [1, 0]


def test_texts_that_share_nothing_are_still_learned_from() -> None:
    probabilities = tfidf_probabilities(["aaa", "bbb"], [0, 1], ["bbb", "aaa"], classes=2)

    assert probabilities.argmax(axis=1).tolist() == [1, 0]


@pytest.mark.parametrize("texts", [["  ", "\t"], ["known", "to nobody"]])
def test_blank_training_texts_leave_only_the_training_frequencies(texts: list[str]) -> None:
    probabilities = tfidf_probabilities([" ", "\n", ""], [0, 1, 1], texts, classes=2)

    assert probabilities == pytest.approx(majority_probabilities([0, 1, 1], classes=2, rows=2))


def test_a_single_class_leaves_only_the_training_frequencies() -> None:
    assert tfidf_probabilities(HAPPY, [1, 1, 1, 1], ["anything"], classes=2).tolist() == [[0.0, 1.0]]


def test_a_text_of_unknown_words_is_classified_all_the_same() -> None:
    probabilities = tfidf_probabilities(TEXTS, LABELS, ["zzz", ""], classes=2)

    assert probabilities[0] == pytest.approx(probabilities[1])
    assert probabilities.sum(axis=1) == pytest.approx([1.0, 1.0])


def test_broken_characters_are_taken_as_they_are() -> None:
    texts, labels = ["\ud800 good", "good \x00", "bad \udfff", "bad \x00"], [0, 0, 1, 1]

    probabilities = tfidf_probabilities(texts, labels, ["\ud800\x00 good", "bad"], classes=2)

    assert probabilities.argmax(axis=1).tolist() == [0, 1]


def test_of_a_huge_text_only_the_beginning_is_read() -> None:
    beginning = "happy " * 2000

    probabilities = tfidf_probabilities(
        TEXTS, LABELS, [beginning, beginning + "gloomy crying " * 100_000], classes=2
    )

    assert probabilities[0] == pytest.approx(probabilities[1])


def test_a_solver_that_is_stopped_early_gives_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "_MAX_ITERATIONS", 1)

    probabilities = tfidf_probabilities(TEXTS, LABELS, ["happy"], classes=2)

    assert probabilities.sum() == pytest.approx(1.0)


def test_word_statistics_of_the_same_rows_are_fitted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, labels = ["glad and happy", "sad and lonely"] * 4, [0, 1] * 4
    first = baselines.baseline_probabilities(texts, labels, ["happy"], classes=2)

    monkeypatch.setattr(baselines, "tfidf_probabilities", None)
    second = baselines.baseline_probabilities(texts, labels, ["happy"], classes=2)

    assert first.keys() == second.keys()
    assert all((first[key] == second[key]).all() for key in first)


def test_other_rows_are_not_taken_from_the_cache() -> None:
    texts, labels = ["glad and happy", "sad and lonely"] * 4, [0, 1] * 4

    first, second = (
        baselines.baseline_probabilities(texts, order, ["happy"], classes=2)[baselines.TFIDF]
        for order in (labels, labels[::-1])
    )

    assert first.argmax() != second.argmax()


def test_many_training_texts_are_learned_from_by_a_sample_and_a_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TEXTUNE_CACHE", str(tmp_path))
    monkeypatch.setattr(baselines, "_MAX_TRAINING_TEXTS", 20)
    texts, labels = ["so happy", "so sad"] * 50, [0, 1] * 50

    sampled = baseline_probabilities(texts, labels, ["happy"], classes=2)[TFIDF]

    rows = learned_rows(100)
    assert rows is not None
    assert len(np.unique(rows)) == 20
    of_sample = tfidf_probabilities(
        [texts[row] for row in rows], [labels[row] for row in rows], ["happy"], classes=2
    )
    np.testing.assert_array_equal(sampled, of_sample)
    assert describe_sample(100).startswith("The baseline of word statistics is learned from 20 of the 100")


def test_few_training_texts_are_all_learned_from() -> None:
    assert learned_rows(100_000) is None
    assert describe_sample(100_000) == ""
