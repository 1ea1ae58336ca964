"""The run folder: one training's settings, model, figures and predictions.

In: a path. Out: the paths of what lies in the folder, once it is known to be whole. A run begins with its
recipe and what it is made from, and ends with a manifest of every file's size and SHA-256: a folder without
one is incomplete and can be resumed, and one whose files differ from it is damaged. Does not know what the
files hold.

    RUN/recipe.toml        all settings, resolved
    RUN/origin.json        what the run is made from: data, model, machine
    RUN/checkpoints/       what a training that was stopped goes on from; gone when it is complete
    RUN/model/             the classifier; loads in plain transformers where its head is stock
    RUN/metrics.json       the figures
    RUN/history.jsonl      one line an epoch
    RUN/predictions/       probabilities of every split, as Parquet
    RUN/report.html        the results, to be looked at
    RUN/README.md          the model card
    RUN/exports/           the classifier for other runtimes, made afterwards; not in the manifest
    RUN/manifest.json      what lies in the folder, and what it was made from
"""

from __future__ import annotations

import json
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.errors import RunError
from textune.files import (
    find_damage,
    list_files,
    reading_errors,
    rename_folder,
    storage_errors,
    sync_file,
    sync_folder,
    write_bytes,
    write_json,
)

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
    def origin(self) -> Path:
        """What the run is made from."""
        return self.path / "origin.json"

    @property
    def checkpoints(self) -> Path:
        """What a training that was stopped goes on from."""
        return self.path / "checkpoints"

    @property
    def logs(self) -> Path:
        """What trackers write."""
        return self.path / "logs"

    @property
    def has_checkpoint(self) -> bool:
        """Whether there is a checkpoint, good or not."""
        return any(self.checkpoints.rglob("step-*"))

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
    def card(self) -> Path:
        """The model card, which is its owner's to change: the manifest does not list it."""
        return self.path / "README.md"

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
    place = shlex.quote(str(path))
    if incomplete:
        raise RunError(
            f"The output folder {path} cannot be used: there is an incomplete run, "
            "whose training was stopped.",
            f"Go on with it: textune train --resume {place}\n"
            "Or choose another one with --out, or remove this one first, if no training is at work in it: "
            f"rm -r {place}",
        )
    raise RunError(
        f"The output folder {path} cannot be used: there is something there already.",
        f"Choose another one with --out, or remove this one first: rm -r {place}",
    )


@contextmanager
def new_run(path: Path, *, recipe: str, origin: Mapping[str, Any], facts: Mapping[str, Any]) -> Iterator[Run]:
    """Yield a new run folder; complete it when the block ends well, and remove it when the block fails.

    It is not removed where it is complete, or has a checkpoint that the training can go on from.

    Args:
        path: The folder; it is created, and may exist only if it is empty.
        recipe: What `recipe.toml` holds.
        origin: What `origin.json` holds.
        facts: What the manifest says beside the list of files; read when the block has ended.

    Raises:
        RunError: There is something at the path already.
        StorageError: The folder cannot be written.
    """
    check_free(path)
    missing = [folder for folder in (path, *path.absolute().parents) if not folder.exists()]
    run = Run(path)
    try:
        with storage_errors(path):
            _begin(run, recipe, origin)
            yield run
            _complete(run, facts)
    except BaseException:
        if not (run.has_checkpoint or run.manifest.exists()):
            # Resolved, as rmtree takes no links: a link stays, and nothing that it leads to.
            shutil.rmtree(path.resolve(), ignore_errors=True)
            for folder in missing[1:]:
                # Parents that were made for this run go too, as long as nothing else is in them.
                with suppress(OSError):
                    folder.rmdir()
        raise


@contextmanager
def resumed_run(path: Path, *, facts: Mapping[str, Any]) -> Iterator[Run]:
    """Yield an incomplete run folder, cleared of what saving had begun to write; complete it in the end.

    Nothing that the training can go on from is removed when the block fails. For `facts` see `new_run`.
    """
    run = Run(path)
    with storage_errors(path):
        for entry in path.iterdir():
            if entry not in (run.recipe, run.origin, run.checkpoints, run.logs):
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        yield run
        _complete(run, facts)


def check_resumable(path: Path) -> Run:
    """Return an incomplete run.

    Raises:
        RunError: There is no run at the path, or nothing that tells how it began.
    """
    run = Run(path)
    if not path.is_dir():
        raise RunError(f"There is no run folder at {path}.", "A run is made by `textune train --out DIR`.")
    if not (run.recipe.is_file() and run.origin.is_file()):
        raise RunError(
            f"{path} is no run that can be resumed: it has no recipe.toml or no origin.json.",
            "Start it again with `textune train`, in another folder.",
        )
    return run


def read_origin(run: Run) -> dict[str, Any]:
    """Return what a run is made from.

    Raises:
        RunError: It cannot be read.
    """
    return _read_json(run, run.origin)


def open_run(path: Path) -> Run:
    """Return a run folder after checking that it is complete and undamaged.

    Raises:
        RunError: It is missing, incomplete, or a file differs from the manifest or may not be read.
    """
    run = Run(path)
    with reading_errors(RunError, path):
        if not path.is_dir():
            raise RunError(
                f"There is no run folder at {path}.", "A run is made by `textune train --out DIR`."
            )
        if not run.manifest.exists():
            inside = ", ".join(sorted(str(file.parent) for file in path.glob("*/manifest.json")))
            raise RunError(
                f"{path} is not a complete run: it has no manifest.json, which training writes last.",
                f"There are runs in it: {inside}." if inside else "Give one that `textune train` finished.",
            )
        if damage := find_damage(path, read_manifest(run)["files"]):
            raise _damaged(run, damage)
    return run


def read_manifest(run: Run) -> dict[str, Any]:
    """Return a run's manifest.

    Raises:
        RunError: It cannot be read.
    """
    manifest = _read_json(run, run.manifest)
    if not isinstance(manifest.get("files"), dict):
        raise _damaged(run, "manifest.json cannot be read")
    return manifest


def _read_json(run: Run, path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError, KeyError, TypeError), reading_errors(RunError, run.path):
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["format"] == _FORMAT:
            return dict(values)
    raise _damaged(run, f"{path.name} cannot be read")


def drop_checkpoints(run: Run) -> None:
    """Delete what a training that is complete would have gone on from."""
    shutil.rmtree(run.checkpoints, ignore_errors=True)


def _begin(run: Run, recipe: str, origin: Mapping[str, Any]) -> None:
    """Make the folder with its recipe and origin in it, both or none."""
    written = {run.recipe.name: recipe, run.origin.name: json.dumps({"format": _FORMAT, **origin}, indent=2)}
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


def _complete(run: Run, facts: Mapping[str, Any]) -> None:
    """Write the manifest, and let the checkpoints go."""
    unlisted = {run.checkpoints, run.card}
    files = sorted(
        file for file in run.path.rglob("*") if file.is_file() and not unlisted & {file, *file.parents}
    )
    for file in files:
        sync_file(file)
    listed = list_files(run.path, files)
    for folder in {file.parent for file in files}:
        sync_folder(folder)
    write_json(run.manifest, {"format": _FORMAT, **facts, "files": listed})
    sync_folder(run.path)  # The manifest is on the disk before the checkpoints are off it.
    drop_checkpoints(run)


def _damaged(run: Run, finding: str) -> RunError:
    return RunError(
        f"The run {run.path} is damaged: {finding}.", "Copy it again from where it came, or train again."
    )
