"""Tokenization: which texts are kept, and what tokens they become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from observers import Notes
from prepared_rows import TEXTS
from textune.context import Context
from textune.data.dataset import MULTI_LABEL, Dataset
from textune.encoder import windows as encoder_windows
from textune.encoder.loading import find_model, load_tokenizer
from textune.encoder.tokenization import (
    SplitReading,
    TokenizedDataset,
    TokenRows,
    find_short_texts,
    read_tokens,
    tokenize,
    tokenize_texts,
)
from textune.errors import DataError, RecipeError, RequestError
from textune.recipe.settings import PrepareSettings


def labelled(**texts: list[str]) -> Dataset:
    """Return a dataset of texts by split; the labels are 0 and 1 in turn."""
    splits = {split: (rows, [number % 2 for number in range(len(rows))]) for split, rows in texts.items()}
    return Dataset.from_lists(splits, label_names=["joy", "sadness"])


def tokenized(
    tokenizer: Any, texts: dict[str, list[str]] = TEXTS, *, observer: Any = None, **settings: Any
) -> TokenizedDataset:
    ctx = Context(observer or Notes())
    return tokenize(labelled(**texts), tokenizer, PrepareSettings(**settings), token_limit=64, ctx=ctx)


def test_texts_of_at_most_so_many_words_are_short() -> None:
    short = find_short_texts({"train": ["a b c", "a b", " a\tb\n", "a b c d", "a"], "test": ["a"]}, 2)

    assert {split: kept.tolist() for split, kept in short.items()} == {
        "train": [False, True, True, False, True],
        "test": [True],
    }


def test_a_split_without_short_texts_is_named() -> None:
    with pytest.raises(RequestError, match="No row of the split 'test' has 2 words or fewer") as caught:
        find_short_texts({"train": ["a b"], "test": ["a b c"]}, 2)

    assert "prepare.max_words" in caught.value.hint


def test_the_filter_drops_long_texts_but_those_of_test(tokenizer: Any) -> None:
    texts = {"train": ["a", "b", "a b c", "so sad"], "validation": ["a b c", "a"], "test": ["a b c", "a"]}

    prepared = tokenized(tokenizer, texts, max_words=2)

    assert {split: list(rows.texts) for split, rows in prepared.dataset.items()} == {
        "train": ["a", "b", "so sad"],
        "validation": ["a"],
        "test": ["a b c", "a"],
    }
    assert {split: rows.labels.tolist() for split, rows in prepared.dataset.items()} == {
        "train": [0, 1, 1],
        "validation": [1],
        "test": [0, 1],
    }
    assert prepared.dataset["train"].rows.tolist() == [0, 1, 3]
    assert prepared.dropped == {"train": 1, "validation": 1, "test": 1}
    assert prepared.short_test is not None
    assert prepared.short_test.tolist() == [False, True]


def test_rows_that_the_filter_kept_get_their_own_tokens(tokenizer: Any) -> None:
    texts = TEXTS | {"train": ["a b c d e", "so happy", "sad", "a b c d e f"]}

    assert (
        tokenized(tokenizer, texts, max_words=4).tokens["train"].tolist()
        == (tokenizer(["so happy", "sad"])["input_ids"])
    )


def test_a_class_that_the_filter_would_drop_is_named(tokenizer: Any) -> None:
    texts = TEXTS | {"train": ["a", "a b c d e", "b"]}

    with pytest.raises(DataError, match="No text of sadness in train has 4 words or fewer"):
        tokenized(tokenizer, texts, max_words=4)


def test_a_label_that_the_filter_would_drop_is_named_where_texts_can_have_several(tokenizer: Any) -> None:
    def kept(labels: list[list[int]]) -> list[list[int]]:
        splits = {split: (["a", "a b c d e", "b"], labels) for split in TEXTS}
        dataset = Dataset.from_lists(splits, label_names=["joy", "sadness"], problem_type=MULTI_LABEL)
        settings = PrepareSettings(max_words=4)
        prepared = tokenize(dataset, tokenizer, settings, token_limit=64, ctx=Context())
        return list(prepared.dataset["train"].labels.tolist())

    assert kept([[1, 0], [0, 1], [1, 1]]) == [[1, 0], [1, 1]]
    with pytest.raises(DataError, match="No text of sadness in train has 4 words or fewer"):
        kept([[1, 0], [0, 1], [1, -1]])


def test_without_a_filter_nothing_is_dropped(tokenizer: Any) -> None:
    prepared = tokenized(tokenizer)

    assert (prepared.dropped, prepared.short_test) == ({"train": 0, "validation": 0, "test": 0}, None)


def test_a_texts_tokens_are_those_of_the_tokenizer(tokenizer: Any) -> None:
    assert tokenized(tokenizer).tokens["train"].tolist() == tokenizer(TEXTS["train"])["input_ids"]


@pytest.mark.parametrize(
    ("padding", "length"), [("longest", None), ("longest_in_set", 8), ("max_length", 12)]
)
def test_the_setting_of_padding_decides_the_padded_length_and_no_tokens(
    tokenizer: Any, padding: str, length: int | None
) -> None:
    prepared = tokenized(tokenizer, padding=padding, max_length=12)

    assert prepared.padded_length == length
    assert prepared.tokens["train"].lengths.tolist() == [4, 3, 8]


@pytest.mark.parametrize("longest", ["train", "validation", "test"])
def test_longest_in_set_is_one_length_for_all_splits(tokenizer: Any, longest: str) -> None:
    texts = {split: ["so sad"] for split in TEXTS} | {longest: ["sad", "i am so very happy today"]}

    assert tokenized(tokenizer, texts, padding="longest_in_set").padded_length == 8


def test_longest_in_set_is_no_longer_than_max_length(tokenizer: Any) -> None:
    assert tokenized(tokenizer, padding="longest_in_set", max_length=5).padded_length == 5


def test_cut_texts_are_reported(tokenizer: Any) -> None:
    observer = Notes()

    tokenized(tokenizer, observer=observer, max_length=5)

    assert observer.notes == [
        "1 of 3 texts of train is longer than the 5 tokens that the model reads; the rest of it is not read.",
        "1 of 1 text of validation is longer than the 5 tokens that the model reads; the rest of it is not "
        "read.",
    ]


def test_a_text_that_is_cut_keeps_its_first_and_its_last_special_token(tokenizer: Any) -> None:
    whole = tokenizer(TEXTS["train"][2])["input_ids"]

    cut = tokenized(tokenizer, max_length=5).tokens["train"][2].tolist()

    assert cut == [tokenizer.cls_token_id, *whole[1:4], tokenizer.sep_token_id]


def test_a_text_of_just_max_length_tokens_is_not_cut(tokenizer: Any) -> None:
    tokens, truncated = tokenize_texts(TEXTS["train"], tokenizer, max_length=8)

    assert truncated.tolist() == [False, False, False]
    assert tokens.tolist() == tokenizer(TEXTS["train"])["input_ids"]


def test_a_text_of_one_token_more_is_cut(tokenizer: Any) -> None:
    tokens, truncated = tokenize_texts(TEXTS["train"], tokenizer, max_length=7)

    assert (tokens.lengths.tolist(), truncated.tolist()) == ([4, 3, 7], [False, False, True])


def test_cut_texts_are_counted_by_split(tokenizer: Any) -> None:
    texts = TEXTS | {"validation": ["all alone and sad", "it is a very good day", "joy"]}

    assert tokenized(tokenizer, texts, max_length=5).truncated == {"train": 1, "validation": 2, "test": 0}


def test_a_limit_that_the_tokenizer_itself_carries_cuts_nothing(model: Path) -> None:
    tokenizer = load_tokenizer(find_model(str(model)))
    tokenizer.model_max_length = 4
    tokenizer.backend_tokenizer.enable_truncation(4)
    tokenizer.backend_tokenizer.enable_padding(length=30)

    assert tokenized(tokenizer).tokens["train"].lengths.tolist() == [4, 3, 8]


def test_no_texts_have_no_tokens(tokenizer: Any) -> None:
    tokens, truncated = tokenize_texts([], tokenizer, max_length=16)

    assert (len(tokens), tokens.tolist(), truncated.tolist()) == (0, [], [])


def test_padding_tokens_that_a_text_itself_holds_are_kept(tokenizer: Any) -> None:
    tokens, _ = tokenize_texts(["so [PAD] sad", "i am so very happy today"], tokenizer, max_length=16)

    assert tokenizer.pad_token_id in tokens[0]
    assert tokens[0].tolist() == tokenizer("so [PAD] sad")["input_ids"]


@pytest.mark.parametrize(
    ("max_length", "message"), [(2, "leaves no room for text"), (65, "more than the model's 64 tokens")]
)
def test_a_length_that_does_not_fit_the_model_is_refused(
    tokenizer: Any, max_length: int, message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        tokenized(tokenizer, max_length=max_length)


def test_rows_of_tokens_are_read_one_by_one_and_in_turn() -> None:
    rows = TokenRows([[5, 6], [], [7]])

    assert [len(rows), rows[0].tolist(), rows[1].tolist(), rows[2].tolist()] == [3, [5, 6], [], [7]]
    assert [row.tolist() for row in rows] == rows.tolist() == [[5, 6], [], [7]]
    assert rows[0].dtype == np.int32
    with pytest.raises(IndexError):
        rows[3]


def test_rows_of_tokens_are_joined_and_divided() -> None:
    rows = TokenRows.joined([TokenRows([[5, 6], []]), TokenRows([[7]]), TokenRows([])])

    assert rows.tolist() == [[5, 6], [], [7]]
    assert rows.between(1, 3).tolist() == [[], [7]]
    assert TokenRows.joined([]).tolist() == []


def test_texts_that_are_tokenized_some_at_a_time_have_the_same_tokens(
    tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["so happy today", "a good day " * 10, "so sad", ""]
    together = read_tokens(texts, tokenizer, max_length=12)
    monkeypatch.setattr(encoder_windows, "CHARACTERS_AT_ONCE", 20)

    apart = read_tokens(texts, tokenizer, max_length=12)

    assert apart.rows.tolist() == together.rows.tolist()
    assert (apart.tokens, apart.unread) == (together.tokens, together.unread)
    assert apart.truncated.tolist() == [False, True, False, False]


def test_what_is_read_of_each_split_is_counted(tokenizer: Any) -> None:
    long = "a good day " * 10

    cut = tokenized(tokenizer, {**TEXTS, "test": [long, "so sad"]}, max_length=12)
    windows = tokenized(
        tokenizer, {**TEXTS, "test": [long, "so sad"]}, max_length=12, long_texts="windows", window_overlap=3
    )

    assert cut.reading["test"] == SplitReading(texts=2, longer=1, tokens=36, unread=20, windows=2)
    assert windows.reading["test"] == SplitReading(texts=2, longer=1, tokens=36, unread=0, windows=5)
    assert windows.truncated["test"] == 0


def test_texts_that_are_read_in_windows_are_noted(tokenizer: Any) -> None:
    notes = Notes()

    tokenized(
        tokenizer,
        {**TEXTS, "test": ["a good day " * 10]},
        observer=notes,
        max_length=12,
        long_texts="windows",
        window_overlap=3,
        max_windows=2,
    )

    longer, cut = notes.notes
    assert longer.startswith(
        "1 of 1 text of test is longer than the 12 tokens that the model reads at once; 2 "
    )
    assert cut.startswith(
        "1 of 1 text of test is longer than the 2 windows of 12 tokens that the model reads"
    )


def test_windows_that_would_hold_nothing_new_are_refused(tokenizer: Any) -> None:
    with pytest.raises(RecipeError, match="leaves no room for new text in windows of 12 tokens"):
        tokenized(tokenizer, max_length=12, long_texts="windows", window_overlap=10)
