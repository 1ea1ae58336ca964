"""Tables in the bodies of requests: CSV and Parquet become names of columns and rows.

In: bytes that anybody may have sent. Out: rows, or a `Refusal` that quotes none of them. A small Parquet file
can claim a billion rows, so that what it claims is checked before it is read.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from itertools import islice
from typing import Any

from textune.formats.text_pairs import AnyText, fields_of_texts
from textune.serving.limits import Limits
from textune.serving.refusals import Refusal
from textune.serving.request_texts import TextObject, texts_of

_TIMES_UNPACKED = 16
"""How many times as many bytes as a body may have its columns may claim."""


def rows_of_csv(body: bytes, limits: Limits) -> list[list[str]]:
    """Return the rows of CSV in UTF-8, without empty lines; raise a `Refusal` if there are too many."""
    try:
        lines = io.StringIO(body.decode("utf-8-sig"), newline="")
        rows = (row for row in csv.reader(lines, strict=True) if row)
        read = list(islice(rows, limits.texts + 2))
    except UnicodeDecodeError:
        raise Refusal(422, "The body is not valid UTF-8.") from None
    except csv.Error:
        raise Refusal(422, "The body is not valid CSV.") from None
    if len(read) > limits.texts + 1:  # One may be the header.
        raise Refusal(413, f"The rows exceed the limit of {limits.texts:,} texts per request.")
    return read


def table_of_parquet(body: bytes, limits: Limits, *, pairs: bool) -> tuple[list[str], list[list[Any]]]:
    """Return the names of the columns of texts in a Parquet file, or of all columns, and the rows."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(pa.BufferReader(body))
        facts = file.metadata
        sizes = [facts.row_group(number).total_byte_size for number in range(facts.num_row_groups)]
        if facts.num_rows > limits.texts:
            said = f"{facts.num_rows:,} rows exceed the limit of {limits.texts:,} texts per request."
            raise Refusal(413, said)
        if sum(sizes) > _TIMES_UNPACKED * limits.body_bytes:
            raise Refusal(413, "The table is too large when it is unpacked.")
        names = file.schema_arrow.names
        chosen = list(fields_of_texts(pairs=pairs)) if is_header(names, pairs=pairs) else names
        table = file.read(columns=chosen, use_threads=False)
        columns = [column.to_pylist() for column in table.columns]
    except (pa.ArrowException, OSError, ValueError, OverflowError):
        raise Refusal(422, "The body is not a Parquet file that can be read.") from None
    return list(table.column_names), [list(row) for row in zip(*columns, strict=True)]


def is_header(row: Sequence[Any], *, pairs: bool) -> bool:
    """Return whether a row names the columns of texts."""
    return all(name in row for name in fields_of_texts(pairs=pairs))


def texts_of_rows(
    names: Sequence[Any] | None, rows: Sequence[Sequence[Any]], limits: Limits, *, pairs: bool, place: str
) -> list[AnyText]:
    """Return the texts of rows: of the columns that are named as texts are, or of as many as there are.

    Without `names`, every row is a text, or both texts of a pair.
    """
    wanted = fields_of_texts(pairs=pairs)
    width = len(wanted) if names is None else len(names)
    if any(len(row) != width for row in rows):
        raise Refusal(422, f"{place}: The rows differ in length, or not every row has {_count(pairs)}.")
    if names is not None and is_header(names, pairs=pairs):
        chosen = [list(names).index(name) for name in wanted]
        if any(list(names).count(name) > 1 for name in wanted):
            raise Refusal(422, f"{place}: Two columns have the name of the texts.")
    elif width == len(wanted):
        chosen = list(range(width))
    else:
        raise Refusal(422, f"{place}: There is no column {' and '.join(wanted)}.")
    if not rows:
        raise Refusal(422, f"{place}: There are no rows.")
    if len(rows) > limits.texts:
        raise Refusal(413, f"{place}: {len(rows):,} texts exceed the limit of {limits.texts:,} per request.")
    objects = []
    for number, row in enumerate(rows):
        sides = [row[column] for column in chosen]
        if not all(isinstance(side, str) for side in sides):
            raise Refusal(422, f"{place}[{number}]: A text is a string.")
        objects.append(TextObject.model_construct(text=sides[0], text_pair=sides[1] if pairs else None))
    return texts_of(objects, limits, pairs=pairs, place=place)


def _count(pairs: bool) -> str:
    return "two texts" if pairs else "one text"
