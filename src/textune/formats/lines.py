"""Text files line by line, decoded.

In: a file, or a stream of bytes. Out: its lines in order, or a `DataError` that names the line, its fault and
how to convert the file. Lines end at line feeds only: posts hold other characters that Python's `splitlines`
takes for line ends. Does not know what the lines mean.
"""

from __future__ import annotations

import codecs
import difflib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import BinaryIO

from textune.errors import DataError
from textune.formats.compression import open_unpacked

MAX_LINE_BYTES = 32 * 1024 * 1024
MAX_CELL_CHARACTERS = 1_000_000

# The first bytes of files that are not UTF-8. UTF-32 comes first, as its mark begins with UTF-16's.
_ENCODINGS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_CONTAINERS = {
    b"PK\x03\x04": "a ZIP archive with several files (Excel workbooks are such archives)",
    b"PAR1": "a Parquet file",
}


@contextmanager
def open_data_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading its bytes, unpacked; raise a `DataError` if it cannot be opened."""
    if path.is_dir():
        raise DataError(f"{path} is a folder, not a file.", "Give the path of a file in it.")
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_unpacked(path))
        except FileNotFoundError as error:
            raise missing_file(path) from error
        except OSError as error:
            raise DataError(
                f"{path} cannot be read: {error.strerror}.", "Check the file's permissions."
            ) from error
        yield file


def missing_file(path: Path) -> DataError:
    """Return the error for a file or folder that does not exist, with the nearest name that does."""
    if os.path.exists(path):  # noqa: PTH110 - Path.exists raises on names that are too long.
        return DataError(
            f"{path} is neither a file nor a folder.",
            "Write its contents to a file, and give the path of that file.",
        )
    try:
        # A broken link is listed, but is not a file.
        names = [neighbour.name for neighbour in path.parent.iterdir() if neighbour.name != path.name]
    except (OSError, ValueError):
        return DataError(
            f"There is no file or folder {path}.", "Check the path: its folder does not exist either."
        )
    nearest = difflib.get_close_matches(path.name, names, n=1, cutoff=0.5)
    hint = f"Did you mean {path.parent / nearest[0]}?" if nearest else "Check the path."
    return DataError(f"There is no file or folder {path}.", hint)


def empty_file(path: Path) -> DataError:
    """Return the error for an empty file."""
    return DataError(f"{path} is empty.", "Check that it was written completely.")


def read_lines(path: Path, *, may_be_empty: bool = False) -> Iterator[str]:
    r"""Yield a text file's lines without their ends (`\n` or `\r\n`).

    Raise a `DataError` if the file is not readable UTF-8 text, or is empty but must not be.
    """
    with open_data_file(path) as file:
        number = 0
        for number, line in enumerate(decode_lines(file, str(path)), start=1):  # noqa: B007
            yield without_end(line)
        if not number and not may_be_empty:
            raise empty_file(path)


def without_end(line: str) -> str:
    r"""Return a line without its `\n` or `\r\n`.

    Example:
        >>> without_end("so happy \r\n")
        'so happy '
    """
    return line.removesuffix("\n").removesuffix("\r")


def decode_lines(file: BinaryIO, origin: str) -> Iterator[str]:
    """Yield a stream's lines lazily, with their ends but without a byte order mark.

    Raise a `DataError` that calls the stream `origin` if it is not UTF-8 or a line is too long.
    """
    for number in count(1):
        raw = file.readline(MAX_LINE_BYTES + 1)
        if not raw:
            return
        if number == 1:
            _check_beginning(raw, origin)
            raw = raw.removeprefix(codecs.BOM_UTF8)
        if len(raw) > MAX_LINE_BYTES:
            raise DataError(
                f"{origin}, line {number} is longer than {MAX_LINE_BYTES:,} bytes.",
                "Check that the file is a table of texts whose lines end in line feeds.",
            )
        if line := _decode(raw, f"{origin}, line {number}"):
            yield line


def _check_beginning(raw: bytes, origin: str) -> None:
    for mark, name in _ENCODINGS.items():
        if raw.startswith(mark):
            raise DataError(
                f"{origin} is encoded in {name} (it begins with the bytes {mark.hex(' ').upper()}), "
                "not in UTF-8.",
                f"Save it as UTF-8, or convert it: iconv -f {name} -t UTF-8 OLD > NEW",
            )
    for mark, name in _CONTAINERS.items():
        if raw.startswith(mark):
            raise DataError(f"{origin} is not a text file: it is {name}.", "Unpack it, or export it as CSV.")


def _decode(raw: bytes, place: str) -> str:
    try:
        line = raw.decode()
    except UnicodeDecodeError as error:
        byte = raw[error.start : error.start + 1]
        try:
            guess = f" (in Windows-1252 it is '{byte.decode('cp1252')}')"
        except UnicodeDecodeError:
            guess = ""
        raise DataError(
            f"{place}: byte 0x{byte.hex().upper()} at position {error.start + 1} is not UTF-8{guess}.",
            "Save the file as UTF-8, or convert it, for instance: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW",
        ) from error
    if "\0" in line:
        raise DataError(
            f"{place}: there is a NUL byte at position {raw.index(0) + 1}, which text cannot hold.",
            "If the file is UTF-16, convert it: iconv -f UTF-16LE -t UTF-8 OLD > NEW. "
            r"Otherwise delete the NUL bytes: tr -d '\0' < OLD > NEW",
        )
    return line
