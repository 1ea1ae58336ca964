"""Windows: all of a text is read, in full windows that overlap enough."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from textune.encoder.loading import find_model, load_tokenizer
from textune.encoder.tokenization import read_tokens, tokenize_texts
from textune.encoder.truncation import TokenizedTexts
from textune.encoder.windows import SpecialTokens, WindowedTexts, WindowReading, make_windows
from textune.errors import ModelError

LONG = "so very happy today and " * 10
TEXTS = ["so happy", LONG, "", "i am so very happy today"]
CLS, SEP = 2, 3


@pytest.fixture(scope="module")
def tokenizer(tiny_distilbert: str) -> Any:
    return load_tokenizer(find_model(tiny_distilbert))


def read(tokenizer: Any, texts: list[str], **settings: Any) -> tuple[WindowedTexts, TokenizedTexts]:
    """Return the windows of 12 tokens of texts, and all that is known of how they were read."""
    reading = WindowReading(**{"overlap": 3, "pooling": "mean", **settings})
    tokenized = read_tokens(texts, tokenizer, max_length=12, windows=reading)
    assert isinstance(tokenized.rows, WindowedTexts)
    return tokenized.rows, tokenized


def windows_of(tokens: int, *, size: int, overlap: int, most: int = 0) -> list[list[int]]:
    """Return the windows of a text of tokens 0, 1, 2 ..., without special tokens."""
    none = np.zeros(0, dtype=np.int32)
    texts, _ = make_windows(
        [np.arange(tokens, dtype=np.int32)],
        SpecialTokens(none, none),
        max_tokens=size,
        reading=WindowReading(overlap, "mean", most),
    )
    return [window.tolist() for window in texts.windows]


@pytest.mark.parametrize(("tokens", "count"), [(10, 1), (11, 2), (17, 2), (18, 3), (500, 71)])
def test_windows_are_full_cover_the_text_and_overlap_as_much_as_asked(tokens: int, count: int) -> None:
    windows = windows_of(tokens, size=10, overlap=3)

    assert len(windows) == count
    assert {len(window) for window in windows} == {10}
    assert (windows[0][0], windows[-1][-1]) == (0, tokens - 1)
    assert min((one[-1] - other[0] + 1 for one, other in pairwise(windows)), default=3) >= 3


def test_at_most_so_many_windows_are_read_from_the_start() -> None:
    assert windows_of(500, size=10, overlap=3, most=2) == windows_of(500, size=10, overlap=3)[:2]


def test_short_texts_and_first_windows_are_what_is_left_of_texts_that_are_cut(tokenizer: Any) -> None:
    texts, _ = read(tokenizer, TEXTS)

    firsts = [texts.windows[first].tolist() for first in texts.offsets[:-1].tolist()]
    assert firsts == tokenize_texts(TEXTS, tokenizer, max_length=12)[0].tolist()
    assert texts.counts.tolist() == [1, 7, 1, 1]


def test_every_window_has_the_special_tokens(tokenizer: Any) -> None:
    texts, _ = read(tokenizer, [LONG])

    assert {(window[0], window[-1]) for window in texts.windows} == {(CLS, SEP)}


def test_tokens_that_no_window_holds_are_counted(tokenizer: Any) -> None:
    whole, _ = tokenize_texts([LONG], tokenizer, max_length=1000)

    texts, tokenized = read(tokenizer, [*TEXTS[:1], LONG], max_windows=2)

    read_of_it = len(set(range(10)) | set(range(6, 16)))
    assert tokenized.truncated.tolist() == [False, True]
    assert tokenized.tokens == 4 + len(whole[0])
    assert tokenized.unread == len(whole[0]) - 2 - read_of_it
    assert texts.counts.tolist() == [1, 2]


def test_texts_that_are_tokenized_in_parts_have_the_same_windows(
    tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, _ = read(tokenizer, TEXTS)
    monkeypatch.setattr("textune.encoder.windows.parts_by_characters.__kwdefaults__", {"most": 30})

    texts, _ = read(tokenizer, TEXTS)

    assert [list(window) for window in texts.windows] == [list(window) for window in expected.windows]


def test_parts_have_at_most_so_many_windows_but_a_longer_text_is_whole(tokenizer: Any) -> None:
    texts, _ = read(tokenizer, ["so", "so", LONG, "so", "so", "so"])

    assert [(part.start, part.stop) for part in texts.parts(most=2)] == [(0, 2), (2, 3), (3, 5), (5, 6)]


def test_a_tokenizer_that_finds_nothing_in_a_word_is_refused(tokenizer: Any) -> None:
    encoding = tokenizer([""]).encodings[0]

    with pytest.raises(ModelError, match="finds no token"):
        SpecialTokens.of(encoding)
