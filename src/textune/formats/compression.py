"""Compressed files and archives, read as if they were unpacked.

In: a path. Out: the bytes of a file in it, or a `DataError`. The first bytes decide, not the name. A file in
a ZIP archive has a path of its own, `posts.zip/train.csv`. Does not know what the bytes mean.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from textune.errors import DataError
from textune.wording import first_line

SUFFIXES = (".gz", ".bz2", ".xz", ".zst")
"""Suffixes of compressed files, which follow the suffix of a format."""

_ZIP = b"PK\x03\x04"
_TAR_MARK = slice(257, 262)
_NOT_DATA = ("__MACOSX", ".")
_WORKBOOKS = {"xl/workbook.xml": "an Excel workbook", "content.xml": "an OpenDocument file"}


def _zstd(file: BinaryIO) -> Any:
    import pyarrow

    return pyarrow.CompressedInputStream(pyarrow.PythonFile(file, mode="r"), "zstd")


_UNPACK: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": _zstd,
}
_BZIP2_BLOCKS = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
_FAULTS = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError)


def without_compression(path: Path) -> Path:
    """Return a path without the suffix of a compression.

    Example:
        >>> without_compression(Path("posts.csv.gz")).name
        'posts.csv'
    """
    return path.with_suffix("") if path.suffix.lower() in SUFFIXES else path


def file_on_disk(path: Path) -> Path:
    """Return the file that holds a path: the path itself, or its archive."""
    return next((parent for parent in path.parents if parent.is_file()), path)


def is_archive(path: Path) -> bool:
    """Return whether a file is a ZIP archive."""
    try:
        with path.open("rb") as file:
            return file.read(4) == _ZIP
    except OSError:
        return False


def archive_members(path: Path) -> list[Path]:
    """Return the paths of the files in a ZIP archive, in order; raise a `DataError` if it cannot be read."""
    with _faults(path), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    kind = next((kind for name, kind in _WORKBOOKS.items() if name in names), None)
    if kind:
        raise DataError(f"{path} is not a text file: it is {kind}.", "Export its table as CSV.")
    return sorted(path / name for name in names if not name.endswith("/") and not _is_hidden(name))


@contextmanager
def open_unpacked(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading its bytes, unpacked; raise an `OSError` if it cannot be opened."""
    archive = file_on_disk(path)
    with ExitStack() as stack:
        if archive == path:
            yield _unpacked(stack.enter_context(path.open("rb")), path, stack)
            return
        with _faults(archive):
            opened = stack.enter_context(zipfile.ZipFile(archive))
        name = path.relative_to(archive).as_posix()
        if name not in opened.namelist():
            raise DataError(f"{archive} has no file '{name}'.", "Check the name.")
        with _faults(path):
            member = stack.enter_context(opened.open(name))
        yield _unpacked(io.BufferedReader(_Stream(member, path)), path, stack)


def _unpacked(file: io.BufferedReader, path: Path, stack: ExitStack) -> BinaryIO:
    start = file.peek(10)[:10]
    unpack = next((unpack for mark, unpack in _UNPACK.items() if start.startswith(mark)), None)
    if unpack is None or (start.startswith(b"BZh") and not start.endswith(_BZIP2_BLOCKS)):
        return file
    stream = io.BufferedReader(_Stream(stack.enter_context(unpack(file)), path))
    if stream.peek(512)[_TAR_MARK] == b"ustar":
        raise DataError(f"{path} is a tar archive.", f"Unpack it: tar -xf {path.name}")
    return stream


class _Stream(io.RawIOBase):
    """A stream whose damage is a `DataError`."""

    def __init__(self, stream: Any, path: Path) -> None:
        self._stream, self._path = stream, path

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._stream.seekable())

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        with _faults(self._path):
            return int(self._stream.seek(offset, whence))

    def tell(self) -> int:
        return int(self._stream.tell())

    def readinto(self, buffer: Any, /) -> int:
        with _faults(self._path):
            content = self._stream.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    try:
        yield
    except _FAULTS as error:
        raise DataError(
            f"{path} cannot be unpacked ({first_line(error)}).",
            "It may be damaged, incomplete, or protected by a password: unpack it yourself, or make it "
            "again.",
        ) from error


def _is_hidden(name: str) -> bool:
    return any(part.startswith(_NOT_DATA) for part in name.split("/"))
