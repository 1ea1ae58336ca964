"""From a dataset of texts to token ids: filtered by words, tokenized, truncated, and not padded yet.

In: a `Dataset`, a tokenizer and the recipe's `[prepare]` section. Out: a `TokenizedDataset`, which counts the
dropped rows and the truncated texts. Does not know models beyond their tokenizer and its limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textune.context import Context
from textune.data.dataset import Dataset
from textune.encoder.truncation import describe_truncation, which_truncated, with_segments
from textune.errors import DataError, RecipeError, RequestError
from textune.formats.text_pairs import AnyText, has_pairs, sides_of
from textune.recipe.settings import PrepareSettings

Padding = Literal["longest", "longest_in_set", "max_length"]

_RAISE = "Raise prepare.max_words, or set it to 0 to keep all rows."


class TokenRows(Sequence[NDArray[np.int32]]):
    """Token ids of texts, special tokens included, without padding; each row is an array (tokens,).

    With the segment ids of pairs, each row is an array (tokens, 2), see `with_segments`. All rows share one
    array, which takes a tenth of the memory of lists of numbers.
    """

    def __init__(
        self, rows: Sequence[Sequence[int]], segments: Sequence[Sequence[int]] | None = None
    ) -> None:
        self.lengths: NDArray[np.int64] = np.array([len(row) for row in rows], dtype=np.int64)
        self._offsets = np.concatenate([[0], np.cumsum(self.lengths)])
        self._ids = self._in_one_array(rows)
        if segments is not None:
            self._ids = with_segments(self._ids, self._in_one_array(segments))

    def _in_one_array(self, rows: Sequence[Sequence[int]]) -> NDArray[np.int32]:
        numbers = (number for row in rows for number in row)
        return np.fromiter(numbers, dtype=np.int32, count=int(self._offsets[-1]))

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
class TokenizedDataset:
    """A dataset with the tokens of its texts; everything but the lengths is by split.

    Attributes:
        dataset: Train and validation without the rows that have too many words; test with all rows.
        max_length: The maximum number of tokens per text, special tokens included.
        padded_length: The length to which the recipe pads all rows, or None if batches are padded one by one.
            Only TensorFlow pads to it, which changes no result.
        truncated: The number of texts that were truncated to `max_length`.
        dropped: The number of rows with too many words; those of test are not dropped.
        short_test: Whether the filter would keep a test row, (rows,), or None without a filter.
    """

    dataset: Dataset
    tokens: Mapping[str, TokenRows]
    max_length: int
    padded_length: int | None
    truncated: Mapping[str, int]
    dropped: Mapping[str, int]
    short_test: NDArray[np.bool_] | None


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
    dropped, short_test = dict.fromkeys(dataset, 0), None
    if settings.max_words:
        short = find_short_texts({split: rows.texts for split, rows in dataset.items()}, settings.max_words)
        dropped = {split: int((~is_short).sum()) for split, is_short in short.items()}
        short_test = short.get("test")
        dataset = _filtered(dataset, short, settings.max_words)
        ctx.note(_filter_note(dropped, settings.max_words))
    tokens, truncated = {}, {}
    for split, rows in dataset.items():
        tokens[split], is_truncated = tokenize_texts(
            rows.texts, tokenizer, max_length=max_length, segments=segments
        )
        truncated[split] = int(is_truncated.sum())
    padded_length = padded_length_of(settings.padding, tokens, max_length)
    for split, count in truncated.items():
        if count:
            ctx.note(describe_truncation(count, len(dataset[split]), max_tokens=max_length, of=split))
    return TokenizedDataset(dataset, tokens, max_length, padded_length, truncated, dropped, short_test)


def tokenize_texts(
    texts: Sequence[AnyText], tokenizer: Any, *, max_length: int, segments: bool = False
) -> tuple[TokenRows, NDArray[np.bool_]]:
    """Return the token ids of texts, truncated to `max_length`, and which texts were truncated, (texts,).

    Of a pair, the longer text is truncated first. With `segments`, the rows of pairs have segment ids.
    """
    if not len(texts):  # The tokenizers of transformers fail on an empty list.
        return TokenRows([]), np.zeros(0, dtype=np.bool_)
    sides = map(list, zip(*map(sides_of, texts), strict=True))
    encoded = tokenizer(*sides, truncation=True, max_length=max_length)
    segment_ids = None
    if segments and has_pairs(texts[:1]):
        segment_ids = [encoding.type_ids for encoding in encoded.encodings]
    return TokenRows(encoded["input_ids"], segment_ids), which_truncated(encoded.encodings)


def padded_length_of(padding: Padding, tokens: Mapping[str, TokenRows], max_length: int) -> int | None:
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


def _filtered(dataset: Dataset, short: Mapping[str, NDArray[np.bool_]], max_words: int) -> Dataset:
    splits = {
        split: rows if split == "test" else rows.take(np.flatnonzero(short[split]))
        for split, rows in dataset.items()
    }
    present = set(splits["train"].labels.tolist())
    lost = [name for label, name in enumerate(dataset.label_names) if label not in present]
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
