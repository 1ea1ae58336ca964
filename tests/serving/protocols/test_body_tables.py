"""Tables in the bodies of requests: what anybody may send as Parquet or CSV."""

from __future__ import annotations

import io
import random
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from textune.serving.limits import Limits
from textune.serving.protocols.body_tables import rows_of_csv, table_of_parquet, texts_of_rows
from textune.serving.refusals import Refusal

LIMITS = Limits(texts=100, body_bytes=100_000)


def as_parquet(texts: Any, **options: Any) -> bytes:
    written = io.BytesIO()
    parquet.write_table(pa.table({"text": texts}), written, **options)
    return written.getvalue()


def status(body: bytes) -> int:
    try:
        names, rows = table_of_parquet(body, LIMITS, pairs=False)
        texts_of_rows(names, rows, LIMITS, pairs=False, place="rows")
    except Refusal as refusal:
        return refusal.status_code
    return 200


def test_a_small_file_that_claims_many_rows_is_refused_before_it_is_read() -> None:
    many = as_parquet(pa.array(["a"] * 500_000).dictionary_encode(), compression="zstd")

    assert len(many) < 100_000
    assert status(many) == 413


def test_a_small_file_that_is_large_when_it_is_unpacked_is_refused_before_it_is_read() -> None:
    long = as_parquet(["a" * 3_000_000], compression="zstd", use_dictionary=False)

    assert len(long) < LIMITS.body_bytes
    assert status(long) == 413


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_file_is_refused(seed: int) -> None:
    chooser = random.Random(seed)
    body = bytearray(as_parquet(["so happy", "so sad"] * 20))
    for _ in range(chooser.randrange(1, 6)):
        body[chooser.randrange(len(body))] = chooser.randrange(256)

    assert status(bytes(body[: chooser.choice([len(body), chooser.randrange(len(body))])])) in {200, 413, 422}


@pytest.mark.parametrize("texts", [[1, 2], [None, "a"], [b"a"], [["a"]]])
def test_columns_of_other_types_are_refused(texts: Any) -> None:
    assert status(as_parquet(texts)) == 422


def test_columns_beside_the_texts_are_not_read() -> None:
    written = io.BytesIO()
    parquet.write_table(pa.table({"id": [1], "text": ["so happy"], "more": [[1, 2]]}), written)

    assert table_of_parquet(written.getvalue(), LIMITS, pairs=False) == (["text"], [["so happy"]])


def test_reading_stops_at_the_limit() -> None:
    with pytest.raises(Refusal, match="The rows exceed the limit of 100 texts per request."):
        rows_of_csv(b"a\n" * 102 + b'"', LIMITS)


def test_a_cell_of_csv_may_have_lines_and_quotes() -> None:
    assert rows_of_csv(b'"so\nhappy ""and"" sad",1\r\n', LIMITS) == [['so\nhappy "and" sad', "1"]]


@pytest.mark.parametrize("body", [b'"a', b'"a"b', b"\xff"])
def test_what_is_not_csv_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal):
        rows_of_csv(body, LIMITS)
