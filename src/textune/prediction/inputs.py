"""The texts to classify: from tables, text files or standard input to rows.

In: where the texts are. Out: `TextRow`s, read as they are asked for, or a `DataError` that names the line.
"""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatch
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from textune.annotations.export_file import export_texts, exporting_tool
from textune.context import Context
from textune.data.columns import ColumnChoice, find_text_column
from textune.errors import DataError
from textune.formats.compression import archive_members, is_archive
from textune.formats.lines import decode_lines, open_data_file, read_lines, without_end
from textune.formats.registry import find_format, format_of, may_be_table, table_suffixes
from textune.formats.tables import column_names, read_rows, table_notes
from textune.formats.text_pairs import AnyText, TextPair
from textune.prediction.input_columns import DETECTED, choice_for, is_empty, is_like_header, note_on_lines
from textune.prediction.stream import TextRow

_BLOCK_BYTES = 1 << 22


def find_files(pattern: str) -> list[Path]:
    """Return the files that a file, a folder, a ZIP archive or a pattern such as `*.csv` means, sorted."""
    path = Path(os.path.expanduser(pattern))  # noqa: PTH111 - Path.expanduser raises on unknown users.
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises on names that are too long.
        files = sorted(file for file in path.iterdir() if find_format(file))
        if not files:
            raise DataError(
                f"The folder {path} holds no table ({', '.join(table_suffixes())}).",
                f"Give a file, or a pattern for other files: --input '{path}/*.txt'",
            )
        return files
    if is_archive(path):
        members = archive_members(path)
        if files := [member for member in members if find_format(member)] or list(
            filter(may_be_table, members)
        ):
            return files
        raise DataError(f"The archive {path} holds no table ({', '.join(table_suffixes())}).", "Unpack it.")
    if os.path.exists(path) or not glob.has_magic(pattern):  # noqa: PTH110
        return [path]
    matches = sorted(Path(name) for name in glob.glob(str(path), recursive=True))  # noqa: PTH207
    if files := [file for file in matches if file.is_file()]:
        return files
    raise DataError(f"No file matches {pattern}.", "Check the pattern, and put it in quotes.")


def is_input(path: Path, pattern: str, files: Sequence[Path]) -> bool:
    """Return whether a path is one of the `files` of an input `pattern`, or would be one if it were there."""
    path = path.resolve()
    if any(path == file.resolve() for file in files):
        return True
    source = Path(os.path.expanduser(pattern)).resolve()  # noqa: PTH111
    if source.is_dir():
        return path.parent == source and find_format(path) is not None
    if source.exists():
        return False
    if "**" in source.parts:
        # Any number of folders, which may be none.
        return fnmatch(str(path), str(source).replace("**/", "*"))
    return path.match(str(source))


def open_rows(
    texts: Sequence[AnyText], pattern: str, choice: ColumnChoice, ctx: Context
) -> tuple[Iterable[TextRow], int]:
    """Return the rows of texts or else of an input, and roughly how many there are; 0: unknown.

    The first row of files is read already, so that faults show early. `-` is standard input.
    """
    if texts:
        return [TextRow(text, {}) for text in texts], len(texts)
    if pattern == "-":
        return _noting_header(read_stream(sys.stdin.buffer, "standard input"), choice, ctx), 0
    files = find_files(pattern)
    for sentence in input_notes(files, choice):
        ctx.note(sentence)
    return open_texts(files, choice), sum(map(estimate_rows, files))


def open_texts(files: Sequence[Path], choice: ColumnChoice = DETECTED) -> Iterator[TextRow]:
    """Return the rows of several files, one after the other.

    Before it returns, every file's columns are checked and the first row is read: most mistakes show here. Of
    several files, some may have no rows, but not all. For the arguments see `read_texts`.
    """
    several = len(files) > 1
    for path in files[1:]:
        text_column_of(path, choice, may_be_empty=several)
    rows = chain.from_iterable(read_texts(path, choice, may_be_empty=several) for path in files)
    if not (first := list(islice(rows, 1))):
        raise DataError(
            f"None of the {len(files):,} input files has a row.", "Check that they were written completely."
        )
    return chain(first, rows)


def input_notes(files: Sequence[Path], choice: ColumnChoice) -> list[str]:
    """Return sentences about how the files are read."""
    notes: list[str] = []
    for path in files:
        own = choice_for(path, choice)
        if (tool := exporting_tool(path, choice)) is not None:
            notes.append(f"{path.name} is {tool.export}: all of its texts are classified, labelled or not.")
        elif own is None:
            notes += note_on_lines(path, choice)
        elif not is_empty(path):
            notes += table_notes(path, own.reading)
    return notes


def read_texts(
    path: Path, choice: ColumnChoice = DETECTED, *, may_be_empty: bool = False
) -> Iterator[TextRow]:
    """Yield the rows of a table, or the lines of a text file; a `DataError` names what is at fault.

    The text is in the chosen column, or in the one that is detected by its name. One file among others
    `may_be_empty`.
    """
    if (tool := exporting_tool(path, choice)) is not None:
        for place, text in export_texts(path, tool, choice):
            yield TextRow(_checked_text(text, partial(str, place)), {})
        return
    own = choice_for(path, choice)
    if own is None:
        for line in read_lines(path, may_be_empty=may_be_empty):
            yield TextRow(line, {})
        return
    column = text_column_of(path, own, may_be_empty=may_be_empty)
    unit = "" if is_empty(path) else format_of(path, own.reading).unit
    texts = own.columns_of_text(column)
    for row in read_rows(path, reading=own.reading, may_be_empty=may_be_empty):
        others = {name: value for name, value in row.values.items() if name not in texts}
        holder = partial("{}, {} {}: the column '{}'".format, path, unit, row.line, column)
        yield TextRow(_checked_text(row.values.get(column), holder), others)


def _checked_text(text: object, holder: Callable[[], str]) -> AnyText:
    if text is not None and not isinstance(text, str | TextPair):
        raise DataError(
            f"{holder()} holds {text!r}, not a text.",
            "Put it in quotes, or name another column with --text-column NAME.",
        )
    return text or ""


def text_column_of(path: Path, choice: ColumnChoice = DETECTED, *, may_be_empty: bool = False) -> str:
    """Return the column of a file's texts, named or else detected; empty if the file has no columns."""
    if exporting_tool(path, choice) is not None:
        return ""
    own = choice_for(path, choice)
    if own is None or not (names := column_names(path, own.reading, may_be_empty=may_be_empty)):
        return ""
    return find_text_column(names, own, origin=str(path), option="--text-column NAME")


def read_stream(stream: BinaryIO, origin: str) -> Iterator[TextRow]:
    """Yield the lines of a stream of UTF-8 bytes, such as standard input."""
    for line in decode_lines(stream, origin):
        yield TextRow(without_end(line), {})


def _noting_header(rows: Iterable[TextRow], choice: ColumnChoice, ctx: Context) -> Iterator[TextRow]:
    """Yield the rows of a stream; a note says if the first one looks like the name of a column."""
    for number, row in enumerate(rows):
        if not number and isinstance(row.text, str) and is_like_header(row.text.strip(), choice):
            ctx.note(
                f"The first line of standard input, '{row.text.strip()}', is a text like the others. If it "
                "is the name of the column, leave it out: tail -n +2 FILE | textune predict RUN --input -"
            )
        yield row


def estimate_rows(path: Path) -> int:
    """Return roughly how many rows a file has, without reading its values: for a progress bar."""
    known = find_format(path)
    if known is not None and known.row_count is not None:
        return known.row_count(path)
    with open_data_file(path) as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK_BYTES), b""))
