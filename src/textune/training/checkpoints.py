"""Checkpoints: everything that a training resumes from, on disk, whole or not at all.

In: tensors and JSON values. Out: a folder `step-00000120` with a manifest of sizes and SHA-256, and the
newest such folder that is intact. A checkpoint is written under another name, synced, renamed, and read again
before older ones are deleted. The last two are kept, so there are at most three.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from textune.errors import StorageError
from textune.files import (
    find_damage,
    free_bytes,
    is_full,
    list_contents,
    rename_folder,
    storage_errors,
    write_bytes,
)

_FORMAT = 1
_KEPT = 2
"""Checkpoints that stay: the newest, and the one before it in case the newest is damaged later."""
MOST_AT_ONCE = _KEPT + 1
"""The maximum number of checkpoints, including one that is being written."""
_MANIFEST = "manifest.json"
_STATE = "state.json"
OTHER_VERSION = "another version of textune wrote it"
"""Why a checkpoint is skipped whose format this version does not know; a damaged one may look the same."""

Tensors = dict[str, dict[str, torch.Tensor]]
"""Tensors by part and by name."""


@dataclass(frozen=True)
class Checkpoint:
    """An intact checkpoint: its folder, its tensors by part and by name, and its JSON values."""

    path: Path
    tensors: Tensors
    facts: dict[str, Any]


def save_checkpoint(folder: Path, step: int, tensors: Tensors, facts: Mapping[str, Any]) -> Path:
    """Write a checkpoint of tensors on the CPU and JSON values; return its folder, and keep the one before.

    If that fails, a `StorageError` is raised, and the earlier checkpoints stay.
    """
    path = folder / f"step-{step:08d}"
    if _fault_of(path) == "":
        return path  # The training was stopped again before it took a step.
    temporary = folder / f".{path.name}.partial"
    needed = sum(tensor.nbytes for part in tensors.values() for tensor in part.values())
    try:
        with storage_errors(folder):
            _make_room(folder)
            temporary.mkdir(parents=True)
            _write(temporary, tensors, facts)
            shutil.rmtree(path, ignore_errors=True)  # It exists only if it is damaged.
            rename_folder(temporary, path)
            if fault := _fault_of(path):
                raise StorageError(
                    f"The checkpoint {path} differs from what was written: {fault}.", "Check the disk."
                )
    except (StorageError, MemoryError) as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if is_full(error):
            last, _ = find_checkpoint(folder)
            last_good = (
                f"The checkpoint {last.path.name} is still good." if last else "There is no checkpoint yet."
            )
            raise StorageError(
                f"The disk is full: a checkpoint takes {needed / 1e6:,.1f} MB, and "
                f"{free_bytes(folder) / 1e6:,.1f} MB are free at {folder}. {last_good}",
                "Free some space (`textune cache clear` empties textune's cache).",
            ) from error
        raise
    _prune(folder, newest=path)
    return path


def find_checkpoint(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    """Return the newest intact checkpoint, and why each newer one was skipped."""
    skipped = []
    for path in sorted(_all(folder), key=_step_of, reverse=True):
        fault = _fault_of(path)
        if fault:
            skipped.append(f"{path.name} was skipped: {fault}")
        else:
            return _read(path), skipped
    return None, skipped


def _write(folder: Path, tensors: Tensors, facts: Mapping[str, Any]) -> None:
    from safetensors.torch import save

    files = {}
    for part, named in tensors.items():
        files[f"{part}.safetensors"] = _write_file(folder / f"{part}.safetensors", save(named))
    files[_STATE] = _write_file(folder / _STATE, json.dumps(facts).encode())
    manifest = {"format": _FORMAT, "files": files}
    _write_file(folder / _MANIFEST, json.dumps(manifest, indent=1).encode())


def _write_file(path: Path, contents: bytes) -> dict[str, Any]:
    write_bytes(path, contents)
    # Hashed in memory, so that the check afterwards notices what the disk has changed.
    return list_contents(contents)


def _read(path: Path) -> Checkpoint:
    from safetensors.torch import load_file

    tensors = {file.stem: load_file(file) for file in sorted(path.glob("*.safetensors"))}
    return Checkpoint(path, tensors, json.loads((path / _STATE).read_text(encoding="utf-8")))


def _fault_of(path: Path) -> str:
    if path.name.endswith(".partial"):
        return "it was not finished"
    try:
        manifest = json.loads((path / _MANIFEST).read_bytes())
        files = dict(manifest["files"])
        if isinstance(manifest["format"], int) and manifest["format"] != _FORMAT:
            return f"{OTHER_VERSION}, in format {manifest['format']}"
        if manifest["format"] != _FORMAT or _STATE not in files or "weights.safetensors" not in files:
            return f"{_MANIFEST} is damaged"
        if damage := find_damage(path, files):
            return damage
        unlisted = {file.name for file in path.iterdir()} - set(files) - {_MANIFEST}
    except FileNotFoundError as error:
        return f"{Path(error.filename).name} is missing"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return f"{_MANIFEST} cannot be read"
    return f"{min(unlisted)} is not in {_MANIFEST}" if unlisted else ""


def _all(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*step-*") if path.is_dir()]


def _step_of(path: Path) -> tuple[int, bool]:
    digits = "".join(character for character in path.name if character.isdigit())
    return int(digits or 0), not path.name.startswith(".")


def _unfinished(folder: Path) -> list[Path]:
    return [path for path in _all(folder) if path.name.startswith(".")]


def _make_room(folder: Path) -> None:
    _delete(_unfinished(folder))
    existing = sorted(_all(folder), key=_step_of, reverse=True)
    if len(existing) > _KEPT:
        good = [path for path in existing if not _fault_of(path)][:_KEPT]
        _delete(path for path in existing if path not in good)


def _prune(folder: Path, *, newest: Path) -> None:
    """Delete what is older than the checkpoint before the newest.

    A checkpoint with a higher number than the newest is damaged: the training was resumed from before it.
    """
    others = [path for path in _all(folder) if path not in (newest, *_unfinished(folder))]
    older = sorted((path for path in others if _step_of(path) < _step_of(newest)), key=_step_of, reverse=True)
    _delete([*older[_KEPT - 1 :], *(path for path in others if path not in older)])


def _delete(paths: Iterable[Path]) -> None:
    for path in paths:
        # A leftover that cannot be deleted does no harm.
        with suppress(OSError):
            # The manifest goes first: half a checkpoint must not look whole.
            (path / _MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(path)
