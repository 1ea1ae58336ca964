"""A reproduction of the published case study: its model, its document, and its learning curves as a picture.

Does not train.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textune.context import Context
from textune.encoder.embedded import installed_models
from textune.encoder.loading import find_model
from textune.errors import HubError
from textune.evaluation.document import MetricsDocument
from textune.evaluation.metrics import METRICS
from textune.recipe.settings import Recipe
from textune.report.charts import Axis, Series
from textune.report.curves import Panel, draw_curves
from textune.report.results import short_name
from textune.study.differences import MILLION_WEIGHTS, MODEL, differences, is_the_studys_model, verdicts
from textune.study.published import STUDY, is_the_studys_data

History = Sequence[Mapping[str, Any]]

_THE_STUDY = "the study"
_LOOKS = {"torch": 0, "keras": 2, _THE_STUDY: 4}


def choose_model(recipe: Recipe, ctx: Context, *, engine: str = "torch") -> str:
    """Return the study's model or, with a note, the largest embedded one that is installed.

    On Keras alone, only a model that Keras knows takes its place.

    Raises:
        HubError: Neither is there.
    """
    from textune.keras.encoder import keras_knows

    try:
        find_model(MODEL, revision=recipe.model.revision, ctx=ctx)
    except HubError:
        usable = [
            model for model in installed_models() if engine != "keras" or keras_knows(model.architecture)
        ]
        if not usable:
            raise
        largest = max(usable, key=lambda model: model.million_weights)
        size = "smaller" if largest.million_weights < MILLION_WEIGHTS else "larger"
        ctx.note(
            f"The study's encoder, {MODEL}, is neither on the Hub nor in its cache. {largest.name}, a "
            f"{size} one, takes its place: the steps are the study's, but do not expect its results. To use "
            "a folder that holds the study's encoder, name it with --model."
        )
        return largest.name
    return MODEL


def describe_reproduction(
    recipe: Recipe, documents: Mapping[str, MetricsDocument], histories: Mapping[str, History]
) -> dict[str, Any]:
    """Return the results of a reproduction as JSON values; see `textune.commands.reproduce.reproduce`.

    The runs' metrics and learning curves are by engine; the recipe is theirs, apart from the engine.
    """
    engine, first = next(iter(documents.items()))
    return {
        "model": first.model,
        "source": first.source,
        "same_model": is_the_studys_model(first.model),
        "same_data": is_the_studys_data(first),
        "study": STUDY.to_json(last_epoch=histories[engine][-1]["epoch"]),
        "engines": {
            name: {**metrics.to_json(), "history": histories[name]} for name, metrics in documents.items()
        },
        "verdicts": verdicts(documents),
        "differences": differences(recipe, documents),
    }


def draw_reproduction(document: Mapping[str, Any]) -> str:
    """Return the learning curves of what `describe_reproduction` gave, beside the study's, as SVG."""
    histories = {name: run["history"] for name, run in document["engines"].items()}
    histories[_THE_STUDY] = document["study"]["history"]
    panels = []
    for metric in (METRICS["accuracy"], METRICS["log_loss"]):
        series = []
        for name, history in histories.items():
            for split in ("train", "validation"):
                key = f"{split}_{metric.key}"
                points = [(entry["epoch"], entry[key]) for entry in history if key in entry]
                look = _LOOKS[name] + (split == "train")
                if points:
                    series.append(Series(f"{name}, {split}", points, look, is_points=name == _THE_STUDY))
        panels.append(Panel(Axis(metric.title, metric.unit == "%"), series))
    # Pictures are shared: of a path on this computer, the last part is enough.
    title = f"Learning curves of {short_name(document['model'])} on {short_name(document['source'])}"
    return draw_curves(panels, title=title)
