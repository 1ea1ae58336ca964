"""The pool: each text once, in an order that is as good as random, a quarter kept for testing."""

from __future__ import annotations

from pathlib import Path

import pytest

from labelled_pools import made_texts
from textune.errors import DataError
from textune.formats.text_pairs import TextPair
from textune.labelling.pool import Pool, check_pool, read_pool_texts, write_pool


def test_copies_count_once() -> None:
    assert sorted(Pool.of(["so happy", "So  HAPPY", "sad"], seed=0).texts) == ["sad", "so happy"]


def test_blank_texts_are_left_out() -> None:
    assert len(Pool.of(["a", " ", ""], seed=0)) == 1


def test_the_order_does_not_depend_on_that_of_the_source() -> None:
    texts = made_texts(50)

    assert Pool.of(texts, seed=0).keys == Pool.of(texts[::-1], seed=0).keys


def test_another_seed_gives_another_order() -> None:
    texts = made_texts(50)

    assert Pool.of(texts, seed=0).keys != Pool.of(texts, seed=1).keys


def test_a_quarter_of_the_texts_is_kept_for_testing() -> None:
    assert Pool.of(made_texts(2000), seed=0).is_test.mean() == pytest.approx(0.25, abs=0.03)


def test_a_text_keeps_its_purpose_when_the_pool_grows() -> None:
    texts = made_texts(100)
    small, large = Pool.of(texts[:50], seed=0), Pool.of(texts, seed=0)

    assert [bool(large.is_test[large.number_of[key]]) for key in small.keys] == small.is_test.tolist()


def test_the_first_texts_are_for_testing_as_often_as_others() -> None:
    assert Pool.of(made_texts(4000), seed=0).is_test[:1000].mean() == pytest.approx(0.25, abs=0.05)


def test_texts_are_read_as_they_were_written(tmp_path: Path) -> None:
    pool = Pool.of(["ein\nZeilen\u2028ende", "ü", "x"], seed=0)
    write_pool(pool, tmp_path)

    assert read_pool_texts(tmp_path) == pool.texts


def test_pairs_are_read_as_they_were_written(tmp_path: Path) -> None:
    pool = Pool.of([TextPair("why?", "because"), TextPair("who?", "me")], seed=0)
    write_pool(pool, tmp_path)

    assert read_pool_texts(tmp_path) == pool.texts


def test_a_missing_file_of_texts_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="pool.jsonl"):
        read_pool_texts(tmp_path)


def test_too_few_texts_are_refused() -> None:
    with pytest.raises(DataError, match="2 distinct texts, too few"):
        check_pool(Pool.of(["a", "b"], seed=0), "a.csv")
