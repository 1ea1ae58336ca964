"""The case study's steps: which rows of a `DatasetDict` are kept, and what tokens they become."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import pytest
from datasets import ClassLabel, DatasetDict

from prepared_rows import PADDINGS, TEXTS, column, padded, real_tokens, rows
from textune.encoder.loading import find_model, load_tokenizer
from textune.encoder.tokenization import Padding
from textune.errors import RequestError
from textune.study.steps import filter_dataset_dict, tokenize_dataset_dict


@pytest.fixture
def progress_bars() -> Iterator[None]:
    """Let the test decide on the progress bars of datasets."""
    was_disabled = datasets.are_progress_bars_disabled()
    datasets.enable_progress_bars()
    yield
    if was_disabled:
        datasets.disable_progress_bars()


def widths(dataset: DatasetDict, name: str = "input_ids") -> dict[str, list[int]]:
    return {split: [len(row) for row in dataset[split][name]] for split in dataset}


def test_rows_of_at_most_so_many_words_are_kept_in_order() -> None:
    kept, _ = filter_dataset_dict(rows(train=["a b c", "a b", " a\tb\n", "a b c d", "a"]), 2)

    assert column(kept["train"], "text") == ["a b", " a\tb\n", "a"]
    assert column(kept["train"], "label") == [1, 0, 0]


def test_dropped_rows_are_counted_by_split() -> None:
    _, dropped = filter_dataset_dict(
        rows(train=["a", "a b c", "a b c d"], test=["a b"], validation=["a b c", "a"]), 2
    )

    assert dropped == {"train": 2, "test": 0, "validation": 1}


def test_the_data_set_that_is_filtered_stays_as_it_was() -> None:
    dataset = rows(train=["a", "a b c"])

    filter_dataset_dict(dataset, 2)

    assert column(dataset["train"], "text") == ["a", "a b c"]


def test_a_split_that_would_be_left_empty_is_named() -> None:
    with pytest.raises(RequestError, match="No row of the split 'test' has 2 words or fewer") as caught:
        filter_dataset_dict(rows(train=["a b"], test=["a b c"]), 2)

    assert "prepare.max_words" in caught.value.hint


@pytest.mark.parametrize("padding", PADDINGS)
def test_a_texts_tokens_are_those_of_the_tokenizer(tokenizer: Any, padding: Padding) -> None:
    tokenized = tokenize_dataset_dict(rows(**TEXTS), tokenizer, max_length=16, padding=padding)

    assert real_tokens(tokenized.dataset["train"]) == tokenizer(TEXTS["train"])["input_ids"]


@pytest.mark.parametrize("padding", ["longest_in_set", "max_length"])
def test_padded_rows_are_those_of_the_tokenizer(tokenizer: Any, padding: Padding) -> None:
    tokenized = tokenize_dataset_dict(rows(**TEXTS), tokenizer, max_length=12, padding=padding)

    width = tokenized.padded_length
    expected = tokenizer(TEXTS["train"], padding="max_length", max_length=width, truncation=True)
    assert column(tokenized.dataset["train"], "input_ids") == expected["input_ids"]
    assert column(tokenized.dataset["train"], "attention_mask") == expected["attention_mask"]


def test_longest_leaves_rows_unpadded(tokenizer: Any) -> None:
    tokenized = tokenize_dataset_dict(rows(**TEXTS), tokenizer, max_length=16, padding="longest")

    assert widths(tokenized.dataset) == {"train": [4, 3, 8], "validation": [6], "test": [5]}
    assert tokenized.padded_length is None
    assert column(tokenized.dataset["train"], "attention_mask") == [[1] * 4, [1] * 3, [1] * 8]


@pytest.mark.parametrize("longest", ["train", "validation", "test"])
def test_longest_in_set_is_one_width_for_all_splits(tokenizer: Any, longest: str) -> None:
    texts = {split: ["so sad"] for split in TEXTS} | {longest: ["sad", "i am so very happy today"]}

    tokenized = tokenize_dataset_dict(rows(**texts), tokenizer, max_length=16, padding="longest_in_set")

    assert tokenized.padded_length == 8
    assert {width for row in widths(tokenized.dataset).values() for width in row} == {8}
    assert widths(tokenized.dataset, "attention_mask") == widths(tokenized.dataset)


def test_longest_in_set_is_no_wider_than_max_length(tokenizer: Any) -> None:
    tokenized = tokenize_dataset_dict(rows(**TEXTS), tokenizer, max_length=5, padding="longest_in_set")

    assert tokenized.padded_length == 5


def test_max_length_pads_beyond_the_longest_text(tokenizer: Any) -> None:
    tokenized = tokenize_dataset_dict(rows(**TEXTS), tokenizer, max_length=12, padding="max_length")

    assert tokenized.padded_length == tokenized.max_length == 12
    assert widths(tokenized.dataset) == {"train": [12] * 3, "validation": [12], "test": [12]}


@pytest.mark.parametrize("padding", PADDINGS)
def test_a_text_that_is_cut_keeps_its_first_and_its_last_special_token(
    tokenizer: Any, padding: Padding
) -> None:
    whole = tokenizer(TEXTS["train"][2])["input_ids"]

    tokenized = tokenize_dataset_dict(rows(**TEXTS), tokenizer, max_length=5, padding=padding)

    cut = real_tokens(tokenized.dataset["train"])[2]
    assert cut == [tokenizer.cls_token_id, *whole[1:4], tokenizer.sep_token_id]


def test_a_text_of_just_max_length_tokens_is_not_cut(tokenizer: Any) -> None:
    tokenized = tokenize_dataset_dict(rows(**TEXTS), tokenizer, max_length=8)

    assert tokenized.truncated == {"train": 0, "validation": 0, "test": 0}
    assert real_tokens(tokenized.dataset["train"]) == tokenizer(TEXTS["train"])["input_ids"]


def test_a_text_of_one_token_more_is_cut(tokenizer: Any) -> None:
    tokenized = tokenize_dataset_dict(rows(**TEXTS), tokenizer, max_length=7)

    assert widths(tokenized.dataset)["train"] == [4, 3, 7]
    assert tokenized.truncated["train"] == 1


def test_cut_texts_and_the_most_tokens_kept_are_counted_by_split(tokenizer: Any) -> None:
    texts = TEXTS | {"validation": ["all alone and sad", "it is a very good day", "joy"]}

    tokenized = tokenize_dataset_dict(rows(**texts), tokenizer, max_length=5)

    assert tokenized.truncated == {"train": 1, "validation": 2, "test": 0}
    assert tokenized.longest == {"train": 5, "validation": 5, "test": 5}
    assert tokenize_dataset_dict(rows(**texts), tokenizer, max_length=16).longest == {
        "train": 8,
        "validation": 8,
        "test": 5,
    }


def test_a_limit_that_the_tokenizer_itself_carries_cuts_nothing(model: Path) -> None:
    tokenizer = load_tokenizer(find_model(str(model)))
    tokenizer.model_max_length = 4
    tokenizer.backend_tokenizer.enable_truncation(4)
    tokenizer.backend_tokenizer.enable_padding(length=30)

    tokenized = tokenize_dataset_dict(rows(**TEXTS), tokenizer, max_length=16)

    assert widths(tokenized.dataset)["train"] == [4, 3, 8]


@pytest.mark.parametrize("padding", PADDINGS)
def test_a_split_without_rows_stays_empty(tokenizer: Any, padding: Padding) -> None:
    tokenized = tokenize_dataset_dict(
        rows(train=["so sad"], test=[]), tokenizer, max_length=16, padding=padding
    )

    assert column(tokenized.dataset["test"], "input_ids") == []
    assert (tokenized.longest["test"], tokenized.truncated["test"]) == (0, 0)


def test_padding_tokens_that_a_text_itself_holds_are_real(tokenizer: Any) -> None:
    split = padded(tokenizer, "so [PAD] sad", "i am so very happy today")

    assert tokenizer.pad_token_id in real_tokens(split)[0]
    assert real_tokens(split)[0] == tokenizer("so [PAD] sad")["input_ids"]


def test_text_and_label_stay_and_the_label_keeps_its_names(tokenizer: Any) -> None:
    kept, _ = filter_dataset_dict(rows(**TEXTS), 4)

    tokenized = tokenize_dataset_dict(kept, tokenizer, max_length=16).dataset["train"]

    assert tokenized.column_names == ["text", "label", "input_ids", "attention_mask"]
    assert tokenized.features["label"] == ClassLabel(names=["joy", "sadness"])
    assert column(tokenized, "text") == ["so happy", "sad"]
    assert column(tokenized, "label") == [0, 1]


def test_rows_that_a_filter_kept_get_their_own_tokens(tokenizer: Any) -> None:
    kept, _ = filter_dataset_dict(rows(train=["a b c d", "so happy", "a b c d e", "sad"]), 2)

    tokenized = tokenize_dataset_dict(kept, tokenizer, max_length=16)

    assert real_tokens(tokenized.dataset["train"]) == tokenizer(["so happy", "sad"])["input_ids"]


def test_nothing_is_written_beside_a_data_set_on_disk(
    tokenizer: Any, tmp_path: Path, progress_bars: None
) -> None:
    rows(**TEXTS).save_to_disk(tmp_path / "saved")
    before = sorted(tmp_path.rglob("*"))

    kept, _ = filter_dataset_dict(DatasetDict.load_from_disk(tmp_path / "saved"), 4)
    tokenize_dataset_dict(kept, tokenizer, max_length=16)

    assert sorted(tmp_path.rglob("*")) == before


def test_no_progress_bar_of_datasets_reaches_the_terminal(
    tokenizer: Any, progress_bars: None, capfd: pytest.CaptureFixture[str]
) -> None:
    kept, _ = filter_dataset_dict(rows(**TEXTS), 4)
    tokenize_dataset_dict(kept, tokenizer, max_length=16)

    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("disabled", [True, False])
def test_the_setting_of_the_progress_bars_is_left_as_it_was(
    tokenizer: Any, progress_bars: None, disabled: bool
) -> None:
    (datasets.disable_progress_bars if disabled else datasets.enable_progress_bars)()

    kept, _ = filter_dataset_dict(rows(**TEXTS), 4)
    tokenize_dataset_dict(kept, tokenizer, max_length=16)

    assert datasets.are_progress_bars_disabled() is disabled


def test_a_failure_leaves_the_setting_of_the_progress_bars_as_it_was(
    tokenizer: Any, progress_bars: None
) -> None:
    taken = rows(train=["a"]).rename_column("label", "input_ids")

    with pytest.raises(ValueError, match="input_ids"):
        tokenize_dataset_dict(taken, tokenizer, max_length=16)

    assert not datasets.are_progress_bars_disabled()
