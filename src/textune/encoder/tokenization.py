"""The case study's steps from texts to tensors, each usable by itself.

In: a `DatasetDict` with the columns `text` and `label`. Out: the same with rows dropped
(`filter_by_words`), or with `input_ids` and `attention_mask` added (`tokenize`), and views of it as
torch tensors (`torch_tensors`) and as a `tf.data.Dataset` (`tf_dataset`). Whatever is dropped or cut is
counted. Does not know models beyond their tokenizer and their limit of tokens.

Example:
    >>> from datasets import Dataset, DatasetDict
    >>> rows = DatasetDict(train=Dataset.from_dict({"text": ["so happy", "a b c"], "label": [1, 0]}))
    >>> short, dropped = filter_by_words(rows, 2)
    >>> list(short["train"]["text"]), dropped
    (['so happy'], {'train': 1})
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from textune.errors import MissingExtraError, RequestError

if TYPE_CHECKING:
    from datasets import DatasetDict
    from numpy.typing import NDArray

Padding = Literal["longest", "longest_in_set", "max_length"]


@dataclass(frozen=True)
class Tokenized:
    """A tokenized data set, and what tokenization did to it.

    Attributes:
        dataset: The rows with `input_ids` and `attention_mask` (1 for real tokens, 0 for padding).
        max_length: The most tokens that a text could keep, special tokens included.
        padded_length: The length that all rows have, or None where batches are padded one by one.
        longest: The most tokens that a text has kept, by split.
        truncated: The number of texts that were cut at `max_length`, by split.
    """

    dataset: DatasetDict
    max_length: int
    padded_length: int | None
    longest: dict[str, int]
    truncated: dict[str, int]


def count_words(text: str) -> int:
    """Return the number of words in a text, words being what white space separates."""
    return len(text.split())


def filter_by_words(dataset: DatasetDict, max_words: int) -> tuple[DatasetDict, dict[str, int]]:
    """Keep the rows whose text has at most `max_words` words.

    Returns:
        The data set that is left, and the number of dropped rows by split.

    Raises:
        RequestError: A split would be left without rows.
    """
    with _quiet_datasets():
        kept = dataset.filter(
            lambda texts: [count_words(text) <= max_words for text in texts],
            input_columns="text",
            batched=True,
            keep_in_memory=True,
            load_from_cache_file=False,
        )
    dropped = {split: len(dataset[split]) - len(kept[split]) for split in dataset}
    for split in kept:
        if not len(kept[split]):
            raise RequestError(
                f"No row of the split '{split}' has {max_words} words or fewer.",
                "Raise prepare.max_words, or set it to 0 to keep all rows.",
            )
    return kept, dropped


def tokenize(
    dataset: DatasetDict, tokenizer: Any, *, max_length: int, padding: Padding = "longest"
) -> Tokenized:
    """Add `input_ids` and `attention_mask` to every row.

    Args:
        dataset: Splits with a column `text`.
        tokenizer: A fast tokenizer of transformers.
        max_length: Tokens after which a text is cut, special tokens included.
        padding: `longest` leaves the rows as they are, for batches that are padded one by one;
            `longest_in_set` pads every row to the longest of all splits; `max_length` pads to `max_length`.
    """
    uncut = {split: _token_ids(rows["text"], tokenizer) for split, rows in dataset.items()}
    lengths = {split: np.array([len(row) for row in rows], dtype=np.int64) for split, rows in uncut.items()}
    longest = {split: min(int(length.max(initial=0)), max_length) for split, length in lengths.items()}
    width = {"longest": None, "longest_in_set": max(longest.values(), default=0), "max_length": max_length}
    encoded = {
        split: _encode(rows["text"], uncut[split], tokenizer, max_length=max_length, width=width[padding])
        for split, rows in dataset.items()
    }
    with _quiet_datasets():
        tokenized = type(dataset)({split: _with_columns(dataset[split], encoded[split]) for split in dataset})
    return Tokenized(
        dataset=tokenized,
        max_length=max_length,
        padded_length=width[padding],
        longest=longest,
        truncated={split: int((length > max_length).sum()) for split, length in lengths.items()},
    )


def real_tokens(split: Any) -> list[list[int]]:
    """Return the token ids of each row without its padding.

    Padding never changes what a text's own tokens become (its attention mask is 0), so whoever encodes
    a split may leave it out and pad again as cheaply as it can.
    """
    ids, masks = split["input_ids"], split["attention_mask"]
    return [
        [token for token, real in zip(row, mask, strict=True) if real] if 0 in mask else list(row)
        for row, mask in zip(ids, masks, strict=True)
    ]


def one_hot(labels: Sequence[int] | NDArray[np.integer[Any]], classes: int) -> NDArray[np.float32]:
    """Return labels (n,) as float32 rows (n, classes) that hold a single 1.

    Example:
        >>> one_hot([2, 0], 3).tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    rows: NDArray[np.float32] = np.eye(classes, dtype=np.float32)[np.asarray(labels)]
    return rows


