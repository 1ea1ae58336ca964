"""Windows: a text that is longer than an encoder reads becomes several rows that it can read.

In: the token ids of whole texts. Out: `WindowedTexts`, whose windows are encoded like any other rows. All
windows of a text have the same number of tokens, and the first has those that are left if the text is cut.
Needs only NumPy, so that exports run without torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textune.errors import ModelError
from textune.formats.text_pairs import AnyText, sides_of

WindowPooling = Literal["mean", "max", "attention"]

WINDOWS_AT_ONCE = 4096
"""Windows whose vectors are in memory at the same time, unless a single text has more."""
CHARACTERS_AT_ONCE = 500_000
"""Characters that are tokenized together: tokenizers need about 100 times the memory of the ids."""


@dataclass(frozen=True)
class WindowReading:
    """How texts that are longer than the encoder reads at once become windows.

    Attributes:
        overlap: The minimum number of tokens that a window shares with the one before.
        pooling: How the vectors of a text's windows become one.
        max_windows: The maximum number of windows per text, the rest of which is not read; 0: no maximum.
    """

    overlap: int
    pooling: WindowPooling
    max_windows: int = 0


@dataclass(frozen=True)
class SpecialTokens:
    """The special tokens that a tokenizer puts before and after a text."""

    before: NDArray[np.int32]
    after: NDArray[np.int32]

    @classmethod
    def of(cls, encoding: Any) -> SpecialTokens:
        """Return those around the encoding, by the tokenizers library, of a text with words."""
        special, ids = np.array(encoding.special_tokens_mask), np.array(encoding.ids, dtype=np.int32)
        words = np.flatnonzero(special == 0)
        if not len(words) or special[words[0] : words[-1]].any():
            raise ModelError(
                "The model's tokenizer finds no token in a word, so texts cannot be read in windows.",
                "Choose another model, or set prepare.long_texts = 'cut'.",
            )
        return cls(ids[: words[0]], ids[words[-1] + 1 :])

    @property
    def count(self) -> int:
        """The number of special tokens of a row."""
        return len(self.before) + len(self.after)


@dataclass(frozen=True)
class WindowRows(Sequence[NDArray[np.int32]]):
    """The token ids of windows, special tokens included; each row is an array (tokens,).

    Rows are made when they are asked for: what overlaps is stored once. `starts` and `sizes` (windows,) say
    where in `ids`, which has no special tokens, the windows are.
    """

    ids: NDArray[np.int32]
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    special: SpecialTokens

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, window: int) -> NDArray[np.int32]:  # type: ignore[override]
        if not 0 <= window < len(self):
            raise IndexError(window)
        start = self.starts[window]
        content = self.ids[start : start + self.sizes[window]]
        return np.concatenate([self.special.before, content, self.special.after])

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of tokens of each window, (windows,)."""
        return self.sizes + self.special.count

    def take(self, windows: NDArray[np.int64]) -> WindowRows:
        """Return the windows of these numbers, in their order."""
        return replace(self, starts=self.starts[windows], sizes=self.sizes[windows])


@dataclass(frozen=True)
class WindowedTexts:
    """The windows of texts, one text after the other, and how many windows each text has, (texts,)."""

    windows: WindowRows
    counts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.counts)

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """The number of each text's first window, and the number of all windows, (texts + 1,)."""
        return np.concatenate([[0], np.cumsum(self.counts)])

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of tokens in all windows of each text, (texts,)."""
        return self.window_lengths * self.counts

    @property
    def window_lengths(self) -> NDArray[np.int64]:
        """The number of tokens in every window of each text, (texts,)."""
        return self.windows.lengths[self.offsets[:-1]]

    def first(self, texts: int) -> WindowedTexts:
        """Return at most so many of the first texts."""
        counts = self.counts[:texts]
        return WindowedTexts(self.windows.take(np.arange(counts.sum())), counts)

    def parts(self, *, most: int = WINDOWS_AT_ONCE) -> Iterator[slice]:
        """Yield consecutive texts that have at most so many windows together, or one that has more."""
        start = 0
        while start < len(self):
            end = int(np.searchsorted(self.offsets, self.offsets[start] + most, side="right")) - 1
            end = max(end, start + 1)
            yield slice(start, end)
            start = end


TextTokens = Sequence[Sequence[int] | NDArray[np.int32]] | WindowedTexts
"""What an encoder reads of texts: the token ids of each text, or those of its windows."""


def numbers_of(offsets: NDArray[np.int64], texts: Iterable[int]) -> NDArray[np.int64]:
    """Return the numbers of the windows of some texts, one text after the other.

    Example:
        >>> numbers_of(np.array([0, 1, 4, 6]), [2, 1]).tolist()
        [4, 5, 1, 2, 3]
    """
    parts = [np.arange(offsets[text], offsets[text + 1]) for text in texts]
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])


def make_windows(
    rows: Sequence[NDArray[np.int32]], special: SpecialTokens, *, max_tokens: int, reading: WindowReading
) -> tuple[WindowedTexts, NDArray[np.int64]]:
    """Return the windows of texts, and how many tokens of each text are in none of them, (texts,).

    Args:
        rows: The token ids of each whole text, special tokens included.
        special: The special tokens of every row, which every window gets as well.
        max_tokens: The maximum number of tokens per window, special tokens included.
        reading: How the texts are read. The overlap is smaller than a window.

    Example:
        >>> none = SpecialTokens(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32))
        >>> reading = WindowReading(overlap=1, pooling="mean")
        >>> texts, _ = make_windows([np.arange(7)], none, max_tokens=4, reading=reading)
        >>> [window.tolist() for window in texts.windows]
        [[0, 1, 2, 3], [3, 4, 5, 6]]
    """
    size, behind = max_tokens - special.count, len(special.after)
    ids = [row[len(special.before) : len(row) - behind] for row in rows]
    totals = np.array([len(row) for row in ids], dtype=np.int64)
    firsts = np.concatenate([[0], np.cumsum(totals)])[:-1]
    # Windows are spread evenly, so that all are full: a short one would weigh as much with less to say.
    steps = -(-np.maximum(totals - size, 0) // (size - reading.overlap))
    counts = steps + 1
    if reading.max_windows:
        counts = np.minimum(counts, reading.max_windows)
    text_of = np.repeat(np.arange(len(rows)), counts)
    places = np.arange(len(text_of)) - np.repeat(np.cumsum(counts) - counts, counts)
    room = np.maximum(totals - size, 0)[text_of]
    starts = places * room // np.maximum(steps, 1)[text_of]
    sizes = np.minimum(totals, size)
    ends = (counts - 1) * np.maximum(totals - size, 0) // np.maximum(steps, 1) + sizes
    flat = np.concatenate([np.zeros(0, dtype=np.int32), *ids], dtype=np.int32)
    windows = WindowRows(flat, firsts[text_of] + starts, sizes[text_of], special)
    return WindowedTexts(windows, counts), totals - ends


def parts_by_characters(texts: Sequence[AnyText], *, most: int = 0) -> Iterator[list[AnyText]]:
    """Yield consecutive texts that have at most so many characters together, or one that has more.

    By default, these are `CHARACTERS_AT_ONCE`.

    Example:
        >>> list(parts_by_characters(["abc", "d", "e", "fg"], most=2))
        [['abc'], ['d', 'e'], ['fg']]
    """
    most = most or CHARACTERS_AT_ONCE
    part, characters = list[AnyText](), 0
    for text in texts:
        of_text = sum(map(len, sides_of(text)))
        if part and characters + of_text > most:
            yield part
            part, characters = [], 0
        part.append(text)
        characters += of_text
    if part:
        yield part
