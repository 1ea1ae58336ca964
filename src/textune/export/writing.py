"""New export folders, whatever they hold, written completely or not at all, with a manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textune.errors import ExportError
from textune.files import list_files, replaced_folder, sync_file, write_json
from textune.runtimes.exports import DESCRIPTION, EXPORT_FORMAT, MANIFEST


def check_place(path: Path) -> None:
    """Raise an `ExportError` unless an export can be made at the path: nothing is there, or an export."""
    blocking = next((folder for folder in path.absolute().parents if folder.exists()), None)
    if blocking is not None and not blocking.is_dir():
        raise ExportError(
            f"The export folder {path} cannot be created: {blocking} is a file.", "Choose another folder."
        )
    is_free = not path.exists() and not path.is_symlink()
    if not is_free and (path.is_symlink() or not path.is_dir() or not _holds_nothing_else(path)):
        raise ExportError(
            f"The export folder {path} cannot be used: it holds something that is not an export.",
            "Choose another folder with --out, or delete this one first.",
        )


@contextmanager
def new_export(path: Path) -> Iterator[Path]:
    """Yield a folder to write an export into; it moves to its place if the block succeeds.

    An existing export is replaced. The block ends with `write_manifest`.
    """
    check_place(path)
    with replaced_folder(path) as folder:
        yield folder


def write_manifest(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write the manifest of a new export, which says `facts` besides the list of files."""
    files = sorted(file for file in folder.iterdir() if file.is_file())
    for file in files:
        sync_file(file)
    listed = list_files(folder, files)
    write_json(folder / MANIFEST, {"format": EXPORT_FORMAT, **facts, "files": listed})


def _holds_nothing_else(path: Path) -> bool:
    names = {entry.name for entry in path.iterdir()}
    if not names:
        return True
    try:
        listed = set(json.loads((path / MANIFEST).read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
    return DESCRIPTION in listed and names <= {*listed, MANIFEST}
