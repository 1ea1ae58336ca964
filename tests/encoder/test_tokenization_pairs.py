"""Pairs as token ids: as the model's own tokenizer encodes them, truncated where they are longest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Encoding

from pair_data import pair_rows
from textune.context import Context
from textune.data.dataset import Dataset
from textune.encoder.architectures import has_segments
from textune.encoder.cache import feature_key
from textune.encoder.loading import complete_config, find_model, load_tokenizer
from textune.encoder.tokenization import max_length_of, tokenize, tokenize_texts
from textune.encoder.truncation import truncate_pairs
from textune.errors import RecipeError
from textune.formats.text_pairs import TextPair
from textune.recipe.settings import PrepareSettings

Models = Callable[[str], Path]

PAIRS = [pair for pair, _ in pair_rows(6)]
LONG, SHORT = TextPair("so happy", "today " * 40), TextPair("so sad", "today")


@pytest.mark.parametrize(
    ("architecture", "segments"),
    [("bert", True), ("albert", True), ("distilbert", False), ("roberta", False), ("deberta-v2", False)],
)
def test_only_models_with_two_kinds_of_tokens_get_segment_ids(
    tiny_models: Models, architecture: str, segments: bool
) -> None:
    folder = find_model(str(tiny_models(architecture)))

    assert has_segments(complete_config(folder), load_tokenizer(folder)) is segments


def test_rows_hold_the_ids_and_segment_ids_of_the_models_tokenizer(tiny_models: Models) -> None:
    tokenizer = load_tokenizer(find_model(str(tiny_models("bert"))))

    rows, _ = tokenize_texts(PAIRS, tokenizer, max_length=64, segments=True)

    first, second = zip(*PAIRS, strict=True)
    plain = tokenizer(list(first), list(second))
    assert [row[:, 0].tolist() for row in rows] == plain["input_ids"]
    assert [row[:, 1].tolist() for row in rows] == plain["token_type_ids"]


def test_without_segments_rows_hold_the_ids_of_both_texts(tiny_models: Models) -> None:
    tokenizer = load_tokenizer(find_model(str(tiny_models("distilbert"))))

    rows, _ = tokenize_texts(PAIRS, tokenizer, max_length=64)

    assert rows[0].tolist() == tokenizer(*PAIRS[0])["input_ids"]


def test_the_longer_text_is_truncated_first_and_the_pair_counts_as_truncated(tiny_models: Models) -> None:
    tokenizer = load_tokenizer(find_model(str(tiny_models("bert"))))

    rows, truncated = tokenize_texts([LONG, SHORT], tokenizer, max_length=20, segments=True)

    words = tokenizer.convert_ids_to_tokens(rows[0][:, 0].tolist())
    assert words[:4] == ["[CLS]", "so", "happy", "[SEP]"]
    assert words[4:] == ["today"] * 15 + ["[SEP]"]
    assert truncated.tolist() == [True, False]


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("architecture", ["bert", "albert", "distilbert", "roberta", "deberta-v2"])
def test_pairs_of_all_lengths_are_truncated_as_the_tokenizers_library_does(
    tiny_models: Models, architecture: str, side: str
) -> None:
    tokenizer = load_tokenizer(find_model(str(tiny_models(architecture))))
    tokenizer.truncation_side = side
    lengths = (1, 2, 7, 8, 9, 15, 16, 30)
    pairs = [TextPair("so happy " * first, "today sad " * second) for first in lengths for second in lengths]

    for max_length in (15, 16):
        rows, truncated = tokenize_texts(pairs, tokenizer, max_length=max_length, segments=True)

        first, second = map(list, zip(*pairs, strict=True))
        plain = tokenizer(
            first, second, truncation=True, max_length=max_length, return_token_type_ids=True, verbose=False
        )
        whole = tokenizer(first, second, verbose=False)["input_ids"]
        assert [row[:, 0].tolist() for row in rows] == plain["input_ids"]
        assert [row[:, 1].tolist() for row in rows] == plain["token_type_ids"]
        assert truncated.tolist() == [len(ids) > max_length for ids in whole]
        assert {True, False} == set(truncated.tolist())


def test_a_pair_of_two_long_texts_is_never_encoded_in_every_combination_of_their_parts(
    tiny_models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = load_tokenizer(find_model(str(tiny_models("bert"))))
    cut_off = []

    def count(encodings: list[Encoding], **limits: Any) -> Any:
        cut_off.extend(len(encoding.overflowing) for encoding in encodings)
        return truncate_pairs(encodings, **limits)

    monkeypatch.setattr("textune.encoder.tokenization.truncate_pairs", count)
    rows, _ = tokenize_texts([TextPair("so happy " * 90, "today " * 90)], tokenizer, max_length=16)

    assert cut_off == [0]
    assert len(rows[0]) == 16


def test_a_data_set_of_pairs_says_how_many_were_truncated(tiny_models: Models) -> None:
    tokenizer = load_tokenizer(find_model(str(tiny_models("bert"))))
    dataset = Dataset.from_lists({"train": ([*PAIRS, LONG], [0] * 7)}, label_names=["a", "b"])

    texts = tokenize(
        dataset, tokenizer, PrepareSettings(max_length=30), token_limit=64, segments=True, ctx=Context()
    )

    assert texts.truncated == {"train": 1}


def test_the_words_of_both_texts_count_for_the_filter(tiny_models: Models) -> None:
    tokenizer = load_tokenizer(find_model(str(tiny_models("bert"))))
    rows = [TextPair("a b", "c"), TextPair("a b", "c d")]
    dataset = Dataset.from_lists({"train": (rows, [0, 0])}, label_names=["a"])

    texts = tokenize(dataset, tokenizer, PrepareSettings(max_words=3), token_limit=64, ctx=Context())

    assert list(texts.dataset["train"].texts) == rows[:1]


def test_a_pair_needs_room_for_a_token_of_each_text(tiny_models: Models) -> None:
    tokenizer = load_tokenizer(find_model(str(tiny_models("bert"))))

    with pytest.raises(RecipeError, match="prepare.max_length = 4 leaves no room"):
        max_length_of(PrepareSettings(max_length=4), tokenizer, 64, pairs=True)


def test_features_of_other_segments_have_another_key(tiny_models: Models) -> None:
    tokenizer = load_tokenizer(find_model(str(tiny_models("bert"))))
    rows, _ = tokenize_texts(PAIRS, tokenizer, max_length=64, segments=True)
    other = [row * [1, 0] + [0, 1] - row * [0, 1] for row in rows]

    assert feature_key({}, rows) != feature_key({}, other)
    assert feature_key({}, rows) != feature_key({}, [row[:, 0] for row in rows])
