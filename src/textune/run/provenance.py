"""What a run is made from: described when it begins, and compared when it is resumed."""

from __future__ import annotations

import json
import platform
import shlex
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from textune.context import Context
from textune.data.dataset import Dataset
from textune.encoder.loading import ModelFolder
from textune.encoder.placement import Placement
from textune.encoder.tokenization import TokenizedDataset
from textune.errors import DataError, RequestError, RunError
from textune.files import sha256_of, sha256_of_text
from textune.recipe.recipes import Recipe, dump_recipe
from textune.run.layout import Run, read_origin
from textune.run.lifecycle import check_resumable


def describe_origin(
    recipe: Recipe,
    *,
    recipe_name: str,
    texts: TokenizedDataset,
    fingerprint: str,
    model: ModelFolder,
    tokenizer: Any,
    placement: Placement,
    processes: int,
    versions: Mapping[str, str],
    has_own_schedule: bool,
) -> dict[str, Any]:
    """Return what a run is made from, as JSON values.

    The texts were tokenized with the tokenizer, and `fingerprint` is the hash of the data as they were
    loaded. `versions` are those of libraries that not every training needs. `has_own_schedule` tells whether
    a function replaces the recipe's learning rate schedule.
    """
    import torch

    # How the tokenizer last truncated and padded is not a property of the model.
    rules = json.loads(tokenizer.backend_tokenizer.to_str()) | {"truncation": None, "padding": None}
    reading = json.dumps([model.config, rules, texts.max_length], sort_keys=True)
    return {
        "versions": {
            "textune": version("textune"),
            "python": platform.python_version(),
            "torch": torch.__version__,
            **{name: version(name) for name in ("transformers", "datasets")},
            **versions,
        },
        "data": {"source": texts.dataset.name, "fingerprint": fingerprint},
        "model": {
            "name": model.name,
            "revision": model.revision,
            "weights_sha256": model.weights_sha256,
            "reading_sha256": sha256_of_text(reading),
        },
        "placement": {"device": placement.device, "precision": placement.precision},
        "recipe": {"name": recipe_name, "sha256": sha256_of_text(dump_recipe(recipe))},
        # Together with the rest, this decides the last bits of a training.
        "machine": {"threads": torch.get_num_threads(), "processes": processes},
        "schedule": "a function" if has_own_schedule else "the recipe's",
    }


def describe_facts(origin: Mapping[str, Any], *, created: str) -> dict[str, Any]:
    """Return what the manifest says of where a run came from."""
    return {
        "recipe": origin["recipe"]["name"],
        "created": created,
        "versions": origin["versions"],
        "data": origin["data"],
        "model": {name: value for name, value in origin["model"].items() if name != "reading_sha256"},
        "placement": origin["placement"],
    }


def check_origin(run: Run, before: Mapping[str, Any], now: Mapping[str, Any], *, ctx: Context) -> None:
    """Raise a `RunError` if a run's data, model or number of processes has changed; note other changes.

    `before` is its origin, and `now` the one that it would have if it began now.
    """
    for part, key in (("data", "fingerprint"), ("model", "weights_sha256"), ("model", "reading_sha256")):
        if before[part][key] != now[part][key]:
            name = now[part]["source" if part == "data" else "name"]
            raise _changed(run, f"the {'data set' if part == 'data' else 'model'} {name}")
    # The number of processes decides which rows a step has.
    count, count_now = before["machine"]["processes"], now["machine"]["processes"]
    if count != count_now:
        launcher = "" if count == 1 else f"torchrun --nproc-per-node {count} -m "
        raise RunError(
            f"{run.path} cannot be resumed: it began with {count} processes, and now there are {count_now}.",
            f"Resume it with {count}: {launcher}textune train --resume {shlex.quote(str(run.path))}",
        )
    parts = {"versions": "versions of libraries", "machine": "cores", "placement": "device"}
    changed = [words for part, words in parts.items() if before[part] != now[part]]
    if changed:
        ctx.note(
            f"Other {' and other '.join(changed)} than when this run began: its metrics will be nearly the "
            "same, but not to the last bit."
        )


def open_stopped_run(path: Path, *, has_function: bool) -> tuple[Run, dict[str, Any]]:
    """Return an incomplete run and its origin.

    Args:
        path: The run folder.
        has_function: Whether it is to be resumed with a function for the learning rate.

    Raises:
        RunError: It cannot be resumed, its recipe has changed, or it began with another kind of schedule.
    """
    run = check_resumable(path)
    origin = read_origin(run)
    if origin["recipe"]["sha256"] != sha256_of(run.recipe):
        raise _changed(run, f"the recipe {run.recipe}")
    began_with_function = origin["schedule"] == "a function"
    if began_with_function and not has_function:
        raise RunError(
            "This run began with a function as its learning rate's schedule, which no file holds.",
            "Resume it from Python: textune.resume(RUN, learning_rate_factor=...), with that same function.",
        )
    if has_function and not began_with_function:
        raise RunError(
            "This run began with the recipe's own learning rate schedule.", "Resume it without a function."
        )
    return run, origin


def reload_data(recipe: Recipe, manifest: Mapping[str, Any], ctx: Context) -> Dataset:
    """Return the data that a run was trained on; raise a `TextuneError` if they are gone or changed."""
    from textune.data.sources import load_dataset

    try:
        dataset = load_dataset(recipe.data, ctx)
    except DataError as error:
        raise DataError(
            f"The data that this run was trained on cannot be read again. {error.message}",
            "Run the command in the folder in which the run was trained, or name other data with --data.",
        ) from error
    if dataset.fingerprint != manifest["data"]["fingerprint"]:
        raise RequestError(
            f"{dataset.name} is no longer what this run was trained on: its texts or labels have changed.",
            f"To measure the run on it as it is now, name it: --data {dataset.name}",
        )
    return dataset


def encoder_hash(recipe: Recipe, manifest: Mapping[str, Any]) -> str:
    """Return what tells the run's encoder from others; one that is frozen is the pretrained one."""
    if not recipe.trains_encoder:
        return str(manifest["model"]["weights_sha256"])
    return "+".join(
        entry["sha256"] for name, entry in sorted(manifest["files"].items()) if name.endswith(".safetensors")
    )


def _changed(run: Run, part: str) -> RunError:
    return RunError(
        f"{run.path} cannot be resumed: {part} has changed since it began.",
        "Undo the change, or start over in another folder with --out.",
    )
