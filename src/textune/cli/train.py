"""What `textune train` calls and shows, once its arguments are parsed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from textune.errors import RequestError
from textune.training.launch import is_first, launched

if TYPE_CHECKING:
    from textune.cli.render.console import Watcher
    from textune.commands.seeds import SeedsResult
    from textune.commands.training_job import TrainResult

_RECIPE = "frozen"


@dataclass(frozen=True)
class Options:
    """The options of `textune train` that say what to train; None or empty where they are not given."""

    recipe: str | None
    model: str | None
    data: str | None
    out: str | None
    seed: int | None
    settings: Sequence[str]
    seeds: int | None
    min_precision: float | None
    max_minutes: float | None

    def given(self) -> list[str]:
        """Return the options that are given, as they are written."""
        names = [field.name for field in fields(self) if getattr(self, field.name) not in (None, (), [])]
        return ["--set" if name == "settings" else f"--{name.replace('_', '-')}" for name in names]

    def all_settings(self) -> list[str]:
        """Return the overrides, those with options of their own among them."""
        if self.min_precision is None:
            return list(self.settings)
        return [*self.settings, f"evaluate.min_precision={self.min_precision}"]


def train_and_show(options: Options, *, resume: str | None, offline: bool, as_json: bool) -> None:
    """Train, with one seed or several, or go on with what was stopped, and show the result.

    Raises:
        RequestError: A training that is to be resumed is to be changed as well.
    """
    from textune.cli.render import console
    from textune.cli.render.seeds_table import show_seeds

    if resume is not None:
        check_resume_alone(options.given())
    with console.Watcher(quiet=as_json, silent=not is_first()) as observer:
        result = (
            _train(options, offline=offline, observer=observer)
            if resume is None
            else _resume(resume, offline=offline, observer=observer)
        )
    if is_first():
        if hasattr(result, "history"):
            console.show_training(result.document, result.history, as_json=as_json)
        else:
            show_seeds(result.document, as_json=as_json)
    if launched():
        from textune.training.processes import Processes

        Processes().end()


def check_resume_alone(given: Sequence[str]) -> None:
    """Raise a `RequestError` if a training that is to be resumed is to be changed as well."""
    if given:
        raise RequestError(
            f"--resume goes on with a run as it began, so it takes no {' and no '.join(given)}.",
            "Leave them out, or train anew without --resume.",
        )


def _train(options: Options, *, offline: bool, observer: Watcher) -> TrainResult | SeedsResult:
    recipe = options.recipe or _RECIPE
    if options.seeds is not None:
        from textune.commands.seeds import train_seeds

        if options.max_minutes is not None:
            raise RequestError(
                "--max-minutes plans one training, and --seeds asks for several that are alike.",
                "Train one with --max-minutes, and then several by the recipe that it leaves: "
                "textune train --recipe RUN/recipe.toml --seeds 3",
            )
        return train_seeds(
            recipe,
            seeds=options.seeds,
            model=options.model,
            data=options.data,
            out=options.out,
            seed=options.seed,
            settings=options.all_settings(),
            offline=offline,
            observer=observer,
        )
    from textune.commands.train import train

    return train(
        recipe,
        model=options.model,
        data=options.data,
        out=options.out,
        seed=options.seed,
        settings=options.all_settings(),
        offline=offline,
        max_minutes=options.max_minutes or 0.0,
        observer=observer,
    )


def _resume(run: str, *, offline: bool, observer: Watcher) -> TrainResult | SeedsResult:
    from textune.commands.seeds import holds_seeds, resume_seeds
    from textune.commands.train import resume

    if holds_seeds(run):
        return resume_seeds(run, offline=offline, observer=observer)
    return resume(run, offline=offline, observer=observer)
