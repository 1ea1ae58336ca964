"""Which texts are longer than a model reads, and how many of them there are in words.

In: what the tokenizers library made of texts. Out: the token ids, and which of them lack the end of a text.
Needs only NumPy, so that exports run without torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.encoder.batching import Progress
from textune.encoder.windows import (
    SpecialTokens,
    TextTokens,
    WindowReading,
    make_windows,
    parts_by_characters,
)
from textune.formats.text_pairs import AnyText
from textune.wording import counted

TokenIds = Sequence[Sequence[int] | NDArray[np.int32]]
"""The token ids of each text, special tokens included, without padding; see `with_segments` for pairs."""


@dataclass(frozen=True)
class TokenizedTexts:
    """The token ids of texts, and which of the texts were truncated (texts,).

    Where they were counted, `tokens` are those of all texts, special tokens included, and `unread` those of
    them that truncation removed.
    """

    rows: TextTokens
    truncated: NDArray[np.bool_]
    tokens: int = 0
    unread: int = 0


def with_segments(
    token_ids: Sequence[int] | NDArray[np.int32], segments: Sequence[int] | NDArray[np.int32]
) -> NDArray[np.int32]:
    """Return the tokens of a pair for a model that tells its texts apart: (tokens, 2), ids and segment ids.

    The segment id is 0 for the first text and 1 for the second (`token_type_ids` in transformers).
    """
    return np.array([token_ids, segments], dtype=np.int32).T


def token_ids_of(row: Sequence[int] | NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the token ids (tokens,) of a text, without the segment ids of a pair."""
    tokens = np.asarray(row, dtype=np.int32)
    return tokens if tokens.ndim == 1 else tokens[:, 0]


def truncate_pairs(
    encodings: Sequence[Any], *, max_tokens: int, side: str
) -> tuple[TokenIds, TokenIds, NDArray[np.bool_]]:
    """Return the token ids and the segment ids of pairs, and which pairs were truncated (pairs,).

    The result is that of the tokenizers library, which cuts the longer text first. That library also keeps
    what it cuts off, in every combination of both texts: two long texts would fill the memory.

    Args:
        encodings: The encodings, by the tokenizers library, of pairs that are not truncated.
        max_tokens: The maximum number of tokens of a pair, special tokens included.
        side: Where a text is cut, `right` or `left`; see `truncation_side` in transformers.
    """
    rows: list[Sequence[int] | NDArray[np.int32]] = []
    segments: list[Sequence[int] | NDArray[np.int32]] = []
    truncated = np.array([len(encoding) > max_tokens for encoding in encodings], dtype=np.bool_)
    for encoding, is_longer in zip(encodings, truncated, strict=True):
        ids, of_segments = encoding.ids, encoding.type_ids
        if is_longer:
            remains = remaining_tokens(encoding, max_tokens=max_tokens, side=side)
            ids, of_segments = np.array(ids, np.int32)[remains], np.array(of_segments, np.int32)[remains]
        rows.append(ids)
        segments.append(of_segments)
    return rows, segments, truncated


def remaining_tokens(encoding: Any, *, max_tokens: int, side: str) -> NDArray[np.bool_]:
    """Return which tokens (tokens,) of a text or pair remain once it is truncated; see `truncate_pairs`."""
    if len(encoding) <= max_tokens:
        return np.ones(len(encoding), dtype=np.bool_)
    text_of_token = np.array([-1 if text is None else text for text in encoding.sequence_ids])
    remains = text_of_token < 0  # Special tokens are of no text.
    room = max(max_tokens - int(remains.sum()), 0)
    shorter, longer = sorted((np.flatnonzero(text_of_token == text) for text in (0, 1)), key=len)
    # The longer text is cut down to the shorter one, then both alike.
    of_shorter = min(len(shorter), room // 2)
    for tokens, count in ((shorter, of_shorter), (longer, room - of_shorter)):
        remains[tokens[:count] if side == "right" else tokens[len(tokens) - count :]] = True
    return remains


def which_truncated(encodings: Sequence[Any]) -> NDArray[np.bool_]:
    """Return which texts were truncated (texts,), from their encodings by the tokenizers library.

    A tokenizer that truncates keeps what it cuts off, so no text need be tokenized a second time. The
    encodings are those of single texts; see `truncate_pairs`.
    """
    return np.array([bool(encoding.overflowing) for encoding in encodings], dtype=np.bool_)


def read_in_windows(
    texts: Sequence[AnyText],
    encode: Callable[[list[str]], Sequence[Any]],
    *,
    max_tokens: int,
    windows: WindowReading,
    on_progress: Progress | None = None,
) -> TokenizedTexts:
    """Return the token ids of single texts in windows of at most `max_tokens`.

    `encode` returns the encodings, by the tokenizers library, of texts that are not truncated.
    """
    special = SpecialTokens.of(encode(["a word"])[0])
    rows: list[NDArray[np.int32]] = []
    for part in parts_by_characters(texts):
        rows += [np.array(encoding.ids, dtype=np.int32) for encoding in encode([str(text) for text in part])]
        if on_progress:
            on_progress(len(rows), len(texts))
    windowed, unread = make_windows(rows, special, max_tokens=max_tokens, reading=windows)
    return TokenizedTexts(windowed, unread > 0, sum(map(len, rows)), int(unread.sum()))


def describe_truncation(
    truncated: int, texts: int, *, max_tokens: int, of: str = "", max_windows: int = 0
) -> str:
    """Return a sentence: how many texts, such as those of a split, a model does not read to the end.

    With `max_windows`, it reads so many windows of `max_tokens`.

    Example:
        >>> describe_truncation(1, 3200, max_tokens=128)
        '1 of 3,200 texts is longer than the 128 tokens that the model reads; the rest of it is not read.'
    """
    are, rest = ("is", "it") if truncated == 1 else ("are", "each")
    among = f"{counted(texts, 'text')}{f' of {of}' if of else ''}"
    most = f"{counted(max_windows, 'window') + ' of ' if max_windows else ''}{max_tokens:,} tokens"
    return (
        f"{truncated:,} of {among} {are} longer than the {most} that the model reads; the "
        f"rest of {rest} is not read."
    )
