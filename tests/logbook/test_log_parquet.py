"""A finished part of the log is a Parquet file that any tool reads, and textune reads back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from kept_requests import LABELS, kept_header, kept_request
from textune.formats.text_pairs import TextPair
from textune.logbook.log_block import LogBlock, block_of
from textune.logbook.log_parquet import read_log_parquet, write_log_parquet
from textune.logbook.logged_request import LogHeader
from textune.tasks.single_label import softmax

REQUESTS = [kept_request(1, texts=2), kept_request(2)]


def written(folder: Path, header: LogHeader, requests: Any = REQUESTS) -> Path:
    write_log_parquet(folder / "log.parquet", header, requests)
    return folder / "log.parquet"


def assert_same(block: LogBlock, expected: LogBlock) -> None:
    assert block.header == expected.header
    assert list(block.requests) == list(expected.requests)
    assert block.texts == expected.texts
    for name in ("seconds", "numbers", "truncated", "logits", "features"):
        np.testing.assert_array_equal(getattr(block, name), getattr(expected, name))


@pytest.mark.parametrize("width", [4, 0], ids=["with features", "without"])
def test_rows_are_read_back_as_they_were(tmp_path: Path, width: int) -> None:
    header = kept_header(width=width)

    [block] = read_log_parquet(written(tmp_path, header))

    assert_same(block, block_of(header, REQUESTS))


def test_any_tool_reads_times_labels_and_probabilities(tmp_path: Path) -> None:
    rows = parquet.read_table(written(tmp_path, kept_header())).to_pylist()

    assert [row["request"] for row in rows] == ["id-1", "id-1", "id-2"]
    assert [row["number"] for row in rows] == [0, 1, 0]
    assert {row["predicted"] for row in rows} == {"sadness"}
    assert rows[0]["time"].isoformat() == "2001-09-09T01:46:41+00:00"
    expected = softmax(REQUESTS[0].logits)[0].tolist()
    assert list(rows[0]["scores"]) == list(LABELS)
    assert list(rows[0]["scores"].values()) == pytest.approx(expected, abs=1e-7)
    assert "text" not in rows[0]


@pytest.mark.parametrize(
    ("pairs", "texts"),
    [(False, [["a", "b\n"], ["ü"]]), (True, [[TextPair("a", "b"), TextPair("", "c")], [TextPair("d", "")]])],
    ids=["single texts", "pairs"],
)
def test_texts_are_in_it_where_they_are_kept(tmp_path: Path, pairs: bool, texts: Any) -> None:
    header = kept_header(has_texts=True, pairs=pairs)
    requests = [replace(request, texts=each) for request, each in zip(REQUESTS, texts, strict=True)]

    [block] = read_log_parquet(written(tmp_path, header, requests))

    assert_same(block, block_of(header, requests))


def test_half_a_surrogate_pair_is_replaced_in_a_text(tmp_path: Path) -> None:
    requests = [replace(kept_request(1), texts=["broken \ud800"])]

    [block] = read_log_parquet(written(tmp_path, kept_header(has_texts=True), requests))

    assert block.texts == ["broken ?"]


def test_several_labels_have_probabilities_and_no_label(tmp_path: Path) -> None:
    header = kept_header(problem_type="multi_label_classification")

    rows = parquet.read_table(written(tmp_path, header)).to_pylist()

    assert "predicted" not in rows[0]
    assert rows[0]["scores"]["anger"] == pytest.approx(1 / (1 + np.exp(-1)), abs=1e-6)


def test_many_rows_come_in_parts(tmp_path: Path) -> None:
    requests = [kept_request(number, texts=3) for number in range(4000)]

    blocks = [*read_log_parquet(written(tmp_path, kept_header(), requests))]

    assert sum(map(len, blocks)) == 12_000
    assert max(map(len, blocks)) < 5_000


def test_another_file_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("no parquet", encoding="utf-8")
    parquet.write_table(pa.table({"x": [1]}), tmp_path / "other.parquet")

    with pytest.raises(ValueError, match="not a file of a log"):
        [*read_log_parquet(tmp_path / "text.parquet")]
    with pytest.raises(ValueError, match="version"):
        [*read_log_parquet(tmp_path / "other.parquet")]
