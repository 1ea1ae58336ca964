"""Small data sets for the tests of preparation."""

from __future__ import annotations

from typing import Any

from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from textune.encoder.tokenization import Padding
from textune.study.steps import tokenize_dataset_dict

COLUMNS = Features(text=Value("string"), label=ClassLabel(names=["joy", "sadness"]))
# In tokens, [CLS] and [SEP] included: 4, 3 and 8; 6; 5.
TEXTS = {
    "train": ["so happy", "sad", "i am so very happy today"],
    "validation": ["all alone and sad"],
    "test": ["a good day"],
}
PADDINGS: list[Padding] = ["longest", "longest_in_set", "max_length"]


def rows(**texts: list[str]) -> DatasetDict:
    """Return a data set of texts by split; the labels are 0 and 1 in turn."""
    return DatasetDict(
        {
            split: Dataset.from_dict(
                {"text": lines, "label": [number % 2 for number in range(len(lines))]}, features=COLUMNS
            )
            for split, lines in texts.items()
        }
    )


def padded(tokenizer: Any, *texts: str) -> Any:
    """Return texts, tokenized and padded, as a split."""
    data_set = rows(train=list(texts))
    return tokenize_dataset_dict(data_set, tokenizer, max_length=16, padding="longest_in_set").dataset[
        "train"
    ]


def real_tokens(split: Any) -> list[list[int]]:
    """Return the token ids of each row without its padding, by its attention mask."""
    return [
        [token for token, real in zip(ids, mask, strict=True) if real]
        for ids, mask in zip(split["input_ids"], split["attention_mask"], strict=True)
    ]


def column(split: Any, name: str) -> list[Any]:
    return list(split[name])
