"""Whatever texts a table holds, it is read with the rows that were written, no more and no less.

Where a file can be read in two ways, a message may say so instead. TEXTUNE_FUZZ_CASES sets how many tables
are tried (`make fuzz`).
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textune.errors import DataError
from textune.formats.tables import read_rows

CASES = int(os.environ.get("TEXTUNE_FUZZ_CASES", "1000")) // 4

Rows = list[tuple[str, ...]]
HEADERS = {2: ("text", "label"), 3: ("question", "answer", "label")}
"""The columns of tables of single texts, and of pairs, by their number."""

PIECES = [
    '"',
    '""',
    "'",
    ",",
    "\t",
    ";",
    "|",
    "so",
    "happy",
    " ",
    "\\",
    "ham",
    "spam",
    "text",
    "#",
    "\u2028",
    "é",
]
LINES = [*PIECES, "\n", "\r\n", "\nham", ",ham\n"]


def texts(pieces: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), max_size=8).map("".join).map(lambda text: f"{text}y")


def rows_of(pieces: list[str]) -> st.SearchStrategy[Rows]:
    """Return tables of single texts, and of pairs."""
    labels = st.sampled_from(["ham", "spam"])
    single, pair = st.tuples(texts(pieces), labels), st.tuples(texts(pieces), texts(pieces), labels)
    return st.lists(single, min_size=1, max_size=30) | st.lists(pair, min_size=1, max_size=30)


def quoted(rows: Rows, delimiter: str) -> str:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows([HEADERS[len(rows[0])], *rows])
    return file.getvalue()


def published(rows: Rows) -> str:
    """Return a table between tabs without any quoting; its texts hold no tabs and no line ends."""
    cells = [HEADERS[len(rows[0])], *without_tabs(rows)]
    return "".join("\t".join(row) + "\n" for row in cells)


def without_tabs(rows: Rows) -> Rows:
    return [tuple(cell.replace("\t", " ") for cell in row) for row in rows]


def written(rows: Rows) -> list[dict[str, str]]:
    return [dict(zip(HEADERS[len(row)], row, strict=True)) for row in rows]


def read(path: Path) -> list[dict[str, str]] | DataError:
    try:
        return [dict(row.values) for row in read_rows(path)]
    except DataError as error:
        return error


WRITERS: dict[str, Callable[[Rows], bytes]] = {
    "posts.csv": lambda rows: quoted(rows, ",").encode(),
    "posts.tsv": lambda rows: quoted(rows, "\t").encode(),
    "semicolons.csv": lambda rows: quoted(rows, ";").encode(),
    "posts.csv.gz": lambda rows: gzip.compress(quoted(rows, ",").encode()),
    "posts.tsv.bz2": lambda rows: bz2.compress(quoted(rows, "\t").encode()),
    "posts.json": lambda rows: json.dumps(written(rows)).encode(),
    "lines.json": lambda rows: "\n".join(map(json.dumps, written(rows))).encode(),
    "array.jsonl": lambda rows: json.dumps(written(rows)).encode(),
    "indented.jsonl": lambda rows: "\n".join(json.dumps(row, indent=1) for row in written(rows)).encode(),
    "posts.jsonl.gz": lambda rows: gzip.compress("\n".join(map(json.dumps, written(rows))).encode()),
}

tables = settings(
    max_examples=CASES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@tables
@given(name=st.sampled_from(sorted(WRITERS)), rows=rows_of(LINES))
def test_a_table_that_is_written_as_its_format_demands_is_read_exactly(
    name: str, rows: Rows, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(WRITERS[name](rows))

    result = read(tmp_path / name)

    if isinstance(result, DataError):
        assert "look like rows of their own" in result.message
        assert any("\n" in cell for row in rows for cell in row)
    else:
        assert result == written(rows)


@tables
@given(rows=rows_of(PIECES))
def test_a_published_table_without_quoting_has_a_row_per_line(rows: Rows, tmp_path: Path) -> None:
    path = tmp_path / "posts.tsv"
    path.write_text(published(rows), encoding="utf-8", newline="")

    result = read(path)

    assert not isinstance(result, DataError)
    assert result == written(without_tabs(rows))
