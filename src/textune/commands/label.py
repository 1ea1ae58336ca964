"""`textune label`: from texts without labels to answers and a classifier, on a local page."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from textune.context import Context, Observer
from textune.data.labelling_folder import labelling_journal
from textune.errors import RequestError
from textune.extras import check_extra
from textune.labelling.choices import LOOP_RECIPE, LOOP_SETTINGS, STRATEGY_NAMES, check_strategy
from textune.recipe.recipes import resolve_recipe

_FOLDER = "labels"
"""Where labellings are kept, as runs are in `runs`."""


@dataclass(frozen=True)
class Labelled:
    """What a labelling has come to: its folder, and how many answers are for training and for testing."""

    folder: Path
    learned: int
    tests: int


def label(
    pool: str | Path,
    *,
    labels: Sequence[str] = (),
    model: str | None = None,
    out: str | Path | None = None,
    multi: bool = False,
    port: int = 0,
    strategy: str = STRATEGY_NAMES[0],
    seed: int = 0,
    settings: Sequence[str] = (),
    offline: bool = False,
    observer: Observer | None = None,
    on_ready: Callable[[str], None] = lambda address: None,
) -> Labelled:
    """Open a page on which a person labels the texts that teach most, until it is ended.

    Args:
        pool: The texts: any source, labelled in part or not at all, or the folder of a labelling.
        labels: The names of the labels; by default those of the pool or the folder.
        model: The pretrained encoder; by default that of the folder, or the recipe's.
        out: The folder that keeps the answers; by default `labels/` and the pool's name.
        multi: Whether a text can have several labels.
        port: The port of the page; 0 picks a free one.
        strategy: What is asked next.
        seed: Decides which texts are for testing.
        settings: Overrides of the recipe, `section.key=value`.
        offline: Make no network connection.
        observer: Receives progress and notes.
        on_ready: Called with the address to open, which has the token.

    Raises:
        DataError: The pool is missing, damaged, or has too few texts.
        RequestError: The labels, the model, the port or the strategy is wrong.
    """
    for package in ("fastapi", "uvicorn"):
        check_extra(package, "serve", "The page")
    check_strategy(strategy)
    ctx, place = Context(observer, offline), Path(pool).expanduser()
    goes_on = place.is_dir() and labelling_journal(place) is not None
    folder = place if goes_on and out is None else Path(out or f"{_FOLDER}/{_name(place)}").expanduser()
    if folder.exists() and any(folder.iterdir()) and labelling_journal(folder) is None:
        raise RequestError(f"{folder} has other files.", "Name a new folder, or that of a labelling: --out.")
    from textune.labelling.final_training import FinalTraining
    from textune.labelling.pool_source import SourceTexts, check_given, read_pool_source
    from textune.labelling.session import open_session
    from textune.labelling.web import LabellingPage
    from textune.serving.process import bind
    from textune.serving.small_server import SmallServer

    recipe = resolve_recipe(
        LOOP_RECIPE, model=model, data=None, seed=seed, settings=[*LOOP_SETTINGS, *settings]
    )
    ctx.stage("Loading the texts")
    read = SourceTexts((), {}, (), False, ()) if goes_on else read_pool_source(str(pool), recipe.data, ctx)
    read, note = check_given(read, labels)
    for line in (*read.notes, *([note] if note else ())):
        ctx.note(line)
    with bind("127.0.0.1", port) as bound:
        session = open_session(
            read.texts,
            labels or read.names,
            folder=folder,
            origin=str(pool),
            model=model,
            is_multi=multi or read.is_multi,
            given=read.labels,
            strategy=strategy,
            seed=seed,
            settings=settings,
            ctx=ctx,
        )
        token = secrets.token_urlsafe(16)
        training = FinalTraining(folder, ["--offline"] if offline else [])
        page = LabellingPage(
            session.loop, training, token=token, title=_name(place), classifier=session.classifier
        )
        address = f"http://127.0.0.1:{bound.getsockname()[1]}/#token={token}"
        session.features.start()
        try:
            SmallServer(page.application(), on_ready=lambda: on_ready(address)).run_on(bound)
        finally:
            training.stop()
            session.features.stop()
    known = session.loop.known
    return Labelled(folder, len(known.train) - known.given, len(known.test))


def _name(pool: Path) -> str:
    """Return what a pool is called: its name up to the first dot."""
    return pool.resolve().name.split(".")[0] or "pool"
