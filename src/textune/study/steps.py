"""The case study's steps from texts to tensors, each usable by itself.

In: a `DatasetDict` with the columns `text` and `label`. Dropped and truncated texts are counted. The steps
share `encoder/tokenization.py` and `keras/tensors.py` with training.

Example:
    >>> from datasets import Dataset, DatasetDict
    >>> rows = DatasetDict(train=Dataset.from_dict({"text": ["so happy", "a b c"], "label": [1, 0]}))
    >>> short, dropped = filter_dataset_dict(rows, 2)
    >>> list(short["train"]["text"]), dropped
    (['so happy'], {'train': 1})
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textune.data.hub_datasets import quiet_datasets
from textune.encoder.batching import pad_rows
from textune.encoder.tokenization import Padding, find_short_texts, padded_length_of, tokenize_texts
from textune.errors import RequestError
from textune.keras.tensors import tf_batches

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


@dataclass(frozen=True)
class TokenizedDatasetDict:
    """A tokenized dataset, and what tokenization did to it.

    Attributes:
        dataset: The rows with `input_ids` and `attention_mask` (1 for real tokens, 0 for padding).
        max_length: The maximum number of tokens per text, special tokens included.
        padded_length: The length that all rows have, or None where batches are padded one by one.
        longest: The tokens of the longest text after truncation, by split.
        truncated: The number of texts truncated after `max_length` tokens, by split.
    """

    dataset: DatasetDict
    max_length: int
    padded_length: int | None
    longest: dict[str, int]
    truncated: dict[str, int]


def filter_dataset_dict(dataset: DatasetDict, max_words: int) -> tuple[DatasetDict, dict[str, int]]:
    """Return the rows whose text has at most `max_words` words, and the number of dropped rows by split.

    White space separates words. A `RequestError` says that a split would be left without rows.
    """
    short = find_short_texts({split: list(rows["text"]) for split, rows in dataset.items()}, max_words)
    remaining = {
        split: rows.select(np.flatnonzero(short[split]), keep_in_memory=True)
        for split, rows in dataset.items()
    }
    return type(dataset)(remaining), {split: int((~is_short).sum()) for split, is_short in short.items()}


def tokenize_dataset_dict(
    dataset: DatasetDict, tokenizer: Any, *, max_length: int, padding: Padding = "longest"
) -> TokenizedDatasetDict:
    """Add `input_ids` and `attention_mask` to every row.

    Args:
        dataset: Splits with a column `text`.
        tokenizer: A fast tokenizer of transformers.
        max_length: Tokens after which a text is truncated, special tokens included.
        padding: `longest` leaves the rows as they are, for batches that are padded one by one;
            `longest_in_set` pads every row to the longest of all splits; `max_length` pads to `max_length`.
    """
    tokens, truncated = {}, {}
    for split, rows in dataset.items():
        tokens[split], is_truncated = tokenize_texts(list(rows["text"]), tokenizer, max_length=max_length)
        truncated[split] = int(is_truncated.sum())
    width = padded_length_of(padding, tokens, max_length)
    padding_id = tokenizer.pad_token_id
    with quiet_datasets():
        tokenized = {
            split: _with_tokens(rows, tokens[split], padding_id=padding_id, width=width)
            for split, rows in dataset.items()
        }
    longest = {split: int(rows.lengths.max(initial=0)) for split, rows in tokens.items()}
    return TokenizedDatasetDict(type(dataset)(tokenized), max_length, width, longest, truncated)


def torch_tensors(split: Dataset) -> dict[str, Any]:
    """Return a padded split as tensors `input_ids` and `attention_mask` (rows, length), `label` (rows,).

    A `RequestError` says that the rows have different lengths.
    """
    import torch

    return {name: torch.from_numpy(array) for name, array in _arrays(split).items()}


def tf_dataset(split: Dataset, *, batch_size: int, classes: int, shuffle_seed: int | None = None) -> Any:
    """Return a padded split as a batched `tf.data.Dataset` of ({input_ids, attention_mask}, one-hot labels).

    For the arguments see `tf_batches`; a `RequestError` says that the rows have different lengths.
    """
    arrays = _arrays(split)
    labels = arrays.pop("label")
    return tf_batches(arrays, labels, batch_size=batch_size, classes=classes, shuffle_seed=shuffle_seed)


def _arrays(split: Dataset) -> dict[str, NDArray[np.int64]]:
    lengths = {len(row) for row in split["input_ids"]}
    if len(lengths) > 1:
        raise RequestError(
            f"The rows have {len(lengths)} different lengths ({min(lengths)} to {max(lengths)} tokens), "
            "so they do not fit into one tensor.",
            "Tokenize with padding 'longest_in_set' or 'max_length'.",
        )
    names = ("input_ids", "attention_mask", "label")
    return {name: np.array(list(split[name]), dtype=np.int64) for name in names}


def _with_tokens(split: Dataset, tokens: Any, *, padding_id: int, width: int | None) -> Dataset:
    from datasets import Dataset, Features, List, Value

    if width is None:
        columns = {"input_ids": tokens.tolist(), "attention_mask": [[1] * len(row) for row in tokens]}
    else:
        ids, mask = pad_rows(tokens, padding_id=padding_id, width=width)
        columns = {"input_ids": ids.tolist(), "attention_mask": mask.tolist()}
    types = Features({"input_ids": List(Value("int32")), "attention_mask": List(Value("int8"))})
    added = Dataset.from_dict(columns, features=types)
    # Otherwise add_column would write the filtered rows to a file beside the dataset's own.
    split = split.flatten_indices(keep_in_memory=True)
    for name in columns:
        split = split.add_column(name, added.data.column(name), feature=types[name])
    return split
