"""Folders as sources: tables named by split, and TweetEval's text layout."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from small_data import small_rows, write_small_csv
from source_files import named_labels, refusal, sizes, texts, write_csv, write_tweeteval
from textune.data.sources import load_source


def test_tweeteval_is_read_whole(tweeteval: Path) -> None:
    source = load_source(str(tweeteval))

    assert sizes(source) == {"train": 3257, "validation": 374, "test": 1421}
    assert list(source.label_names) == ["anger", "joy", "optimism", "sadness"]
    assert texts(source, "test")[0].startswith("#Deppression is real.")
    assert named_labels(source, "test")[0] == "sadness"
    assert source.notes == ()


def test_tweets_are_kept_as_they_are(tmp_path: Path) -> None:
    tweets = ["a\u2028b\u0085c\x0bd ", "  e\tf", "g\r\r", "h", '"i', "j,k"]
    write_tweeteval(tmp_path)
    (tmp_path / "test_text.txt").write_bytes("\n".join(tweets).encode())

    source = load_source(str(tmp_path))

    assert texts(source, "test") == ["a\u2028b\u0085c\x0bd ", "  e\tf", "g\r", "h", '"i', "j,k"]
    assert named_labels(source, "test") == ["anger", "joy"] * 3


def test_splits_that_a_text_folder_lacks_are_made(tmp_path: Path) -> None:
    source = load_source(str(write_tweeteval(tmp_path, splits=("train",))))

    assert sizes(source) == {"train": 2, "validation": 2, "test": 2}
    assert source.notes[0].startswith("There is no validation or test split")


def test_a_text_folder_without_a_mapping_keeps_its_ids_as_names(tmp_path: Path) -> None:
    (write_tweeteval(tmp_path) / "mapping.txt").unlink()

    source = load_source(str(tmp_path))

    assert list(source.label_names) == ["0", "1"]
    assert source.notes == ("There is no mapping.txt, so the labels keep their names from the label files.",)


def test_texts_and_labels_of_different_length_are_reported_with_both_files_and_counts(tmp_path: Path) -> None:
    write_tweeteval(tmp_path)
    (tmp_path / "val_labels.txt").write_text("0\n1\n0\n", encoding="utf-8")

    error = refusal(tmp_path)

    assert error.message == (
        f"{tmp_path / 'val_text.txt'} has 6 lines, but {tmp_path / 'val_labels.txt'} has 3."
    )
    assert "add the missing lines" in error.hint


def test_a_label_id_that_the_mapping_lacks_is_reported_with_file_and_line(tmp_path: Path) -> None:
    write_tweeteval(tmp_path)
    (tmp_path / "test_labels.txt").write_text("0\n1\n0\n7\n0\n1\n", encoding="utf-8")

    error = refusal(tmp_path)

    assert error.message == (
        f"{tmp_path / 'test_labels.txt'}, line 4: the label 7 has no name. The ids with names are: "
        "'0 anger', '1 joy'."
    )


@pytest.mark.parametrize("name", ["train_text.txt", "test_labels.txt"])
def test_half_a_pair_of_files_is_reported(name: str, tmp_path: Path) -> None:
    (write_tweeteval(tmp_path) / name).unlink()

    assert refusal(tmp_path).message == f"There is no file or folder {tmp_path / name}."


@pytest.mark.parametrize(
    ("content", "line"),
    [("0 anger\n1\tjoy", 1), ("0\tanger\none\tjoy", 2), ("0\tanger\n1\t", 2), ("0\tanger\tfury\n1\tjoy", 1)],
)
def test_a_line_of_the_mapping_that_is_none_is_reported(content: str, line: int, tmp_path: Path) -> None:
    (write_tweeteval(tmp_path) / "mapping.txt").write_text(content, encoding="utf-8")

    message = refusal(tmp_path).message

    assert message.startswith(f"{tmp_path / 'mapping.txt'}, line {line}: ")
    assert "expected an id, a tab and a name" in message


@pytest.mark.parametrize("content", ["0\tanger\n0\tjoy", "0\tanger\n1\tanger"])
def test_an_id_or_a_name_that_occurs_twice_in_the_mapping_is_reported(content: str, tmp_path: Path) -> None:
    (write_tweeteval(tmp_path) / "mapping.txt").write_text(content, encoding="utf-8")

    message = refusal(tmp_path).message

    assert "mapping.txt, line 2" in message
    assert "occurs twice" in message


def test_an_empty_tweet_is_reported_with_file_and_line(tmp_path: Path) -> None:
    write_tweeteval(tmp_path)
    (tmp_path / "train_text.txt").write_text("a\n\nb\n   \nc\nd\n", encoding="utf-8")

    error = refusal(tmp_path)

    assert error.message == (
        f"2 rows without a text (empty, or only spaces): {tmp_path / 'train_text.txt'}, lines 2, 4."
    )
    assert "--set data.blank_texts=drop" in error.hint


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("train.csv", "validation.csv", "test.csv"),
        ("training.csv", "dev.csv", "eval.csv"),
        ("Train.CSV", "VAL.csv", "testing.csv"),
        ("train-00000-of-00001.csv", "valid_0.csv", "evaluation.csv"),
    ],
)
def test_files_are_taken_for_the_splits_that_they_are_named_by(
    train: str, validation: str, test: str, tmp_path: Path
) -> None:
    write_small_csv(tmp_path / train, 30)
    write_small_csv(tmp_path / validation, 9, seed=1)
    write_small_csv(tmp_path / test, 12, seed=2)

    source = load_source(str(tmp_path))

    assert sizes(source) == {"train": 30, "validation": 9, "test": 12}
    assert source.notes == ()


def test_the_shards_of_a_split_are_read_in_order(tmp_path: Path) -> None:
    rows = [{"text": text, "label": label} for text, label in small_rows(30)]
    for shard in range(3):
        table = pa.Table.from_pylist(rows[shard * 10 : shard * 10 + 10])
        parquet.write_table(table, tmp_path / f"train-{shard:05}-of-00003-0123456789abcdef.parquet")
    write_small_csv(tmp_path / "validation.csv", 9, seed=1)
    write_small_csv(tmp_path / "test.csv", 9, seed=2)

    assert texts(load_source(str(tmp_path)), "train") == [row["text"] for row in rows]


def test_a_missing_shard_is_reported(tmp_path: Path) -> None:
    write_small_csv(tmp_path / "train-00000-of-00002.csv")

    error = refusal(tmp_path)

    assert "should have 2 files, but has 1: train-00000-of-00002.csv" in error.message


@pytest.mark.parametrize(("one", "other"), [("val.csv", "validation.csv"), ("dev.csv", "dev.jsonl")])
def test_two_files_for_one_split_are_reported(one: str, other: str, tmp_path: Path) -> None:
    write_small_csv(tmp_path / "train.csv")
    write_small_csv(tmp_path / one)
    write_small_csv(tmp_path / other)

    assert f"could be the split validation: {one}, {other}" in refusal(tmp_path).message


def test_a_file_that_is_named_after_a_split_alone_goes_before_one_with_more_words(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", small_rows(30))
    write_csv(tmp_path / "train.old.csv", small_rows(9))

    assert sum(len(split) for split in load_source(str(tmp_path)).values()) == 30


def test_tables_that_are_not_read_are_named(tmp_path: Path) -> None:
    write_small_csv(tmp_path / "train.csv")
    write_small_csv(tmp_path / "extra.csv")
    (tmp_path / "README.md").write_text("Posts.", encoding="utf-8")

    assert load_source(str(tmp_path)).notes[0] == "Ignored files that are not named after a split: extra.csv."


def test_a_file_that_lacks_a_column_of_train_is_reported(tmp_path: Path) -> None:
    write_small_csv(tmp_path / "train.csv")
    write_csv(tmp_path / "test.csv", [("7", "so happy")], header=("id", "text"))

    error = refusal(tmp_path)

    assert error.message == (
        f"{tmp_path / 'test.csv'} has no column 'label', which train has. Its columns are: 'id', 'text'."
    )
    assert "Move a file without labels out of the folder" in error.hint


def test_a_label_that_only_test_has_is_reported_with_file_and_line(tmp_path: Path) -> None:
    write_small_csv(tmp_path / "train.csv")
    write_csv(tmp_path / "test.csv", [("a new post", "joy"), ("boo", "fear")])

    message = refusal(tmp_path).message

    assert message.startswith(f"{tmp_path / 'test.csv'}, line 3: the label 'fear' is not a class")


def test_labels_with_a_single_row_of_train_are_reported_with_their_lines(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", [*small_rows(30), ("so odd", "fear"), ("oh", "jóy")])
    write_small_csv(tmp_path / "validation.csv", 9, seed=1)
    write_small_csv(tmp_path / "test.csv", 9, seed=2)

    error = refusal(tmp_path)

    assert error.message == (
        f"{tmp_path / 'train.csv'}, lines 32, 33: train has no other row with the label 'fear', 'jóy'."
    )
    assert "change it, or delete the row" in error.hint


def test_a_folder_without_a_train_split_is_reported(tmp_path: Path) -> None:
    write_small_csv(tmp_path / "test.csv")

    assert refusal(tmp_path).message == f"{tmp_path} has no train split; it has test."


def test_a_given_split_of_one_row_is_reported(tmp_path: Path) -> None:
    write_small_csv(tmp_path / "train.csv")
    write_small_csv(tmp_path / "test.csv", 1, seed=1)

    error = refusal(tmp_path)

    assert error.message == f"The split test of {tmp_path} has only 1 row."


def test_a_folder_of_nothing_known_is_reported_with_what_it_holds(tmp_path: Path) -> None:
    write_small_csv(tmp_path / "posts.csv")

    error = refusal(tmp_path)

    assert error.message == f"{tmp_path} has no file that is named after a split. It holds: posts.csv."
    assert f"use the file {tmp_path / 'posts.csv'}" in error.hint


def test_a_folder_whose_subfolder_holds_the_data_is_answered_with_that(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    write_small_csv(tmp_path / "data" / "train.csv")

    assert refusal(tmp_path).hint == f"Its folder {tmp_path / 'data'} does: use that."


def test_an_empty_folder_is_reported(tmp_path: Path) -> None:
    assert refusal(tmp_path).message.endswith("It holds: nothing.")
