"""`textune train --seeds N`: the same training with several seeds, and how far its figures spread.

    OUT/seeds.json      what is trained: the recipe and the seeds
    OUT/seed-0, ...     a complete run for each seed
    OUT/summary.json    mean, spread and interval of every headline figure; written last

Each run is begun, stopped, resumed and completed as any other. What is complete is never trained again, so
going on with the folder goes on with the seed that was stopped, and then with those that had not begun.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.commands.train import SEEDS_PLAN, choose_folder, resolve_recipe, resume
from textune.commands.training_job import Job, TrainResult, carry_out
from textune.context import Observer, Silence, Stopwatch
from textune.errors import RequestError, RunError, StoppedError, TextuneError
from textune.evaluation.summary import summarise
from textune.extras import check_extras
from textune.files import storage_errors, write_json
from textune.recipe.recipes import Recipe, check_recipe
from textune.run.layout import Run, check_free
from textune.training.launch import is_first

_SUMMARY = "summary.json"
_FORMAT = 1


@dataclass(frozen=True)
class SeedsResult:
    """What trainings with several seeds gave.

    Attributes:
        run: The folder that holds the runs.
        document: What `summary.json` holds; empty in all but the first of several processes.
        runs: The run folders, one a seed.
    """

    run: Path
    document: dict[str, Any]
    runs: tuple[Path, ...]


@dataclass(frozen=True)
class _Plan:
    """What is trained.

    Attributes:
        path: The folder that holds the runs.
        name: What the recipe is called.
        recipe: The settings, with the first seed.
        seeds: The seeds.
    """

    path: Path
    name: str
    recipe: Recipe
    seeds: tuple[int, ...]

    def folder(self, seed: int) -> Path:
        return self.path / f"seed-{seed}"

    def recipe_of(self, seed: int) -> Recipe:
        return check_recipe(self.recipe.model_dump(), origin=self.name, settings=[f"train.seed={seed}"])


def train_seeds(
    recipe: str | Recipe = "frozen",
    *,
    seeds: int,
    model: str | None = None,
    data: str | None = None,
    out: str | Path | None = None,
    seed: int | None = None,
    settings: Sequence[str] = (),
    offline: bool = False,
    learning_rate_factor: Callable[[int], float] | None = None,
    observer: Observer | None = None,
) -> SeedsResult:
    """Train with several seeds, and measure how far the figures spread.

    Args:
        recipe: See `textune.train`, as for all that is not listed here.
        seeds: How many; the first is the recipe's `train.seed`, and each next one more.
        model: The pretrained encoder.
        data: The source of labelled texts.
        out: The folder for the runs, which must not exist yet; by default a new one under `runs/`.
        seed: The first seed.
        settings: Further overrides.
        offline: Make no connection.
        learning_rate_factor: Replaces the recipe's schedule.
        observer: Hears how it goes.

    Returns:
        The folder, the summary, and the run of every seed.

    Raises:
        RequestError: The number of seeds or the request of a training is wrong.
        StoppedError: A stop was asked for; `resume_seeds` goes on.
    """
    if seeds < 2:
        raise RequestError(
            f"{seeds} seeds show no spread.", "Give 2 or more, or train once without asking for seeds."
        )
    resolved = resolve_recipe(recipe, model=model, data=data, seed=seed, settings=settings)
    name = recipe if isinstance(recipe, str) else "custom"
    first = resolved.train.seed
    plan = _Plan(choose_folder(out, name, resolved), name, resolved, tuple(range(first, first + seeds)))
    plan.recipe_of(plan.seeds[-1])
    check_extras(resolved)
    if is_first():
        _check_free(plan)
    with _begun(plan):
        return _train_all(plan, offline, learning_rate_factor, observer or Silence())


def _check_free(plan: _Plan) -> None:
    if holds_seeds(plan.path) and not (plan.path / _SUMMARY).exists():
        raise RunError(
            f"The output folder {plan.path} cannot be used: a training with several seeds was stopped there.",
            f"Go on with it: textune train --resume {shlex.quote(str(plan.path))}\n"
            "Or choose another one with --out.",
        )
    check_free(plan.path)


def holds_seeds(path: str | Path) -> bool:
    """Return whether a folder is one that `train_seeds` made."""
    return (Path(path).expanduser() / SEEDS_PLAN).is_file()


def resume_seeds(
    run: str | Path,
    *,
    offline: bool = False,
    learning_rate_factor: Callable[[int], float] | None = None,
    observer: Observer | None = None,
) -> SeedsResult:
    """Go on with trainings that were stopped or killed; they end in what they would have ended in.

    Args:
        run: The folder that holds the runs.
        offline: Make no connection.
        learning_rate_factor: The function that the trainings began with, where they began with one.
        observer: Hears how it goes.

    Raises:
        RequestError: There is nothing to go on with, or the data or the model has changed.
    """
    path = Path(run).expanduser()
    return _train_all(_read_plan(path), offline, learning_rate_factor, observer or Silence())


def _read_plan(path: Path) -> _Plan:
    try:
        values = json.loads((path / SEEDS_PLAN).read_text(encoding="utf-8"))
        known = values["format"] == _FORMAT
        seeds = tuple(int(seed) for seed in values["seeds"])
        name, settings = str(values["recipe"]["name"]), dict(values["recipe"]["settings"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{path / SEEDS_PLAN} cannot be read, so it is not known which seeds to train.",
            "Train anew in another folder.",
        ) from error
    if not known:
        raise RunError(f"{path / SEEDS_PLAN} was written by another version of textune.", "Use that version.")
    return _Plan(path, name, check_recipe(settings, origin=str(path / SEEDS_PLAN)), seeds)


@contextmanager
def _begun(plan: _Plan) -> Iterator[None]:
    """Write the plan; take it back where the block fails before any run has begun."""
    missing = [folder for folder in (plan.path, *plan.path.absolute().parents) if not folder.exists()]
    if is_first():
        recipe = {"name": plan.name, "settings": plan.recipe.model_dump()}
        with storage_errors(plan.path):
            write_json(
                plan.path / SEEDS_PLAN, {"format": _FORMAT, "recipe": recipe, "seeds": list(plan.seeds)}
            )
    try:
        yield
    except BaseException:
        if is_first() and not any(plan.folder(seed).exists() for seed in plan.seeds):
            (plan.path / SEEDS_PLAN).unlink(missing_ok=True)
            for folder in missing:
                with suppress(OSError):
                    folder.rmdir()
        raise


def _train_all(
    plan: _Plan,
    offline: bool,
    learning_rate_factor: Callable[[int], float] | None,
    observer: Observer,
) -> SeedsResult:
    watch, results = Stopwatch(), []
    # Looked at once, so that all processes find the same.
    begun = {seed for seed in plan.seeds if plan.folder(seed).exists()}
    told: set[str] = set()
    for number, seed in enumerate(plan.seeds, start=1):
        share = _Share(observer, f"Seed {seed} ({number} of {len(plan.seeds)})", told)
        with _going_on(plan):
            if seed in begun:
                result = resume(
                    plan.folder(seed),
                    offline=offline,
                    learning_rate_factor=learning_rate_factor,
                    observer=share,
                )
            else:
                job = Job(
                    plan.recipe_of(seed), plan.name, plan.folder(seed), offline, 0.0, learning_rate_factor
                )
                result = carry_out(job, share)
        results.append(result)
        if result.document:
            observer.note(_in_short(seed, result, watch.total() / number * (len(plan.seeds) - number)))
    document = (
        summarise(
            plan.path,
            [plan.folder(seed) for seed in plan.seeds],
            seeds=plan.seeds,
            documents=[result.document for result in results],
        )
        if is_first()
        else {}
    )
    if is_first():
        write_json(plan.path / _SUMMARY, document)
    return SeedsResult(plan.path, document, tuple(plan.folder(seed) for seed in plan.seeds))


class _Share:
    """Passes on what one of several trainings says, and says which it is; what was noted once is enough."""

    def __init__(self, observer: Observer, name: str, told: set[str]) -> None:
        self._observer, self._name, self._told = observer, name, told

    def stage(self, title: str) -> None:
        self._observer.stage(f"{self._name}: {title}")

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        self._observer.advance(done, total, unit=unit, figures=figures)

    def note(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.add(sentence)
            self._observer.note(sentence)


@contextmanager
def _going_on(plan: _Plan) -> Iterator[None]:
    """Say how to go on with all seeds, rather than with the one that was stopped."""
    command = f"textune train --resume {shlex.quote(str(plan.path))}"
    try:
        yield
    except KeyboardInterrupt:
        if not any(plan.folder(seed).exists() for seed in plan.seeds):
            raise
        raise StoppedError("Stopped. The seeds that are done are kept.", f"Go on with: {command}") from None
    except TextuneError as error:
        for seed in plan.seeds:
            error.hint = error.hint.replace(shlex.quote(str(plan.folder(seed))), shlex.quote(str(plan.path)))
        if "--resume" not in error.hint and any(
            Run(plan.folder(seed)).manifest.exists() for seed in plan.seeds
        ):
            error.hint += f"\nThe seeds that are done are kept. Go on with: {command}"
        raise


def _in_short(seed: int, result: TrainResult, seconds_left: float) -> str:
    from textune.training.learners import in_words

    test = result.document["metrics"]["test"]
    left = f" About {in_words(seconds_left)} left." if seconds_left else ""
    return (
        f"Seed {seed}: accuracy {test['accuracy']:.1%}, macro-F1 {test['macro_f1']:.1%}, log loss "
        f"{test['log_loss']:.3f} on test.{left}"
    )
