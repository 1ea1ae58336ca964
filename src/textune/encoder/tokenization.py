"""From a dataset of texts to token ids: filtered by words, tokenized, truncated, and not padded yet.

In: a `Dataset`, a tokenizer and the recipe's `[prepare]` section. Out: a `TokenizedDataset`, which counts the
dropped rows and the truncated texts. Does not know models beyond their tokenizer and its limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textune.context import Context
from textune.data.dataset import Dataset
from textune.encoder.batching import Progress
from textune.encoder.truncation import (
    TokenIds,
    TokenizedTexts,
    describe_truncation,
    read_in_windows,
    truncate_pairs,
    which_truncated,
    with_segments,
)
from textune.encoder.windows import WindowedTexts, WindowReading, parts_by_characters
from textune.errors import DataError, RecipeError, RequestError
from textune.formats.text_pairs import AnyText, has_pairs, sides_of
from textune.recipe.settings import PrepareSettings
from textune.wording import counted

Padding = Literal["longest", "longest_in_set", "max_length"]

_RAISE = "Raise prepare.max_words, or set it to 0 to keep all rows."


class TokenRows(Sequence[NDArray[np.int32]]):
    """Token ids of texts, special tokens included, without padding; each row is an array (tokens,).

    With the segment ids of pairs, each row is an array (tokens, 2), see `with_segments`. All rows share one
    array, which takes a tenth of the memory of lists of numbers.
    """

    def __init__(self, rows: TokenIds, segments: TokenIds | None = None) -> None:
        self.lengths: NDArray[np.int64] = np.array([len(row) for row in rows], dtype=np.int64)
        self._offsets = np.concatenate([[0], np.cumsum(self.lengths)])
        self._ids = self._in_one_array(rows)
        if segments is not None:
            self._ids = with_segments(self._ids, self._in_one_array(segments))

    @classmethod
    def joined(cls, parts: Sequence[TokenRows]) -> TokenRows:
        """Return the rows of all parts, one part after the other."""
        if len(parts) == 1:
            return parts[0]
        rows = cls([])
        if parts:
            rows.lengths = np.concatenate([part.lengths for part in parts])
            rows._offsets = np.concatenate([[0], np.cumsum(rows.lengths)])
            rows._ids = np.concatenate([part._ids for part in parts])
        return rows

    def between(self, start: int, end: int) -> TokenRows:
        """Return the rows from one number to another, which shares their array."""
        rows = TokenRows([])
        first, last = self._offsets[start], self._offsets[end]
        rows.lengths, rows._ids = self.lengths[start:end], self._ids[first:last]
        rows._offsets = self._offsets[start : end + 1] - first
        return rows

    def _in_one_array(self, rows: TokenIds) -> NDArray[np.int32]:
        return np.fromiter(chain.from_iterable(rows), dtype=np.int32, count=int(self._offsets[-1]))

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, row: int) -> NDArray[np.int32]:  # type: ignore[override]
        if not 0 <= row < len(self):
            raise IndexError(row)
        return self._ids[self._offsets[row] : self._offsets[row + 1]]

    def tolist(self) -> list[Any]:
        """Return the rows as lists of numbers."""
        return [row.tolist() for row in self]


@dataclass(frozen=True)
class SplitReading:
    """How much of a split's texts is read: numbers of texts, tokens (special tokens included) and windows.

    `longer` texts exceed what the encoder reads at once, and `unread` tokens are in no row or window.
    """

    texts: int
    longer: int
    tokens: int
    unread: int
    windows: int


@dataclass(frozen=True)
class TokenizedDataset:
    """A dataset with the tokens of its texts; everything but the lengths is by split.

    Attributes:
        dataset: Train and validation without the rows that have too many words; test with all rows.
        max_length: The maximum number of tokens per text or window, special tokens included.
        padded_length: The length to which the recipe pads all rows, or None if batches are padded one by one.
            Only TensorFlow pads to it, which changes no result.
        truncated: The number of texts that were truncated to `max_length`.
        dropped: The number of rows with too many words; those of test are not dropped.
        short_test: Whether the filter would keep a test row, (rows,), or None without a filter.
        reading: How much of the texts is read.
        windows: How texts longer than `max_length` are read; None: they are truncated.
    """

    dataset: Dataset
    tokens: Mapping[str, TokenRows | WindowedTexts]
    max_length: int
    padded_length: int | None
    truncated: Mapping[str, int]
    dropped: Mapping[str, int]
    short_test: NDArray[np.bool_] | None
    reading: Mapping[str, SplitReading]
    windows: WindowReading | None

    @property
    def counted(self) -> dict[str, Any]:
        """What an evaluation says of the texts: `truncated`, `short_test`, `reading` and `windows`."""
        return {name: getattr(self, name) for name in ("truncated", "short_test", "reading", "windows")}


def tokenize(
    dataset: Dataset,
    tokenizer: Any,
    settings: PrepareSettings,
    *,
    token_limit: int,
    segments: bool = False,
    ctx: Context,
) -> TokenizedDataset:
    """Filter and tokenize a dataset for a model with this token limit; note dropped rows and truncated texts.

    `segments` says whether the model tells the texts of a pair apart by segment ids. Errors are those of
    `max_length_of` and `find_short_texts`, and a `DataError` if a class loses all rows.
    """
    max_length = max_length_of(settings, tokenizer, token_limit, pairs=dataset.has_pairs)
    windows = window_reading_of(settings, tokenizer, max_length, pairs=dataset.has_pairs)
    dropped, short_test = dict.fromkeys(dataset, 0), None
    if settings.max_words:
        short = find_short_texts({split: rows.texts for split, rows in dataset.items()}, settings.max_words)
        dropped = {split: int((~is_short).sum()) for split, is_short in short.items()}
        short_test = short.get("test")
        dataset = _filtered(dataset, short, settings.max_words)
        ctx.note(_filter_note(dropped, settings.max_words))
    tokens, truncated, reading = {}, {}, {}
    for split, rows in dataset.items():
        read = read_tokens(
            rows.texts,
            tokenizer,
            max_length=max_length,
            windows=windows,
            segments=segments,
            on_progress=lambda done, total: ctx.advance(done, total, unit="texts"),
        )
        assert isinstance(read.rows, TokenRows | WindowedTexts)
        tokens[split], truncated[split] = read.rows, int(read.truncated.sum())
        reading[split] = _reading_of(read)
        if windows and reading[split].longer:
            ctx.note(_windows_note(reading[split], split, max_length))
        if count := truncated[split]:
            most = windows.max_windows if windows else 0
            ctx.note(describe_truncation(count, len(rows), max_tokens=max_length, of=split, max_windows=most))
    padded_length = padded_length_of(settings.padding, tokens, max_length)
    return TokenizedDataset(
        dataset, tokens, max_length, padded_length, truncated, dropped, short_test, reading, windows
    )


def read_tokens(
    texts: Sequence[AnyText],
    tokenizer: Any,
    *,
    max_length: int,
    windows: WindowReading | None = None,
    segments: bool = False,
    on_progress: Progress | None = None,
) -> TokenizedTexts:
    """Return the token ids of texts, in windows of `max_length` or truncated to it; see `tokenize_texts`.

    Some texts are tokenized at a time, so that memory grows with their token ids alone.
    """
    if windows is not None:
        return read_in_windows(
            texts,
            lambda part: tokenizer(part, truncation=False, verbose=False).encodings,
            max_tokens=max_length,
            windows=windows,
            on_progress=on_progress,
        )
    pairs, special = has_pairs(texts[:1]), tokenizer.num_special_tokens_to_add()
    # This sets how the tokenizers library truncates. It is then called itself: what transformers makes of its
    # result takes as long as tokenizing, and all of a million texts would take gigabytes.
    tokenizer("", truncation=not pairs, max_length=None if pairs else max_length, verbose=False)
    encode, rows, truncated, unread = tokenizer.backend_tokenizer.encode_batch, [], [], 0
    for part in parts_by_characters(texts):
        if pairs:
            encodings = encode([tuple(text) for text in part])
            ids, segment_ids, are_longer = truncate_pairs(
                encodings, max_tokens=max_length, side=tokenizer.truncation_side
            )
            rows.append(TokenRows(ids, segment_ids if segments else None))
            truncated.append(are_longer)
        else:
            encodings = encode(part)
            rows.append(TokenRows([encoding.ids for encoding in encodings]))
            truncated.append(which_truncated(encodings))
            unread += sum(len(cut) - special for encoding in encodings for cut in encoding.overflowing)
        if on_progress:
            on_progress(sum(map(len, rows)), len(texts))
    all_rows = TokenRows.joined(rows)
    are_truncated = np.concatenate([np.zeros(0, dtype=np.bool_), *truncated])
    if pairs:
        return TokenizedTexts(all_rows, are_truncated)
    return TokenizedTexts(all_rows, are_truncated, int(all_rows.lengths.sum()) + unread, unread)


def tokenize_texts(
    texts: Sequence[AnyText], tokenizer: Any, *, max_length: int, segments: bool = False
) -> tuple[TokenRows, NDArray[np.bool_]]:
    """Return the token ids of texts, truncated to `max_length`, and which texts were truncated, (texts,).

    Of a pair, the longer text is truncated first. With `segments`, the rows of pairs have segment ids.
    """
    read = read_tokens(texts, tokenizer, max_length=max_length, segments=segments)
    assert isinstance(read.rows, TokenRows)
    return read.rows, read.truncated


def padded_length_of(
    padding: Padding, tokens: Mapping[str, TokenRows | WindowedTexts], max_length: int
) -> int | None:
    """Return the length to which `prepare.padding` pads all rows, or None if each batch has its own."""
    if padding == "longest":
        return None
    longest = max((int(rows.lengths.max(initial=0)) for rows in tokens.values()), default=0)
    return longest if padding == "longest_in_set" else max_length


def max_length_of(settings: PrepareSettings, tokenizer: Any, token_limit: int, *, pairs: bool = False) -> int:
    """Return the number of tokens to which texts are truncated: the recipe's, or the model's own limit.

    With `pairs`, the two texts of a pair share them. Raise a `RecipeError` if the recipe's number is too
    small for any text, or exceeds the model's limit.
    """
    length = settings.max_length
    shortest = tokenizer.num_special_tokens_to_add(pair=pairs) + 1 + pairs
    if 0 < length < shortest:
        raise RecipeError(
            f"prepare.max_length = {length} leaves no room for text besides the special tokens.",
            f"Set it to {shortest} or more, or to 0 for the model's own limit.",
        )
    if length > token_limit:
        raise RecipeError(
            f"prepare.max_length = {length} is more than the model's {token_limit} tokens.",
            f"Set it to {token_limit} or less, or to 0 for the model's own limit.",
        )
    return length or token_limit


def window_reading_of(
    settings: PrepareSettings, tokenizer: Any, max_length: int, *, pairs: bool = False
) -> WindowReading | None:
    """Return how texts longer than `max_length` tokens are read in windows; None if they are truncated.

    Raise a `RecipeError` if windows overlap so much that they hold nothing new, or for pairs of texts.
    """
    if settings.long_texts == "cut":
        return None
    if pairs:
        raise RecipeError(
            "prepare.long_texts = 'windows' reads single texts, but these are pairs.",
            "Set prepare.long_texts = 'cut': the longer text of a pair is truncated first.",
        )
    size = max_length - tokenizer.num_special_tokens_to_add()
    if settings.window_overlap >= size:
        raise RecipeError(
            f"prepare.window_overlap = {settings.window_overlap} leaves no room for new text in windows of "
            f"{max_length} tokens.",
            f"Set it to {size // 2} or less.",
        )
    return WindowReading(settings.window_overlap, settings.window_pooling, settings.max_windows)


def find_short_texts(texts: Mapping[str, Sequence[AnyText]], max_words: int) -> dict[str, NDArray[np.bool_]]:
    """Return, by split, which texts have at most `max_words` words, separated by white space.

    The words of both texts of a pair count. Raise a `RequestError` if a split has no such text.

    Example:
        >>> find_short_texts({"train": ["so happy", "a b c"]}, 2)["train"].tolist()
        [True, False]
    """
    short = {
        split: np.array(
            [sum(len(side.split()) for side in sides_of(text)) <= max_words for text in rows], dtype=np.bool_
        )
        for split, rows in texts.items()
    }
    for split, is_short in short.items():
        if not is_short.any():
            raise RequestError(f"No row of the split '{split}' has {max_words} words or fewer.", _RAISE)
    return short


def _reading_of(read: TokenizedTexts) -> SplitReading:
    windows, longer = len(read.rows), int(read.truncated.sum())
    if isinstance(read.rows, WindowedTexts):
        windows, longer = len(read.rows.windows), int((read.rows.counts > 1).sum())
    return SplitReading(len(read.rows), longer, read.tokens, read.unread, windows)


def _windows_note(reading: SplitReading, split: str, max_length: int) -> str:
    are = "is" if reading.longer == 1 else "are"
    return (
        f"{reading.longer:,} of {counted(reading.texts, 'text')} of {split} {are} longer than the "
        f"{max_length:,} tokens that the model reads at once; {reading.windows:,} windows are read in all."
    )


def _filtered(dataset: Dataset, short: Mapping[str, NDArray[np.bool_]], max_words: int) -> Dataset:
    splits = {
        split: rows if split == "test" else rows.take(np.flatnonzero(short[split]))
        for split, rows in dataset.items()
    }
    labels, numbers = splits["train"].labels, np.arange(len(dataset.label_names))
    present = (labels == 1).any(axis=0) if dataset.is_multi_label else np.isin(numbers, labels)
    lost = [name for name, is_present in zip(dataset.label_names, present, strict=True) if not is_present]
    if lost:
        raise DataError(
            f"No text of {', '.join(lost)} in train has {max_words} words or fewer, so the class cannot be "
            "learned.",
            _RAISE,
        )
    return replace(dataset, splits=splits)


def _filter_note(dropped: Mapping[str, int], max_words: int) -> str:
    if not any(dropped.values()):
        return f"No row has more than {max_words} words, so the filter drops none."
    left_out = sum(count for split, count in dropped.items() if split != "test")
    note = f"{left_out} rows of train and validation have more than {max_words} words and are dropped"
    if "test" not in dropped:
        return f"{note}."
    return f"{note}; {dropped['test']} such rows of test are excluded only from the filtered metrics."
