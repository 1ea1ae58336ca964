"""A run's results, read for showing.

In: a run folder, complete or about to be. Out: `RunResults`. Does not know how they are shown; reads nothing
but what the run holds, and what an older run does not hold it leaves out.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.errors import RunError
from textune.run.layout import Run, read_manifest
from textune.run.predictions import Predictions, read_predictions

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class RunResults:
    """What one run holds.

    Attributes:
        path: The run folder.
        document: What `metrics.json` holds.
        history: The learning curve, one entry an epoch.
        recipe: The resolved settings, by section.
        recipe_text: The recipe's file.
        facts: Where the run came from: versions, data, model, placement, machine.
        created: When it was made, in ISO 8601; may be empty.
        head: `stock` or `linear`.
        max_length: Tokens after which the classifier cuts a text.
        predictions: By split.
    """

    path: Path
    document: dict[str, Any]
    history: list[dict[str, Any]]
    recipe: dict[str, Any]
    recipe_text: str
    facts: dict[str, Any]
    created: str
    head: str
    max_length: int
    predictions: dict[str, Predictions]

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.absolute().name

    @property
    def test(self) -> dict[str, Any]:
        """The figures on test."""
        return dict(self.document["metrics"]["test"])

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes' names, in the order of their ids."""
        return tuple(self.test["per_class"])


def read_results(
    run: Run, *, document: Mapping[str, Any] | None = None, facts: Mapping[str, Any] | None = None
) -> RunResults:
    """Read what a run holds.

    Args:
        run: The run.
        document: What `metrics.json` will hold, where it is not written yet.
        facts: What the manifest will hold, where it is not written yet.

    Raises:
        RunError: A file cannot be read.
    """
    try:
        if document is None:
            document = _checked(json.loads(run.metrics.read_text(encoding="utf-8")))
        lines = run.history.read_text(encoding="utf-8").splitlines()
        recipe_text = run.recipe.read_text(encoding="utf-8")
        described = json.loads((run.model / "textune.json").read_text(encoding="utf-8"))
        facts = read_manifest(run) if facts is None else facts
        origin = json.loads(run.origin.read_text(encoding="utf-8"))
        return RunResults(
            path=run.path,
            document=dict(document),
            history=[json.loads(line) for line in lines],
            recipe=tomllib.loads(recipe_text),
            recipe_text=recipe_text,
            facts={**origin, "recipe": facts["recipe"]},
            created=str(facts.get("created", "")),
            head=described["head"],
            max_length=described["max_length"],
            predictions={
                split: read_predictions(path)
                for split in SPLITS
                if (path := run.predictions / f"{split}.parquet").is_file()
            },
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"The results in {run.path} cannot be read: {type(error).__name__}: {error}.",
            "Give a run that this version of `textune train` finished, or train again.",
        ) from error


def _checked(document: dict[str, Any]) -> dict[str, Any]:
    """Return figures in which nothing is missing that everything else rests on, or raise a `KeyError`."""
    for name in ("recipe", "model", "source"):
        document[name]
    document["metrics"]["test"]["per_class"]
    document["seconds"]["total"]
    return document
