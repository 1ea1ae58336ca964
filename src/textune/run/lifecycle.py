"""How a run folder is created, resumed and completed.

A run is complete when its block succeeds. A new folder that fails is removed unless the training can be
resumed from a checkpoint in it. Does not know what is trained.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from textune.errors import RunError, StoppedError, StorageError, TextuneError
from textune.files import (
    list_files,
    rename_folder,
    storage_errors,
    sync_file,
    sync_folder,
    write_bytes,
    write_json,
)
from textune.recipe.settings import Recipe
from textune.run.layout import RUN_FORMAT, Run
from textune.run.origin import Origin


def choose_folder(out: str | Path | None, recipe_name: str, recipe: Recipe) -> Path:
    """Return the output folder: `out`, or a new one in `runs/` named after recipe, model and data."""
    if out is None:
        words = [Path(name.rstrip("/")).name for name in (recipe_name, recipe.model.name, recipe.data.source)]
        name = "-".join(re.sub(r"[^\w.]+", "-", word).strip("-.")[:40] for word in words)
        # The process id distinguishes runs that begin within the same second.
        return Path("runs") / f"{name}-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}"
    if not str(out):
        raise RunError("The output folder's name is empty.", "Name a folder, for instance --out runs/mine.")
    return Path(out).expanduser()


def check_free(path: Path) -> None:
    """Raise a `RunError` if no run can be created at the path, because something else is there."""
    if not path.exists() and not path.is_symlink():
        file = next((folder for folder in path.absolute().parents if folder.exists()), path)
        if not file.is_dir():
            raise RunError(
                f"The output folder {path} cannot be created: {file} is a file.", "Choose another one."
            )
        return
    if path.is_dir() and not any(path.iterdir()):
        return
    incomplete = path.is_dir() and (path / "recipe.toml").exists() and not (path / "manifest.json").exists()
    place = shlex.quote(str(path))
    if holds_search(path):
        raise RunError(
            f"The output folder {path} cannot be used: it holds a search that was stopped.",
            f"Resume it: textune tune --resume {place}\n"
            f"Or choose another one with --out, or remove this one first: rm -r {place}",
        )
    if incomplete:
        raise RunError(
            f"The output folder {path} cannot be used: it holds an incomplete run, which was stopped.",
            f"Resume it: {Run(path).resume_command}\n"
            "Or choose another one with --out, or remove this one first, if no training is running in it: "
            f"rm -r {place}",
        )
    raise RunError(
        f"The output folder {path} already exists.",
        f"Choose another one with --out, or remove this one first: rm -r {place}",
    )


@contextmanager
def run_folder(path: Path, *, recipe: str, origin: Origin, resume: bool) -> Iterator[Run]:
    """Yield a new run folder, or an incomplete one to be resumed, for the block to complete.

    If the block fails, the error says how to resume the run. `recipe` is the text of recipe.toml.
    """
    folder = resumed_run(path) if resume else new_run(path, recipe=recipe, origin=origin)
    with resumable(Run(path)), folder as run:
        yield run


@contextmanager
def new_run(path: Path, *, recipe: str, origin: Origin) -> Iterator[Run]:
    """Yield a new run folder, for the block to complete with `complete_run`; remove it when the block fails.

    It is kept if it is complete, or has a checkpoint that the training can be resumed from.
    """
    searched = holds_search(path)
    if not searched:
        check_free(path)
    missing = [folder for folder in (path, *path.absolute().parents) if not folder.exists()]
    run = Run(path)
    try:
        with storage_errors(path):
            _begin(run, recipe, origin)
            yield run
    except BaseException:
        if any(run.checkpoints.rglob("step-*")) or run.manifest.exists():
            raise
        if searched:
            _keep_alone(run, run.of_search)
        else:
            # rmtree refuses links, so the path is resolved: a link stays, and its target is removed.
            shutil.rmtree(path.resolve(), ignore_errors=True)
            for folder in missing[1:]:
                # Parents that were created for this run are removed, too, unless something else is in them.
                with suppress(OSError):
                    folder.rmdir()
        raise


@contextmanager
def resumed_run(path: Path) -> Iterator[Run]:
    """Yield an incomplete run folder, cleared of half-saved results, for the block to complete.

    If the block fails, everything that the training can be resumed from stays.
    """
    run = Run(path)
    with storage_errors(path):
        _keep_alone(run, {run.recipe, run.origin, run.checkpoints, run.logs, *run.of_search})
        yield run


def _keep_alone(run: Run, kept: Collection[Path]) -> None:
    """Delete everything in a run folder but some files and folders."""
    for entry in run.path.iterdir():
        if entry not in kept:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def holds_search(path: Path) -> bool:
    """Return whether a folder holds a search whose run has not begun."""
    run = Run(path)
    return run.trials.exists() and not run.recipe.exists()


@contextmanager
def resumable(run: Run) -> Iterator[None]:
    """Say how to resume a run that is stopped or fails in the block, if its folder is still there."""
    command = run.resume_command
    try:
        yield
    except StoppedError as stopped:
        raise StoppedError(f"{stopped.message} Nothing is lost.", f"Resume it with: {command}") from None
    except KeyboardInterrupt:
        if not run.origin.exists():
            raise
        raise StoppedError("Stopped at once.", f"Resume from the last checkpoint with: {command}") from None
    except StorageError as error:
        if run.origin.exists():
            error.hint += f"\nThen resume with: {command}"
        raise
    except TextuneError as error:
        checkpoints = sorted(path.name for path in run.checkpoints.rglob("step-*"))
        if checkpoints and type(error).__name__ == "DivergenceError":
            error.message += f"\nThe last good checkpoint, {checkpoints[-1]}, is kept in {run.checkpoints}."
            error.hint += " Name another run folder for it with --out."
        raise


def check_resumable(path: Path) -> Run:
    """Return an incomplete run; raise a `RunError` if there is none, or its recipe or origin is missing."""
    run = Run(path)
    if not path.is_dir():
        raise RunError(f"There is no run folder at {path}.", "A run is made by `textune train --out DIR`.")
    if not (run.recipe.is_file() and run.origin.is_file()):
        raise RunError(
            f"{path} is not a run that can be resumed: it has no recipe.toml or no origin.json.",
            "Start over with `textune train`, in another folder.",
        )
    return run


def drop_checkpoints(run: Run) -> None:
    """Delete the checkpoints of a complete run."""
    shutil.rmtree(run.checkpoints, ignore_errors=True)


def _begin(run: Run, recipe: str, origin: Origin) -> None:
    """Create the folder with its recipe and origin in it, both or neither."""
    facts = json.dumps({"format": RUN_FORMAT, **origin.to_json()}, indent=2)
    written = {run.recipe.name: recipe, run.origin.name: facts}
    if run.path.exists():
        for name, text in written.items():
            write_bytes(run.path / name, text.encode())
        sync_folder(run.path)
        return
    run.path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix=f".{run.path.name}.", suffix=".partial", dir=run.path.parent, ignore_cleanup_errors=True
    ) as name:
        temporary = Path(name) / run.path.name
        temporary.mkdir()
        for file, text in written.items():
            write_bytes(temporary / file, text.encode())
        rename_folder(temporary, run.path)


def complete_run(run: Run, facts: Mapping[str, Any]) -> None:
    """Write the manifest, which says `facts` besides the list of files, and delete the checkpoints."""
    unlisted = {run.checkpoints, run.card}
    files = sorted(
        file for file in run.path.rglob("*") if file.is_file() and not unlisted & {file, *file.parents}
    )
    for file in files:
        sync_file(file)
    listed = list_files(run.path, files)
    for folder in {file.parent for file in files}:
        sync_folder(folder)
    write_json(run.manifest, {"format": RUN_FORMAT, **facts, "files": listed})
    sync_folder(run.path)  # The manifest is on the disk before the checkpoints are deleted.
    drop_checkpoints(run)
