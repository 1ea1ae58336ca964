"""What a run is made from: told when it begins, and compared when it is resumed."""

from __future__ import annotations

import json
import platform
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import textune
from textune.context import Observer
from textune.errors import RunError, StoppedError, StorageError, TextuneError
from textune.files import sha256_of_text
from textune.run.layout import Run

if TYPE_CHECKING:
    from textune.data.dataset import Dataset
    from textune.encoder.loading import ModelFolder
    from textune.encoder.placement import Placement


def describe_origin(
    dataset: Dataset, folder: ModelFolder, placement: Placement, *, engine: str
) -> dict[str, Any]:
    """Return what the manifest says of where a run came from."""
    import torch
    import transformers

    from textune.keras.start import keras_versions

    return {
        "versions": {
            "textune": textune.__version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "datasets": version("datasets"),
            **(keras_versions() if engine == "keras" else {}),
        },
        "data": {"source": dataset.name, "fingerprint": dataset.fingerprint},
        "model": {
            "name": folder.name,
            "revision": folder.revision,
            "weights_sha256": folder.weights_sha256,
        },
        "placement": {"device": placement.device, "precision": placement.precision},
    }


def describe_machine(processes: int) -> dict[str, Any]:
    """Return what decides the last bits of a training, beside its recipe, data and model."""
    import torch

    return {"threads": torch.get_num_threads(), "processes": processes}


def describe_reading(folder: ModelFolder, tokenizer: Any, *, max_length: int) -> str:
    """Return a SHA-256 of what decides, beside the weights, what a model makes of a text.

    Args:
        folder: The model's folder.
        tokenizer: Its tokenizer, as the texts were read with.
        max_length: The tokens after which a text was truncated.
    """
    rules = json.loads(tokenizer.backend_tokenizer.to_str())
    # What it was last told to cut and pad is no property of the model.
    parts = [folder.config, {**rules, "truncation": None, "padding": None}, max_length]
    return sha256_of_text(json.dumps(parts, sort_keys=True))


def check_origin(run: Run, before: Mapping[str, Any], now: Mapping[str, Any], *, observer: Observer) -> None:
    """Raise a `RunError` if a run's data, model or number of processes have changed; tell what else has.

    Args:
        run: The run.
        before: Its origin.
        now: What its origin would be, were it begun now.
        observer: Told of changes that change the last bits only.
    """
    for part, key in (
        ("data", "fingerprint"),
        ("model", "weights_sha256"),
        ("model", "reading_sha256"),
    ):
        if before[part][key] != now[part][key]:
            name = now[part]["source" if part == "data" else "name"]
            raise _changed(run, f"the {'data set' if part == 'data' else 'model'} {name}")
    _check_processes(run, before["machine"]["processes"], now["machine"]["processes"])
    parts = {"versions": "versions of libraries", "machine": "cores", "placement": "device"}
    changed = [words for part, words in parts.items() if before[part] != now[part]]
    if changed:
        observer.note(
            f"Other {' and other '.join(changed)} than when this run began: its figures will be alike, "
            "but not the same to the last bit."
        )


def check_unchanged(run: Run, origin: Mapping[str, Any], part: str, sha256: str) -> None:
    """Raise a `RunError` if a part of a run has another hash than when it began."""
    if origin[part]["sha256"] != sha256:
        raise _changed(run, f"the {part} {run.path / 'recipe.toml'}")


def check_schedule(origin: Mapping[str, Any], *, given: bool) -> None:
    """Raise a `RunError` unless there is a function of the learning rate just where a run began with one."""
    if (origin["schedule"] == "a function") != given:
        raise RunError(
            "This run began with a function as its learning rate's schedule, which no file holds."
            if not given
            else "This run began with the recipe's own learning rate schedule.",
            "Resume it from Python: textune.resume(RUN, learning_rate_factor=...), with that same function."
            if not given
            else "Resume it without a function.",
        )


@contextmanager
def resumable(run: Run) -> Iterator[None]:
    """Say how to go on with a run that is stopped or fails in the block, where its folder is still there."""
    command = f"textune train --resume {shlex.quote(str(run.path))}"
    try:
        yield
    except StoppedError as stopped:
        raise StoppedError(f"{stopped.message} Nothing is lost.", f"Go on with: {command}") from None
    except KeyboardInterrupt:
        if not run.origin.exists():
            raise
        raise StoppedError("Stopped at once.", f"Go on from the last checkpoint with: {command}") from None
    except StorageError as error:
        if run.origin.exists():
            error.hint += f"\nThen go on with: {command}"
        raise
    except TextuneError as error:
        kept = sorted(path.name for path in run.checkpoints.rglob("step-*"))
        if kept and type(error).__name__ == "DivergenceError":
            error.message += f"\nThe last good checkpoint, {kept[-1]}, is kept in {run.checkpoints}."
            error.hint += " Name another run folder for it with --out."
        raise


def _check_processes(run: Run, before: int, now: int) -> None:
    """Raise a `RunError` unless a run has as many processes as before: they decide which rows a step has."""
    if before != now:
        launcher = "" if before == 1 else f"torchrun --nproc-per-node {before} -m "
        raise RunError(
            f"{run.path} cannot be resumed: processes when it began: {before}, and now: {now}.",
            f"Resume it with {before}: {launcher}textune train --resume {shlex.quote(str(run.path))}",
        )


def _changed(run: Run, what: str) -> RunError:
    return RunError(
        f"{run.path} cannot be resumed: {what} has changed since it began.",
        "Undo the change, or train anew in another folder with --out.",
    )
