"""The run folder: the settings, model, metrics and predictions of one training.

A run begins with its recipe and its origin, and ends with a manifest of the size and SHA-256 of every file: a
folder without one is incomplete and can be resumed, and one whose files differ from it is damaged.

    RUN/recipe.toml        all settings, resolved
    RUN/origin.json        what the run is made from: data, model, machine
    RUN/checkpoints/       what a stopped training resumes from; deleted when the run is complete
    RUN/logs/              what experiment trackers write
    RUN/model/             the classifier; loads in plain transformers where its head is stock
    RUN/metrics.json       the metrics
    RUN/history.jsonl      one line per epoch
    RUN/predictions/       probabilities of every split, and what tells texts outside the classes apart
    RUN/report.html        the results as a page
    RUN/README.md          the model card, which its owner may change; not in the manifest
    RUN/trials.db          what `textune tune` tried, as an Optuna study; only in a run that it made
    RUN/tuning.json        what `textune tune` chose, and why; only there
    RUN/tuned.toml         the chosen settings as a recipe without data; only there
    RUN/exports/           the classifier for other runtimes, made afterwards; not in the manifest
    RUN/manifest.json      the files in the folder, and what the run was made from; written last
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from textune.errors import UPGRADE, RunError
from textune.files import find_damage, reading_errors, sha256_of_text
from textune.model.threshold import THRESHOLD_FILES

RUN_FORMAT = 1
"""The version of the folder's files, in its manifest and its origin."""


Contents = TypeVar("Contents")


class _Inside:
    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, run: Run, owner: type[Run]) -> Path:
        return run.path / self._name


@dataclass(frozen=True)
class Run:
    """A run folder and the paths in it, which the module describes."""

    path: Path

    model = _Inside("model")
    recipe = _Inside("recipe.toml")
    origin = _Inside("origin.json")
    checkpoints = _Inside("checkpoints")
    logs = _Inside("logs")
    metrics = _Inside("metrics.json")
    history = _Inside("history.jsonl")
    predictions = _Inside("predictions")
    card = _Inside("README.md")
    trials = _Inside("trials.db")
    tuning = _Inside("tuning.json")
    tuned = _Inside("tuned.toml")
    manifest = _Inside("manifest.json")

    @property
    def resume_command(self) -> str:
        """The command that resumes a training, or the search that it belongs to."""
        return f"textune {'tune' if self.trials.exists() else 'train'} --resume {shlex.quote(str(self.path))}"

    @property
    def of_search(self) -> frozenset[Path]:
        """The files of the search that the run's settings come from, which was there before the run."""
        return frozenset({self.trials, self.tuning, self.tuned})


def open_run(path: Path) -> Run:
    """Return a run folder; raise a `RunError` if it is missing, incomplete, damaged or unreadable."""
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
                f"There are runs in it: {inside}." if inside else _how_to_complete(run),
            )
        if damage := find_damage(path, read_manifest(run)["files"]):
            raise _damaged(run, damage)
    return run


def _how_to_complete(run: Run) -> str:
    if run.trials.exists() or any(run.checkpoints.rglob("step-*")):
        return f"It was stopped. Resume it: {run.resume_command}"
    return "Name one that `textune train` finished."


def read_manifest(run: Run) -> dict[str, Any]:
    """Return a run's manifest; raise a `RunError` if it cannot be read."""
    return read_run_json(run, run.manifest, lambda values: {**values, "files": dict(values["files"])})


def model_sha256(run: Run) -> str:
    """Return the hash of all files of a run's model except the thresholds, which no export depends on."""
    files = _model_files(run)
    listed = sorted((name, sha) for name, sha in files.items() if not name.endswith(THRESHOLD_FILES))
    return sha256_of_text(json.dumps(listed))


def classifier_sha256(run: Run) -> str:
    """Return the hash of everything that decides a run's labels: its model's files, threshold included."""
    return sha256_of_text(json.dumps(_model_files(run), sort_keys=True))


def _model_files(run: Run) -> dict[str, str]:
    files = read_manifest(run)["files"]
    return {name: entry["sha256"] for name, entry in files.items() if name.startswith("model/")}


def read_run_json(run: Run, path: Path, convert: Callable[[dict[str, Any]], Contents]) -> Contents:
    """Return the converted contents of a run's JSON file; raise a `RunError` if it cannot be read."""
    with suppress(OSError, ValueError, KeyError, TypeError), reading_errors(RunError, run.path):
        values = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(values["format"], int) and values["format"] != RUN_FORMAT:
            raise RunError(
                f"Another version of textune wrote the run {run.path}: {path.name} has format "
                f"{values['format']}, and this version reads format {RUN_FORMAT}.",
                UPGRADE,
            )
        if values["format"] == RUN_FORMAT:
            return convert(values)
    raise _damaged(run, f"{path.name} cannot be read")


def _damaged(run: Run, fault: str) -> RunError:
    return RunError(
        f"The run {run.path} is damaged: {fault}.", "Copy it again from its source, or train again."
    )
