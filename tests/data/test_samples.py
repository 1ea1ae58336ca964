"""What the emotion sample promises: sizes, labels, clean texts, no repeats, no templates, no give-aways."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import NamedTuple

import pytest
from sklearn.feature_extraction.text import CountVectorizer

SAMPLE = files("textune") / "data" / "samples" / "emotion"
SIZES = {"train": 400, "validation": 80, "test": 120}
EMOTIONS = ("anger", "joy", "optimism", "sadness")

HASHTAG = re.compile(r"#\w+")
MENTION = re.compile(r"@\w+")
EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")
MARKS = {"hashtag": HASHTAG, "emoji": EMOJI, "mention": MENTION}

# Control and format characters, lone surrogates, private use, line and paragraph separators.
UNWANTED = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}

# Posts written independently share stock phrases only ("for the first time"), which comes to less than
# 0.25. A template does more: swap one word of a twelve-word post and the two share over 0.5. The
# line lies between, nearer to the independent posts.
NEAR_DUPLICATE = 0.35


class Post(NamedTuple):
    """One row of the sample and the split that it lies in."""

    text: str
    label: str
    split: str


def rows(split: str) -> list[list[str]]:
    content = (SAMPLE / f"{split}.csv").read_bytes().decode("utf-8")
    return list(csv.reader(io.StringIO(content, newline=""), strict=True))


@cache
def posts(split: str) -> tuple[Post, ...]:
    return tuple(Post(text, label, split) for text, label in rows(split)[1:])


def every_post() -> tuple[Post, ...]:
    return tuple(post for split in SIZES for post in posts(split))


def words(text: str) -> list[str]:
    """Words in lower case, apostrophes kept, with any leading # or @ kept."""
    return re.findall(r"[#@]?\w+(?:'\w+)*", text.casefold())


def normalised(text: str) -> str:
    """The letters and digits alone: no case, no punctuation, no spaces."""
    return re.sub(r"[\W_]+", "", text.casefold())


def spaced(text: str) -> str:
    """The letters and digits with single spaces between words."""
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()


def similar_pairs(texts: list[str], threshold: float) -> list[tuple[float, str, str]]:
    """Pairs whose character 5-grams have a Jaccard similarity of `threshold` or more."""
    vectorizer = CountVectorizer(binary=True, analyzer="char", ngram_range=(5, 5), preprocessor=spaced)
    shingles = vectorizer.fit_transform(texts).astype("int64")
    shared = (shingles @ shingles.T).tocoo()
    sizes = shingles.getnnz(axis=1)
    union = sizes[shared.row] + sizes[shared.col] - shared.data
    jaccard = shared.data / union
    return [
        (round(float(value), 2), texts[one], texts[other])
        for value, one, other in zip(jaccard, shared.row, shared.col, strict=True)
        if one < other and value >= threshold
    ]


@pytest.mark.parametrize("split", SIZES)
def test_a_file_has_one_text_and_one_label_column(split: str) -> None:
    header, *body = rows(split)

    assert header == ["text", "label"]
    assert {len(row) for row in body} == {2}


@pytest.mark.parametrize(("split", "size"), SIZES.items())
def test_a_split_holds_its_stated_number_of_posts(split: str, size: int) -> None:
    assert len(posts(split)) == size


@pytest.mark.parametrize("split", SIZES)
def test_the_card_states_how_many_posts_each_emotion_has(split: str) -> None:
    card = (SAMPLE / "README.md").read_text(encoding="utf-8")
    counted = Counter(post.label for post in posts(split))

    stated = [split, *(str(counted[emotion]) for emotion in EMOTIONS), str(counted.total())]

    assert f"| {' | '.join(stated)} |" in card.splitlines()


@pytest.mark.parametrize("split", SIZES)
def test_a_split_knows_the_four_emotions_and_no_other(split: str) -> None:
    assert {post.label for post in posts(split)} == set(EMOTIONS)


@pytest.mark.parametrize("emotion", EMOTIONS)
@pytest.mark.parametrize("split", SIZES)
def test_an_emotion_fills_at_least_a_tenth_of_a_split(split: str, emotion: str) -> None:
    count = sum(post.label == emotion for post in posts(split))

    assert count / len(posts(split)) >= 0.10