def torch_tensors(split: Any) -> dict[str, Any]:
    """Return a padded split as tensors `input_ids` and `attention_mask` (rows, length), `label` (rows,).

    Raises:
        RequestError: The rows have different lengths.
    """
    import torch

    return {name: torch.from_numpy(array) for name, array in _arrays(split).items()}


def tf_dataset(split: Any, *, batch_size: int, classes: int, shuffle_seed: int | None = None) -> Any:
    """Return a padded split as a batched `tf.data.Dataset` of ({input_ids, attention_mask}, one-hot labels).

    For the arguments and errors see `tf_batches`; in addition:

    Raises:
        RequestError: The rows have different lengths.
    """
    arrays = _arrays(split)
    labels = arrays.pop("label")
    return tf_batches(arrays, labels, batch_size=batch_size, classes=classes, shuffle_seed=shuffle_seed)


def tf_batches(
    inputs: Any,
    labels: Sequence[int] | NDArray[np.integer[Any]],
    *,
    batch_size: int,
    classes: int,
    shuffle_seed: int | None = None,
) -> Any:
    """Return arrays with one row an example as a batched `tf.data.Dataset` of (inputs, one-hot labels).

    Args:
        inputs: An array, or arrays by name.
        labels: Class ids.
        batch_size: Rows of a batch; the last one may have fewer.
        classes: The number of classes.
        shuffle_seed: Decides the order, another one every epoch; None: the rows stay in theirs.

    Raises:
        MissingExtraError: TensorFlow is not installed.
    """
    try:
        import tensorflow as tf
    except ImportError as error:
        raise MissingExtraError("tensorflow", "A view of the data as tf.data.Dataset") from error
    rows = tf.data.Dataset.from_tensor_slices((inputs, one_hot(labels, classes)))
    if shuffle_seed is not None:
        rows = rows.shuffle(len(labels), seed=shuffle_seed, reshuffle_each_iteration=True)
    return rows.batch(batch_size)


def _arrays(split: Any) -> dict[str, NDArray[np.int64]]:
    lengths = {len(row) for row in split["input_ids"]}
    if len(lengths) > 1:
        raise RequestError(
            f"The rows have {len(lengths)} different lengths ({min(lengths)} to {max(lengths)} tokens), "
            "so they make no single tensor.",
            "Tokenize with padding 'longest_in_set' or 'max_length'.",
        )
    names = ("input_ids", "attention_mask", "label")
    return {name: np.array(list(split[name]), dtype=np.int64) for name in names}


def _token_ids(texts: Sequence[str], tokenizer: Any) -> list[list[int]]:
    # The tokenizers of transformers fail on an empty list.
    return list(tokenizer(list(texts), verbose=False)["input_ids"]) if len(texts) else []


def _encode(
    texts: Sequence[str], uncut: list[list[int]], tokenizer: Any, *, max_length: int, width: int | None
) -> dict[str, list[list[int]]]:
    """Cut and pad the rows of one split; only the texts that are too long are tokenized again."""
    too_long = [number for number, row in enumerate(uncut) if len(row) > max_length]
    if too_long:
        cut = tokenizer([texts[number] for number in too_long], truncation=True, max_length=max_length)
        for number, row in zip(too_long, cut["input_ids"], strict=True):
            uncut[number] = row
    masks = [[1] * len(row) for row in uncut]
    if width is not None:
        for row, mask in zip(uncut, masks, strict=True):
            missing = width - len(row)
            row.extend([tokenizer.pad_token_id] * missing)
            mask.extend([0] * missing)
    return {"input_ids": uncut, "attention_mask": masks}


def _with_columns(split: Any, columns: dict[str, list[list[int]]]) -> Any:
    from datasets import Dataset, Features, List, Value

    types = Features({"input_ids": List(Value("int32")), "attention_mask": List(Value("int8"))})
    added = Dataset.from_dict(columns, features=types)
    # Left to itself, add_column writes the rows that a filter has kept into a file beside the data set's own.
    split = split.flatten_indices(keep_in_memory=True)
    for name in columns:
        split = split.add_column(name, added.data.column(name), feature=types[name])
    return split


@contextmanager
def _quiet_datasets() -> Iterator[None]:
    """Keep datasets' own progress bars off the terminal, and leave its setting as it was."""
    from datasets import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    was_disabled = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not was_disabled:
            enable_progress_bars()
