"""The texts to classify: from arguments, a table, a text file or standard input to rows.

In: where the texts are. Out: `TextRow`s, read as they are asked for, or a `DataError` that names the line.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from textune.data.columns import find_text_column
from textune.data.lines import decode_lines, read_lines, without_end
from textune.data.tables import column_names, read_rows, row_unit
from textune.errors import DataError
from textune.inference.bulk import TextRow

_BLOCK_BYTES = 1 << 22


def read_texts(path: Path, *, text_column: str = "") -> Iterator[TextRow]:
    """Yield the rows of a table, or the lines of a `.txt` file.

    Args:
        path: A CSV, TSV, JSONL or Parquet file, or a `.txt` file of one text a line.
        text_column: The table's column that holds the text; empty: found by its name.

    Raises:
        DataError: The file cannot be read, or a row is at fault.
    """
    if path.suffix.lower() == ".txt":
        for line in read_lines(path):
            yield TextRow(line, {})
        return
    column = find_text_column(
        column_names(path), origin=str(path), given=text_column, option="--text-column NAME"
    )
    for row in read_rows(path):
        others = {name: value for name, value in row.values.items() if name != column}
        text = row.values.get(column)
        if text is not None and not isinstance(text, str):
            raise DataError(
                f"{path}, {row_unit(path)} {row.line}: the column '{column}' holds {text!r}, no text.",
                "Put it in quotes, or name another column with --text-column NAME.",
            )
        yield TextRow(text or "", others)


def read_stream(stream: BinaryIO, origin: str) -> Iterator[TextRow]:
    """Yield the lines of a stream of bytes, such as standard input.

    Raises:
        DataError: The bytes are not UTF-8 text.
    """
    for line in decode_lines(stream, origin):
        yield TextRow(without_end(line), {})


def estimate_rows(path: Path) -> int:
    """Return about how many rows a file has, without reading its values: for a progress bar."""
    if path.suffix.lower() == ".parquet":
        from pyarrow import parquet

        return int(parquet.read_metadata(path).num_rows)
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK_BYTES), b""))