@pytest.mark.parametrize("split", SIZES)
def test_a_split_is_shuffled_so_its_labels_stand_in_no_blocks(split: str) -> None:
    longest_run = max(len(list(run)) for _, run in groupby(posts(split), key=lambda post: post.label))

    assert longest_run <= 10


def test_a_post_has_between_three_and_sixty_words() -> None:
    assert [post.text for post in every_post() if not 3 <= len(post.text.split()) <= 60] == []


@pytest.mark.parametrize("split", SIZES)
def test_a_split_has_a_post_of_more_than_thirty_six_words(split: str) -> None:
    assert max(len(post.text.split()) for post in posts(split)) > 36


def test_a_post_has_no_spaces_around_it() -> None:
    assert [post.text for post in every_post() if post.text != post.text.strip()] == []


def test_a_post_has_no_control_or_invisible_characters() -> None:
    held = {character for post in every_post() for character in post.text}

    assert {character for character in held if unicodedata.category(character) in UNWANTED} == set()


def test_no_post_occurs_twice_when_case_punctuation_and_spaces_are_ignored() -> None:
    times = Counter(normalised(post.text) for post in every_post())

    assert [text for text, count in times.items() if count > 1] == []


def test_no_two_posts_are_nearly_the_same_within_or_across_splits() -> None:
    assert similar_pairs([post.text for post in every_post()], NEAR_DUPLICATE) == []


def test_the_similarity_measure_catches_a_post_with_one_word_swapped() -> None:
    original = "the bus was late again and nobody at the stop was surprised"
    swapped = "the train was late again and nobody at the stop was surprised"

    assert len(similar_pairs([original, swapped], NEAR_DUPLICATE)) == 1


def test_no_opening_of_three_words_is_shared_by_more_than_four_posts() -> None:
    openings = Counter(tuple(words(post.text)[:3]) for post in every_post())

    assert [opening for opening, count in openings.items() if count > 4] == []


def test_no_ending_of_three_words_is_shared_by_more_than_three_posts() -> None:
    endings = Counter(tuple(words(post.text)[-3:]) for post in every_post())

    assert [ending for ending, count in endings.items() if count > 3] == []


def test_a_hashtag_used_more_than_three_times_stands_with_several_emotions() -> None:
    uses = [(tag, post.label) for post in every_post() for tag in HASHTAG.findall(post.text.casefold())]
    times = Counter(tag for tag, _ in uses)
    emotions = Counter(tag for tag, _ in set(uses))

    assert [tag for tag, count in times.items() if count > 3 and emotions[tag] < 2] == []


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_no_single_word_or_emoji_gives_an_emotion_away(emotion: str) -> None:
    """A give-away points to one emotion nine times in ten and stands in a tenth of that emotion's posts."""
    tokens = [(post.label, {*words(post.text), *EMOJI.findall(post.text)}) for post in every_post()]
    everywhere = Counter(token for _, held in tokens for token in held)
    here = Counter(token for label, held in tokens if label == emotion for token in held)
    size = sum(label == emotion for label, _ in tokens)

    give_aways = [
        token for token, count in here.items() if count / everywhere[token] >= 0.9 and count / size >= 0.1
    ]

    assert give_aways == []


@pytest.mark.parametrize(("mark", "least"), [("hashtag", 0.15), ("emoji", 0.15), ("mention", 0.05)])
def test_posts_carry_the_marks_of_social_media(mark: str, least: float) -> None:
    count = sum(bool(MARKS[mark].search(post.text)) for post in every_post())

    assert count / len(every_post()) >= least


@pytest.mark.parametrize("emotion", EMOTIONS)
@pytest.mark.parametrize("mark", MARKS)
def test_no_mark_of_social_media_is_missing_from_an_emotion(mark: str, emotion: str) -> None:
    texts = [post.text for post in every_post() if post.label == emotion]
    count = sum(bool(MARKS[mark].search(text)) for text in texts)

    assert count / len(texts) >= 0.04


def test_the_only_account_that_posts_mention_is_a_placeholder() -> None:
    assert {name for post in every_post() for name in MENTION.findall(post.text)} == {"@user"}
