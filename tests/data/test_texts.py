"""Rows without a text: what counts as blank, when they are left out, and what stays aligned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from small_data import small_rows
from source_files import named_labels, refusal, sizes, texts, write_csv, write_tweeteval
from textune.data.dataset import Dataset
from textune.data.held_out import load_held_out
from textune.data.raw import Piece, RawSource, RawSplit
from textune.data.sources import load_source
from textune.data.texts import is_blank, rows_with_texts
from textune.errors import DataError
from textune.recipe.settings import DataSettings


def source(texts_of_rows: list[Any], *, name: str = "train") -> RawSource:
    piece = Piece(f"{name}.csv", f"{name}.csv", "line", range(2, len(texts_of_rows) + 2))
    return RawSource({name: RawSplit((piece,), texts_of_rows, ["joy"] * len(texts_of_rows))})


def write_posts(path: Path, *, blank: int, rows: int) -> Path:
    """Write rows, of which some have no text, beginning with the third."""
    posts = [(f"post {number}", "joy" if number % 2 else "anger") for number in range(rows)]
    posts[2 : 2 + blank] = [("", label) for _, label in posts[2 : 2 + blank]]
    return write_csv(path, posts)


@pytest.mark.parametrize("text", [None, float("nan"), "", " \t\n", "\u00a0", "\u200b\ufeff", "\u2800 \u3164"])
def test_what_shows_nothing_is_blank(text: Any) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["0", ".", "\u200bnan\u200b", "❤️", "‍👩‍👧"])
def test_what_shows_something_is_a_text(text: str) -> None:
    assert not is_blank(text)


def test_up_to_one_in_a_hundred_rows_is_left_out_and_said(tmp_path: Path) -> None:
    path = write_posts(tmp_path / "posts.csv", blank=2, rows=200)

    loaded = load_source(str(path))

    assert sum(sizes(loaded).values()) == 198
    assert loaded.notes[0] == f"2 of 200 rows of train have no text and are left out: {path}, lines 4, 5."


def test_more_than_one_in_a_hundred_is_refused_with_the_setting_that_decides(tmp_path: Path) -> None:
    path = write_posts(tmp_path / "posts.csv", blank=3, rows=200)

    error = refusal(path)

    assert error.message == f"3 rows without a text (empty, or only spaces): {path}, lines 4, 5, 6."
    assert "--set data.blank_texts=drop (up to 1 % of a split are left out without it)" in error.hint


def test_any_number_is_left_out_on_request(tmp_path: Path) -> None:
    path = write_posts(tmp_path / "posts.csv", blank=50, rows=200)

    loaded = load_source(str(path), DataSettings(blank_texts="drop"))

    assert sum(sizes(loaded).values()) == 150


def test_a_single_one_is_refused_on_request(tmp_path: Path) -> None:
    path = write_posts(tmp_path / "posts.csv", blank=1, rows=200)

    assert refusal(path, blank_texts="refuse").message.startswith("1 row without a text")


def test_blank_texts_are_kept_as_empty_texts_on_request() -> None:
    rows = rows_with_texts(source(["so happy", None, " "]), "keep")

    assert rows.source.splits["train"].texts == ["so happy", "", ""]


def test_each_split_is_judged_by_itself(tmp_path: Path) -> None:
    write_posts(tmp_path / "train.csv", blank=1, rows=200)
    write_posts(tmp_path / "test.csv", blank=1, rows=50)

    assert refusal(tmp_path).message.endswith(f"{tmp_path / 'test.csv'}, line 4.")


def test_labels_stay_with_their_texts_where_lines_are_left_out(tmp_path: Path) -> None:
    write_tweeteval(tmp_path)
    (tmp_path / "test_text.txt").write_text("a\n\n \nb\nc\nd\n", encoding="utf-8")
    (tmp_path / "test_labels.txt").write_text("0\n1\n1\n1\n1\n0\n", encoding="utf-8")

    loaded = load_source(str(tmp_path), DataSettings(blank_texts="drop"))

    assert texts(loaded, "test") == ["a", "b", "c", "d"]
    assert named_labels(loaded, "test") == ["anger", "joy", "joy", "anger"]


def test_rows_keep_their_numbers_where_others_are_left_out(tmp_path: Path) -> None:
    write_tweeteval(tmp_path)
    (tmp_path / "test_text.txt").write_text("a\n\nb\nc\nd\ne\n", encoding="utf-8")
    (tmp_path / "train_text.txt").write_text("\na\nb\nc\nd\ne\n", encoding="utf-8")

    loaded = load_source(str(tmp_path), DataSettings(blank_texts="drop"))

    assert loaded["test"].rows.tolist() == [0, 2, 3, 4, 5]
    assert loaded["train"].rows.tolist() == [1, 2, 3, 4, 5]


def test_held_out_rows_follow_the_same_rule(tmp_path: Path) -> None:
    path = write_posts(tmp_path / "posts.csv", blank=2, rows=200)

    held_out: Dataset = load_held_out(str(path), DataSettings(), split="test", label_names=["anger", "joy"])

    assert held_out["test"].rows.tolist()[:4] == [0, 1, 4, 5]
    assert "2 of 200 rows of test have no text and are left out" in held_out.notes[-1]


def test_a_row_without_text_and_label_is_a_row_without_text(tmp_path: Path) -> None:
    rows = [*small_rows(198), ("", ""), ("", "")]

    assert sum(sizes(load_source(str(write_csv(tmp_path / "posts.csv", rows)))).values()) == 198


def test_all_values_that_are_not_texts_are_reported_at_once() -> None:
    with pytest.raises(DataError, match=r"^train.csv, lines 3, 4: '17' \(int\) is not a text."):
        rows_with_texts(source(["so happy", 17, ["a"]]), "auto")
