"""The run folder: one training's settings, model, figures and predictions.

In: a path. Out: the paths of what lies in the folder, once it is known to be whole. The manifest is
written last, with every file's size and SHA-256: a folder without one is incomplete, and one whose files
differ from it is damaged. Does not know what the files hold.

    RUN/model/             the classifier; loads in plain transformers where its head is stock
    RUN/recipe.toml        all settings, resolved
    RUN/metrics.json       the figures
    RUN/history.jsonl      one line an epoch
    RUN/predictions/       probabilities of every split, as Parquet
    RUN/manifest.json      what lies in the folder, and what it was made from
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.errors import RunError
from textune.files import sha256_of, storage_errors, write_json

_FORMAT = 1


@dataclass(frozen=True)
class Run:
    """A run folder, and the places in it."""

    path: Path

    @property
    def model(self) -> Path:
        """The folder of the classifier."""
        return self.path / "model"

    @property
    def recipe(self) -> Path:
        """The resolved recipe."""
        return self.path / "recipe.toml"

    @property
    def metrics(self) -> Path:
        """The figures."""
        return self.path / "metrics.json"

    @property
    def history(self) -> Path:
        """The learning curve, one JSON object an epoch."""
        return self.path / "history.jsonl"

    @property
    def predictions(self) -> Path:
        """The folder of the splits' probabilities."""
        return self.path / "predictions"

    @property
    def manifest(self) -> Path:
        """The list of all files, written last."""
        return self.path / "manifest.json"


def check_free(path: Path) -> None:
    """Raise a `RunError` if no run can be made at the path: there is something there, or in the way."""
    if not path.exists() and not path.is_symlink():
        file = next((folder for folder in path.absolute().parents if folder.exists()), path)
        if not file.is_dir():
            raise RunError(
                f"The output folder {path} cannot be made: {file} is a file.", "Choose another one."
            )
        return
    if path.is_dir() and not any(path.iterdir()):
        return
    incomplete = path.is_dir() and (path / "recipe.toml").exists() and not (path / "manifest.json").exists()
    state = "an incomplete run, whose training was stopped" if incomplete else "something there already"
    raise RunError(
        f"The output folder {path} cannot be used: there is {state}.",
        f"Choose another one with --out, or remove this one first, if no training is at work in it: "
        f"rm -r {shlex.quote(str(path))}",
    )


@contextmanager
def new_run(path: Path, *, facts: Mapping[str, Any]) -> Iterator[Run]:
    """Yield a new run folder; complete it when the block ends well, remove it when the block fails.

    Args:
        path: The folder; it is created, and may exist only if it is empty.
        facts: What the manifest says beside the list of files; read when the block has ended.

    Raises:
        RunError: There is something at the path already.
        StorageError: The folder cannot be written.
    """
    check_free(path)
    missing = [folder for folder in (path, *path.absolute().parents) if not folder.exists()]
    run = Run(path)
    with storage_errors(path):
        try:
            run.path.mkdir(parents=True, exist_ok=True)
            run.predictions.mkdir()
            yield run
            _write_manifest(run, facts)
        except BaseException:
            # Resolved, as rmtree takes no links: a link stays, and nothing that it leads to.
            shutil.rmtree(path.resolve(), ignore_errors=True)
            for folder in missing[1:]:
                # Parents that were made for this run go too, as long as nothing else is in them.
                _remove_if_empty(folder)
            raise


def open_run(path: Path) -> Run:
    """Return a run folder after checking that it is complete and undamaged.

    Raises:
        RunError: It is missing, incomplete, or a file differs from the manifest.
    """
    run = Run(path)
    if not path.is_dir():
        raise RunError(f"There is no run folder at {path}.", "A run is made by `textune train --out DIR`.")
    if not run.manifest.exists():
        raise RunError(
            f"{path} is not a complete run: it has no manifest.json, which training writes last.",
            "Give a folder that `textune train` finished, or train again.",
        )
    for name, expected in read_manifest(run)["files"].items():
        file = path / name
        if not file.exists():
            raise _damaged(run, f"{name} is missing")
        if file.stat().st_size != expected["bytes"]:
            raise _damaged(run, f"{name} has {file.stat().st_size} bytes instead of {expected['bytes']}")
        if sha256_of(file) != expected["sha256"]:
            raise _damaged(run, f"{name} has other contents than when it was written")
    return run


def read_manifest(run: Run) -> dict[str, Any]:
    """Return a run's manifest.

    Raises:
        RunError: It cannot be read.
    """
    try:
        manifest = json.loads(run.manifest.read_text(encoding="utf-8"))
        readable = isinstance(manifest["files"], dict) and manifest["format"] == _FORMAT
    except (OSError, ValueError, KeyError, TypeError):
        readable = False
    if not readable:
        raise _damaged(run, "manifest.json cannot be read")
    return dict(manifest)


def _write_manifest(run: Run, facts: Mapping[str, Any]) -> None:
    files = sorted(file for file in run.path.rglob("*") if file.is_file())
    for file in files:
        with file.open("rb") as handle:
            os.fsync(handle.fileno())
    listed = {
        file.relative_to(run.path).as_posix(): {"bytes": file.stat().st_size, "sha256": sha256_of(file)}
        for file in files
    }
    write_json(run.manifest, {"format": _FORMAT, **facts, "files": listed})


def _damaged(run: Run, finding: str) -> RunError:
    return RunError(
        f"The run {run.path} is damaged: {finding}.", "Copy it again from where it came, or train again."
    )


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return
