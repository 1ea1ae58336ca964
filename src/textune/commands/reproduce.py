"""`textune reproduce`: the case study, step by step, and its results beside ours."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from textune.commands.train import train
from textune.context import Observer, Silence
from textune.errors import MissingExtraError, RequestError
from textune.extras import has_keras
from textune.files import write_text
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
        engine: What trains the head; "both" leaves Keras out where it is not installed.
        model: The pretrained encoder; by default the study's, or `embedded:minilm` where it is not available.
        data: The labelled texts; by default the study's, from the Hub.
        out: The folder for the runs, one per engine; by default a new one under `runs/`.
        settings: Overrides of the recipe `paper`, `section.key=value`.
        curves: An SVG file to draw the learning curves into.
        offline: Make no connection.
        observer: Hears how it goes.

    Returns:
        `study`, its results; `engines`, what each run's `metrics.json` holds, with its `history`;
        `same_model` and `same_data`, whether they are the study's; `verdicts` and `differences`, sentences.

    Raises:
        RequestError: An engine, the data, the model or a file is wrong or not available.
    """
    from textune.encoder.loading import find_model
    from textune.keras.encoder import check_keras_knows

    observer = observer or Silence()
    engines = _available(engine, observer)
    # Whatever is wrong with a request comes up before the first engine trains.
    recipes = {name: load_recipe("paper", settings=[*settings, f"train.engine={name}"]) for name in engines}
    for each in recipes.values():
        check_extras(each)
    recipe = recipes[engines[0]]
    folder = Path("runs") / f"reproduce-{datetime.now():%Y%m%d-%H%M%S}" if out is None else Path(out)
    folder = folder.expanduser()
    for name in engines:
        check_free(folder / name)
    picture = None if curves is None else Path(curves)
    if picture is not None and (picture.suffix != ".svg" or not picture.parent.is_dir()):
        raise RequestError(
            f"The learning curves cannot be drawn into {picture}: it is not an .svg file "
            "in an existing folder.",
            "Name one, for instance --curves curves.svg",
        )
    named = model if recipe.model.name == study.MODEL else recipe.model.name
    chosen = named or choose_model(recipe, offline=offline, observer=observer)
    if "keras" in engines:
        check_keras_knows(find_model(chosen, revision=recipe.model.revision, offline=offline))
    runs = {}
    for name in engines:
        observer.note(f"On {name}:")
        runs[name] = train(
            "paper",
            data=data or study.DATA,
            out=folder / name,
            settings=[*settings, f"train.engine={name}", f"model.name={json.dumps(chosen)}"],
            offline=offline,
            observer=observer,
        )
    document = describe_reproduction(
        recipe,
        {name: result.document for name, result in runs.items()},
        {name: result.history for name, result in runs.items()},
    )
    if picture is not None:
        write_text(picture, draw_reproduction(document))
    return document


def _available(engine: Literal["torch", "keras", "both"], observer: Observer) -> list[str]:
    if engine == "torch" or has_keras():
        return ["torch", "keras"] if engine == "both" else [engine]
    missing = MissingExtraError("tensorflow", "The Keras engine")
    if engine == "keras":
        raise missing
    observer.note(f"Keras is left out. {missing.message} {missing.hint}")
    return ["torch"]
