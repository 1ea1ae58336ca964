"""The folder of trainings with several seeds: its plan, and how it is created and resumed.

    OUT/seeds.json      the plan: the recipe and the seeds
    OUT/seed-0, ...     a complete run for each seed
    OUT/summary.json    mean, spread and interval of every headline metric; written last

Does not know how a run is trained.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.errors import RunError, StoppedError, TextuneError
from textune.files import storage_errors, write_json
from textune.recipe.recipes import Recipe, check_recipe
from textune.run.layout import Run
from textune.run.lifecycle import check_free
from textune.run.predictions import read_predictions

SEEDS_PLAN = "seeds.json"
"""The file in a folder of runs with several seeds that holds their plan."""
_FORMAT = 1


@dataclass(frozen=True)
class SeedsPlan:
    """The trainings with several seeds: their folder, the recipe with its first seed, and its name."""

    path: Path
    name: str
    recipe: Recipe
    seeds: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.seeds) < 2:
            raise RunError(
                f"At least 2 seeds are needed to show a spread, not {len(self.seeds)}.",
                "Give 2 or more, or train once without several seeds.",
            )
        self.recipe_of(self.seeds[-1])

    @property
    def summary(self) -> Path:
        """The file of the summary, written last."""
        return self.path / "summary.json"

    @property
    def runs(self) -> tuple[Path, ...]:
        """The run folders, one per seed."""
        return tuple(map(self.folder, self.seeds))

    def folder(self, seed: int) -> Path:
        """Return the run folder of a seed."""
        return self.path / f"seed-{seed}"

    def recipe_of(self, seed: int) -> Recipe:
        """Return the recipe of a seed; raise a `RecipeError` if the seed is not valid."""
        return check_recipe(self.recipe.model_dump(), origin=self.name, settings=[f"train.seed={seed}"])

    def read_scores(self) -> dict[str, tuple[list[Any], NDArray[np.int64]]]:
        """Return what each run says of the rows, as its metrics take it, and the labels, by split."""
        scores = {}
        for split in ("validation", "test"):
            stored = [read_predictions(Run(run).predictions / f"{split}.parquet") for run in self.runs]
            scores[split] = [rows.scored for rows in stored], stored[0].labels
        return scores


@dataclass(frozen=True)
class SeedsResult:
    """The folder of trainings with several seeds, their `summary.json`, and the run folder of each seed.

    In all but the first of several processes, the document is empty.
    """

    run: Path
    document: dict[str, Any]
    runs: tuple[Path, ...]


def holds_seeds(path: str | Path) -> bool:
    """Return whether a folder is one that `train_seeds` made."""
    return (Path(path).expanduser() / SEEDS_PLAN).is_file()


def check_not_several(path: Path) -> None:
    """Raise a `RunError` if a folder holds trainings with several seeds."""
    if holds_seeds(path):
        raise RunError(
            f"{path} holds trainings with several seeds.",
            f"Resume them: textune.resume_seeds(...), or textune train --resume {shlex.quote(str(path))}",
        )


def check_free_for_seeds(plan: SeedsPlan) -> None:
    """Raise a `RunError` if the plan's folder cannot be created."""
    if holds_seeds(plan.path) and not plan.summary.exists():
        raise RunError(
            f"The output folder {plan.path} cannot be used: a training with several seeds was stopped there.",
            f"Resume it: textune train --resume {shlex.quote(str(plan.path))}\n"
            "Or choose another one with --out.",
        )
    check_free(plan.path)


def read_seeds_plan(path: Path) -> SeedsPlan:
    """Read the plan of a folder; raise a `RunError` if it cannot be read."""
    try:
        values = json.loads((path / SEEDS_PLAN).read_text(encoding="utf-8"))
        is_known = values["format"] == _FORMAT
        seeds = tuple(int(seed) for seed in values["seeds"])
        name, settings = str(values["recipe"]["name"]), dict(values["recipe"]["settings"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{path / SEEDS_PLAN} cannot be read, so it is not known which seeds to train.",
            "Start over in another folder.",
        ) from error
    if not is_known:
        raise RunError(f"{path / SEEDS_PLAN} was written by another version of textune.", "Use that version.")
    return SeedsPlan(path, name, check_recipe(settings, origin=str(path / SEEDS_PLAN)), seeds)


@contextmanager
def new_seeds_folder(plan: SeedsPlan, *, is_first: bool) -> Iterator[None]:
    """Write the plan, in the first process; remove it if the block fails before any run has begun."""
    missing = [folder for folder in (plan.path, *plan.path.absolute().parents) if not folder.exists()]
    if is_first:
        recipe = {"name": plan.name, "settings": plan.recipe.model_dump()}
        with storage_errors(plan.path):
            write_json(
                plan.path / SEEDS_PLAN, {"format": _FORMAT, "recipe": recipe, "seeds": list(plan.seeds)}
            )
    try:
        yield
    except BaseException:
        if is_first and not any(run.exists() for run in plan.runs):
            (plan.path / SEEDS_PLAN).unlink(missing_ok=True)
            for folder in missing:
                with suppress(OSError):
                    folder.rmdir()
        raise


@contextmanager
def resumable_seeds(plan: SeedsPlan) -> Iterator[None]:
    """Say how to resume all seeds, rather than the one that was stopped."""
    command = f"textune train --resume {shlex.quote(str(plan.path))}"
    try:
        yield
    except KeyboardInterrupt:
        if not any(run.exists() for run in plan.runs):
            raise
        raise StoppedError("Stopped. The completed seeds are kept.", f"Resume them with: {command}") from None
    except TextuneError as error:
        for run in plan.runs:
            error.hint = error.hint.replace(shlex.quote(str(run)), shlex.quote(str(plan.path)))
        if "--resume" not in error.hint and any(Run(run).manifest.exists() for run in plan.runs):
            error.hint += f"\nThe completed seeds are kept. Resume with: {command}"
        raise
