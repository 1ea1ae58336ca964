"""What a run is made from, compared with what is there when it is resumed or measured again."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textune.context import Context
from textune.data.dataset import Dataset, Split
from textune.data.in_memory import IN_MEMORY, as_source
from textune.encoder.placement import choose_placement
from textune.encoder.separator import stored_separator
from textune.encoder.windows import TextTokens
from textune.errors import DataError, RequestError, RunError
from textune.files import sha256_of
from textune.recipe.recipes import override_data
from textune.recipe.settings import Recipe
from textune.run.layout import Run, read_manifest
from textune.run.lifecycle import check_resumable
from textune.run.origin import Origin, read_origin
from textune.run.outside_predictions import read_outside_texts
from textune.run.predictions import read_predictions

if TYPE_CHECKING:
    from textune.model.classifier import EncoderClassifier


@dataclass(frozen=True)
class MeasuredRows:
    """The rows to measure a classifier on, the name of their source, and its texts outside the classes."""

    source: str
    rows: Split
    outside: Split | None

    @classmethod
    def of(cls, dataset: Dataset, source: str, split: str) -> MeasuredRows:
        """Return the rows of a data set's split."""
        outside = None if dataset.outside is None else dataset.outside.splits.get(split)
        return cls(source, dataset[split], outside if outside is not None and len(outside) else None)


def check_origin(run: Run, before: Origin, now: Origin, *, ctx: Context) -> None:
    """Raise a `RunError` if a run's data, model or number of processes has changed; note other changes.

    `before` is its origin, and `now` the one that it would have if it began now.
    """
    if before.data.fingerprint != now.data.fingerprint:
        raise _changed(run, f"the data set {now.data.source}")
    model, model_now = before.model, now.model
    if (model.weights_sha256, model.reading_sha256) != (model_now.weights_sha256, model_now.reading_sha256):
        raise _changed(run, f"the model {model_now.name}")
    # The number of processes decides which rows a step has.
    count, count_now = before.machine.processes, now.machine.processes
    if count != count_now:
        launcher = "" if count == 1 else f"torchrun --nproc-per-node {count} -m "
        raise RunError(
            f"{run.path} cannot be resumed: it began with {count} processes, and now there are {count_now}.",
            f"Resume it with {count}: {launcher}textune train --resume {shlex.quote(str(run.path))}",
        )
    parts = {"versions": "library versions", "machine": "cores", "placement": "devices"}
    changed = [words for part, words in parts.items() if getattr(before, part) != getattr(now, part)]
    if changed:
        ctx.note(
            f"This run began with other {' and other '.join(changed)}: its metrics will be nearly the "
            "same, but not to the last bit."
        )


def open_stopped_run(path: Path, *, has_function: bool) -> tuple[Run, Origin]:
    """Return an incomplete run and its origin.

    Args:
        path: The run folder.
        has_function: Whether it is to be resumed with a function for the learning rate.

    Raises:
        RunError: It cannot be resumed, its recipe has changed, or it began with another kind of schedule.
    """
    run = check_resumable(path)
    origin = read_origin(run)
    if origin.recipe.sha256 != sha256_of(run.recipe):
        raise _changed(run, f"the recipe {run.recipe}")
    began_with_function = origin.schedule == "a function"
    if began_with_function and not has_function:
        raise RunError(
            "This run began with a function as its learning rate's schedule, which no file holds.",
            "Resume it from Python: textune.resume(RUN, learning_rate_factor=...), with the same function.",
        )
    if has_function and not began_with_function:
        raise RunError(
            "This run began with the recipe's own learning rate schedule.", "Resume it without a function."
        )
    return run, origin


def reload_data(recipe: Recipe, origin: Origin, ctx: Context) -> Dataset:
    """Return the data that a run was trained on; raise a `TextuneError` if they are missing or changed."""
    from textune.data.sources import load_dataset

    try:
        dataset = load_dataset(recipe.data, ctx, other=recipe.evaluate.other)
    except DataError as error:
        raise DataError(
            f"The data that this run was trained on cannot be read again. {error.message}",
            "Run the command in the folder in which the run was trained, or name other data with --data.",
        ) from error
    if dataset.fingerprint != origin.data.fingerprint:
        raise RequestError(
            f"{dataset.name} is no longer what this run was trained on: its texts or labels have changed.",
            f"To evaluate the run on the current data, name them: --data {dataset.name}",
        )
    return dataset


def load_rows(
    data: Any,
    run: Run,
    recipe: Recipe,
    origin: Origin,
    *,
    split: str,
    settings: Sequence[str],
    classifier: EncoderClassifier,
    ctx: Context,
) -> MeasuredRows:
    """Return the name and a split of the data to measure a run's classifier on; by default (None) its own.

    Of its own data, it is the split of the training. If that data was in memory, it is the rows that the run
    stores, without those of train and validation that the recipe dropped. Other data is read by the recipe's
    settings, with `settings` as overrides `data.key=value`.

    Raises:
        TextuneError: The data is missing or invalid, the run's own has changed, or a setting is wrong.
    """
    from textune.data.held_out import load_held_out

    name, held = as_source(data)
    reading, given = override_data(recipe, settings)
    reading = stored_separator(reading, run.model)
    if name is None and settings:
        raise RequestError(
            "--set says how another source is read, but there is no --data.",
            "Name the source with --data. The run's own data is always read as in its training.",
        )
    if name is None:
        name = recipe.data.source
        if not name.startswith(IN_MEMORY):
            return MeasuredRows.of(reload_data(recipe, origin, ctx), name, split)
        stored = read_predictions(run.predictions / f"{split}.parquet")
        rows = Split(stored.texts, stored.labels, stored.rows)
        return MeasuredRows(name, rows, read_outside_texts(run.predictions, split))
    held_out = load_held_out(
        held or name,
        reading,
        split=split,
        label_names=classifier.label_names,
        problem_type=classifier.kind.problem_type,
        given=given,
        own_fingerprint=origin.data.fingerprint,
        other=recipe.evaluate.other,
        ctx=ctx,
    )
    for note in held_out.notes:
        ctx.note(note)
    return MeasuredRows.of(held_out, name, split)


def encoding_of(
    run: Run, recipe: Recipe, origin: Origin, classifier: EncoderClassifier, *, description: str, ctx: Context
) -> Callable[[TextTokens], NDArray[np.float32]]:
    """Return a function from token ids to the features that the run's training would give them.

    They are cached; `textune cache list` shows the description.
    """
    from textune.encoder.features import encode_tokens

    # The arithmetic of the training's own metrics.
    placement = choose_placement(recipe.method.only_precision or recipe.model.precision)
    weights = _encoder_hash(run, recipe, origin)

    def encode(tokens: TextTokens) -> NDArray[np.float32]:
        return encode_tokens(
            classifier, tokens, weights_sha256=weights, placement=placement, description=description, ctx=ctx
        )[0]

    return encode


def _encoder_hash(run: Run, recipe: Recipe, origin: Origin) -> str:
    """Return a hash that identifies the run's encoder; a frozen encoder is the pretrained one."""
    if not recipe.trains_encoder:
        return origin.model.weights_sha256
    files = sorted(read_manifest(run)["files"].items())
    return "+".join(entry["sha256"] for name, entry in files if name.endswith(".safetensors"))


def _changed(run: Run, part: str) -> RunError:
    return RunError(
        f"{run.path} cannot be resumed: {part} has changed since it began.",
        "Undo the change, or start over in another folder with --out.",
    )
