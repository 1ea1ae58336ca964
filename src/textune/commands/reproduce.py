"""`textune reproduce`: the case study, step by step, and its results next to ours."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from textune.commands.train import train
from textune.context import Context, Observer
from textune.errors import MissingExtraError, ModelError, RequestError
from textune.extras import has_keras
from textune.files import notes_on_replacing, write_text
from textune.recipe.recipes import check_extras, load_recipe
from textune.run.lifecycle import check_free
from textune.study import differences as study
from textune.study.reproduction import choose_model, describe_reproduction, draw_reproduction


def reproduce(
    engine: Literal["torch", "keras", "both"] = "both",
    *,
    model: str | None = None,
    data: str | None = None,
    out: str | Path | None = None,
    settings: Sequence[str] = (),
    curves: str | Path | None = None,
    offline: bool = False,
    observer: Observer | None = None,
) -> dict[str, Any]:
    """Carry out the case study's steps, once per engine.

    Args:
        engine: The engine that trains the head; "both" skips Keras if it is not installed, or does not
            support the encoder's architecture.
        model: The pretrained encoder; by default the study's or, if that is not available, the largest
            embedded one that is installed.
        data: The labelled texts; by default the study's, from the Hub.
        out: The folder for the runs, one per engine; by default a new one under `runs/`.
        settings: Overrides of the recipe `paper`, `section.key=value`.
        curves: An SVG file to draw the learning curves into.
        offline: Make no network connection.
        observer: Receives progress and notes.

    Returns:
        `study`, the study's results; `engines`, each run's `metrics.json` with its `history`; `same_model`
        and `same_data`, whether they are the study's; `verdicts` and `differences`, sentences.

    Raises:
        RequestError: The engine, the data, the model or a file is wrong or not available.
    """
    from textune.encoder.loading import find_model
    from textune.keras.encoder import check_keras_knows

    ctx = Context(observer, offline)
    engines = _available(engine, ctx)
    # Check the whole request before the first engine trains.
    recipes = {name: load_recipe("paper", settings=[*settings, f"train.engine={name}"]) for name in engines}
    for engine_recipe in recipes.values():
        check_extras(engine_recipe)
    recipe = recipes[engines[0]]
    folder = Path("runs") / f"reproduce-{datetime.now():%Y%m%d-%H%M%S}" if out is None else Path(out)
    folder = folder.expanduser()
    for name in engines:
        check_free(folder / name)
    picture = None if curves is None else Path(curves)
    if picture is not None and (picture.suffix != ".svg" or not picture.parent.is_dir()):
        raise RequestError(
            f"The learning curves cannot be written to {picture}: it is not an .svg file "
            "in an existing folder.",
            "Name an .svg file, for instance --curves curves.svg",
        )
    for note in notes_on_replacing(picture) if picture is not None else ():
        ctx.note(note)
    model = model if recipe.model.name == study.MODEL else recipe.model.name
    model = model or choose_model(recipe, ctx, engine=engine)
    if "keras" in engines:
        try:
            check_keras_knows(find_model(model, revision=recipe.model.revision, ctx=ctx))
        except ModelError as error:
            if engine == "keras":
                raise
            engines.remove("keras")
            ctx.note(f"Keras is skipped. {error.message}")
    runs = {}
    for name in engines:
        ctx.note(f"On {name}:")
        runs[name] = train(
            "paper",
            data=data or study.DATA,
            out=folder / name,
            settings=[*settings, f"train.engine={name}", f"model.name={json.dumps(model)}"],
            offline=offline,
            observer=ctx,
        )
    document = describe_reproduction(
        recipe,
        {name: result.metrics for name, result in runs.items() if result.metrics is not None},
        {name: result.history for name, result in runs.items()},
    )
    if picture is not None:
        write_text(picture, draw_reproduction(document))
    return document


def _available(engine: Literal["torch", "keras", "both"], ctx: Context) -> list[str]:
    if engine == "torch" or has_keras():
        return ["torch", "keras"] if engine == "both" else [engine]
    missing = MissingExtraError("tensorflow", "The Keras engine")
    if engine == "keras":
        raise missing
    ctx.note(f"Keras is skipped. {missing.message} {missing.hint}")
    return ["torch"]
