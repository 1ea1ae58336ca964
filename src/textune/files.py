"""Files that are written completely or not at all, whatever they hold, and hashes of files."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shlex
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from textune.errors import RequestError, StorageError

BINARY = getattr(os, "O_BINARY", 0)
"""What `os.open` must be told on Windows, which otherwise changes the ends of lines."""
HOLDS_OPEN_FILES = os.name == "nt"
"""Whether the system refuses to rename, delete or shorten a file that is open or mapped, as Windows does."""
_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's errors in writing `path` into a `StorageError`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            free = free_bytes(path) // 1_000_000
            raise StorageError(
                f"The disk is full: {path} could not be written ({free} MB are free there).",
                "Free some space (`textune cache clear` empties textune's cache), or choose another place.",
            ) from error
        if error.errno is None:
            raise
        raise StorageError(
            f"{path} cannot be written: {os.strerror(error.errno)}.", "Choose a place that you may write to."
        ) from error


@contextmanager
def foreign_storage_errors() -> Iterator[None]:
    """Turn compiled libraries' errors about a full disk into an `OSError`.

    safetensors and tokenizers raise their own exceptions, with the system's error number in the text.
    """
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        for number in _FULL:
            if f"os error {number})" in str(error):
                raise OSError(number, os.strerror(number)) from error
        raise


@contextmanager
def reading_errors(kind: type[RequestError], folder: Path) -> Iterator[None]:
    """Turn a refused permission to read a file in `folder` into an error of this kind."""
    try:
        yield
    except PermissionError as error:
        raise kind(
            f"{error.filename or folder} cannot be read: its permissions do not allow it.",
            f"Allow it, as the user that owns it: chmod -R a+rX {shlex.quote(str(folder))}",
        ) from error


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; move it there when the block ends well, else delete it.

    The file is synced before it is renamed, so that a reader sees the old file or the new one, whole. Its
    mode is that of the umask, whatever the block put in its place. Raise a `StorageError` if it cannot be
    written.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
        # Not by mkstemp, whose files only their owner may read.
        temporary.touch(exist_ok=False)
        mode = stat.S_IMODE(temporary.stat().st_mode)
        try:
            yield temporary
            temporary.chmod(mode)
            _give_name(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def publish(finished: Path, path: Path) -> None:
    """Give a finished file its name on the same disk, replacing a file there, and sync it and its folder."""
    with storage_errors(path):
        _give_name(finished, path)
        sync_folder(path.parent)


def _give_name(finished: Path, path: Path) -> None:
    with finished.open("rb+") as file:
        os.fsync(file.fileno())
    finished.replace(path)


def notes_on_replacing(path: Path, *, sources: Iterable[str] = ()) -> list[str]:
    """Return a sentence that says so if a file is there, which is replaced once the new one is whole.

    Raise a `RequestError` if it is a source of what is to be written, or a file in one.
    """
    if not path.is_file():
        return []
    for source in map(os.path.expanduser, filter(None, sources)):
        if os.path.exists(source) and any(map(Path(source).samefile, (path, path.parent))):  # noqa: PTH110
            raise RequestError(f"{path} is the input itself, or a file in it.", "Give another file.")
    return [f"{path} exists; it is replaced when the new file is complete."]


def picture_path(picture: str | Path | None) -> Path | None:
    """Return the file for a picture, if one is asked for; a `RequestError` says that it is no .svg."""
    if picture is None:
        return None
    path = Path(picture).expanduser()
    if path.is_dir() or path.suffix.lower() != ".svg":
        raise RequestError(f"The picture cannot be written to '{path}'.", "Name a file that ends in .svg.")
    return path


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON with a final newline, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def list_files(folder: Path, files: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """Return the size and SHA-256 of files in a folder, by their names in it: what a manifest lists."""
    return {
        file.relative_to(folder).as_posix(): _entry(file.stat().st_size, sha256_of(file)) for file in files
    }


def list_contents(contents: bytes) -> dict[str, Any]:
    """Return what `list_files` says of a file with these contents, once a disk holds them as they are."""
    return _entry(len(contents), hashlib.sha256(contents).hexdigest())


def _entry(size: int, sha256: str) -> dict[str, Any]:
    return {"bytes": size, "sha256": sha256}


def find_damage(folder: Path, listed: Mapping[str, Any]) -> str:
    """Return the first difference of a folder's files from those that `list_files` listed, if any."""
    for name, expected in listed.items():
        file = folder / name
        if not file.exists():
            return f"{name} is missing"
        if file.stat().st_size != expected["bytes"]:
            return f"{name} has {file.stat().st_size} bytes instead of {expected['bytes']}"
        if sha256_of(file) != expected["sha256"]:
            return f"{name} has changed since it was written"
    return ""


def sha256_of_text(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def write_bytes(path: Path, contents: bytes) -> None:
    """Write a file that is not there yet, and wait until it is on the disk."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o666)
    try:
        rest = memoryview(contents)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Wait until a file is on the disk."""
    # Windows syncs no file that is open for reading alone, and others may not let everybody write.
    with path.open("rb+" if HOLDS_OPEN_FILES else "rb") as handle:
        os.fsync(handle.fileno())


def rename_folder(folder: Path, target: Path) -> None:
    """Give a folder its final name, and wait until both it and its name are on the disk."""
    sync_folder(folder)
    os.rename(folder, target)  # noqa: PTH104
    sync_folder(target.parent)


@contextmanager
def replaced_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder that takes a place if the block succeeds; a folder there is then deleted."""
    missing = [folder for folder in path.absolute().parents if not folder.exists()]
    try:
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(
                prefix=f".{path.name}.", suffix=".partial", dir=path.parent, ignore_cleanup_errors=True
            ) as name:
                folder = Path(name) / path.name
                folder.mkdir()
                yield folder
                _put_in_place(folder, path)
    except BaseException:
        for parent in missing:
            with suppress(OSError):
                parent.rmdir()
        raise


def _put_in_place(folder: Path, path: Path) -> None:
    """Rename a complete folder to its place; one that is there is deleted with the temporary folder."""
    replaced = folder.parent / "replaced"
    if path.exists():
        path.rename(replaced)
    try:
        rename_folder(folder, path)
    except BaseException:
        if replaced.exists() and not path.exists():
            replaced.rename(path)
        raise


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can do that."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def is_full(error: BaseException) -> bool:
    """Return whether a full disk is behind an error."""
    cause = error.__cause__ if isinstance(error, StorageError) else error
    return isinstance(cause, OSError) and cause.errno in _FULL


def free_bytes(path: Path) -> int:
    """Return the bytes that are free where a path is, or would be."""
    existing = next(parent for parent in [path, *path.absolute().parents] if parent.exists())
    return shutil.disk_usage(existing).free
