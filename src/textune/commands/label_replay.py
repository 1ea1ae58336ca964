"""`textune label --replay`: what labelling in a better order would have saved, on labelled texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.context import Context, Observer
from textune.data.in_memory import as_source
from textune.data.sources import load_dataset
from textune.files import notes_on_replacing, picture_path, write_text
from textune.labelling.choices import LOOP_RECIPE, LOOP_SETTINGS, STRATEGY_NAMES, check_strategy
from textune.recipe.recipes import resolve_recipe

if TYPE_CHECKING:
    from textune.labelling.replay import ReplayResult


@dataclass(frozen=True)
class Replay:
    """The result of a replay; `document` is what `--json` prints, and `picture` the file with the curves."""

    result: ReplayResult
    document: dict[str, Any]
    picture: Path | None


def replay_labelling(
    data: Any,
    *,
    model: str | None = None,
    strategies: Sequence[str] = (),
    answers: int = 500,
    seeds: int = 10,
    picture: str | Path | None = None,
    settings: Sequence[str] = (),
    offline: bool = False,
    observer: Observer | None = None,
) -> Replay:
    """Find out what the loop would have saved on labelled texts, against random order.

    The train split is the pool, whose labels are the answers; macro-F1 is measured on the test split.

    Args:
        data: The labelled texts, as for `textune.train`.
        model: The pretrained encoder; replaces the recipe's.
        strategies: Names in `textune.labelling.choices.STRATEGY_NAMES`; by default the loop's own.
        answers: The maximum number of answers.
        seeds: How often to repeat with other draws.
        picture: An SVG file for the learning curves; None: none.
        settings: Overrides of the recipe, `section.key=value`.
        offline: Make no network connection.
        observer: Receives progress and notes.

    Raises:
        RequestError: The data, the model or a strategy is wrong.
    """
    from textune.labelling.pool_features import load_loop_encoder
    from textune.labelling.replay import ReplayedLabels, replay_labels
    from textune.labelling.replay_picture import draw_replay

    ctx, chosen = Context(observer, offline), list(strategies) or [STRATEGY_NAMES[0]]
    for name in chosen:
        check_strategy(name)
    file = picture_path(picture)
    for note in notes_on_replacing(file) if file is not None else ():
        ctx.note(note)
    source, held = as_source(data)
    recipe = resolve_recipe(
        LOOP_RECIPE, model=model, data=source, seed=None, settings=[*LOOP_SETTINGS, *settings]
    )
    ctx.stage("Loading the data")
    dataset = load_dataset(recipe.data, ctx, held)
    for note in dataset.notes:
        ctx.note(note)
    pool, test = dataset["train"], dataset["test"]
    encoder = load_loop_encoder(recipe, pool.texts, ctx)
    ctx.stage("Encoding train")
    pool_features = encoder.features(pool.texts, ctx)
    ctx.stage("Encoding test")
    replayed = ReplayedLabels(
        pool,
        pool_features,
        test,
        encoder.features(test.texts, ctx),
        dataset.label_names,
        dataset.is_multi_label,
        None if dataset.is_multi_label else encoder.of_names(dataset.label_names),
    )
    ctx.stage("Labelling again")
    result = replay_labels(replayed, strategies=chosen, most_answers=answers, seeds=seeds, ctx=ctx)
    document = {
        "source": dataset.name,
        "model": encoder.name,
        "labels": len(dataset.label_names),
        "pool": len(pool),
        "test": len(test),
        "seeds": seeds,
        **result.to_json(),
    }
    if file is not None:
        write_text(file, draw_replay(result, source=Path(dataset.name).name or dataset.name))
        document["picture"] = str(file)
    return Replay(result, document, file)
