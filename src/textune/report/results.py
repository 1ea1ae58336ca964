"""The results that a report and a model card show, and the rows that deserve a look.

Older runs lack some results. Does not know how they are shown.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import SPLITS, UNKNOWN
from textune.errors import RunError
from textune.evaluation.document import MetricsDocument
from textune.evaluation.evaluating_outside import OutsideScores
from textune.evaluation.split_metrics import SplitMetrics
from textune.evaluation.suspects import MIN_ROWS, judges_well, rank_suspect_labels
from textune.formats.text_pairs import AnyText
from textune.run.layout import Run, read_manifest
from textune.run.origin import Origin, origin_of_complete, read_origin
from textune.run.outside_predictions import OUTSIDE_SCORES_FILE, read_outside_scores
from textune.run.predictions import Predictions, read_predictions


@dataclass(frozen=True)
class RunResults:
    """The results of one run: its documents, and its predictions by split.

    `history` has one entry per epoch, and `recipe` the resolved settings by section. `created` says when the
    run began, in ISO 8601 or empty. `head` is `stock` or `linear`. Texts are truncated after `max_length`
    tokens. `outside_scores` tell texts apart that belong to none of the classes, if the run does so.
    """

    path: Path
    document: MetricsDocument
    history: Sequence[Mapping[str, Any]]
    recipe: Mapping[str, Any]
    recipe_text: str
    origin: Origin
    created: str
    head: str
    max_length: int
    predictions: Mapping[str, Predictions]
    outside_scores: OutsideScores | None = None

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.absolute().name

    @property
    def test(self) -> SplitMetrics:
        """The metrics on test."""
        return self.document.test

    @property
    def test_predictions(self) -> Predictions | None:
        """The predictions on test; None where an older run has none."""
        test = self.predictions.get("test")
        return test if test is not None and test.texts else None

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes' names, in the order of their ids."""
        return tuple(self.test.per_class)


def read_results(run: Run) -> RunResults:
    """Read the results of a finished run; raise a `RunError` if a file cannot be read."""
    try:
        document = MetricsDocument.read(run.metrics)
        document.test, document.seconds["total"]
        manifest = read_manifest(run)
        recipe_text = run.recipe.read_text(encoding="utf-8")
        described = json.loads((run.model / "textune.json").read_text(encoding="utf-8"))
        return RunResults(
            path=run.path,
            document=document,
            history=[json.loads(line) for line in run.history.read_text(encoding="utf-8").splitlines()],
            recipe=tomllib.loads(recipe_text),
            recipe_text=recipe_text,
            origin=read_origin(run) if run.origin.exists() else origin_of_complete(run),
            created=str(manifest.get("created", "")),
            head=described["head"],
            max_length=described["max_length"],
            predictions={
                split: read_predictions(path)
                for split in SPLITS
                if (path := run.predictions / f"{split}.parquet").is_file()
            },
            outside_scores=read_outside_scores(run.predictions / OUTSIDE_SCORES_FILE),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"The results in {run.path} cannot be read: {type(error).__name__}: {error}.",
            "Give a run that this version of `textune train` finished, or train again.",
        ) from error


def short_name(name: str) -> str:
    """Return the name of a model or source, or only the last part of a path.

    Example:
        >>> short_name("/home/me/data/posts.csv"), short_name("distilbert/distilbert-base-uncased")
        ('posts.csv', 'distilbert/distilbert-base-uncased')
    """
    is_path = name.startswith((".", "~", "/")) or name.count("/") > 1 or "\\" in name
    return (Path(name.rstrip("/").replace("\\", "/")).name or name) if is_path else name


def run_names(runs: Sequence[RunResults]) -> list[str]:
    """Return the runs' folder names, or their paths if two names are the same."""
    names = [run.name for run in runs]
    return names if len(set(names)) == len(names) else [str(run.path) for run in runs]


@dataclass(frozen=True)
class Mistake:
    """A row, numbered from 0 in its split, for which another class is more probable than its label.

    `score` is the probability of that class, `label_probability` that of the label. Where a text can have
    several labels, `label` and `predicted` are lists in words, and both probabilities are those of
    `decisive`, the label that is most wrongly given or missing.
    """

    split: str
    row: int
    text: AnyText
    label: str
    predicted: str
    score: float
    label_probability: float
    decisive: str = ""


def find_mistakes(predictions: Predictions, *, split: str) -> list[Mistake]:
    """Return all rows with a wrong label, the most confident mistake first."""
    if predictions.given is not None:
        return find_label_mistakes(predictions, predictions.given, split=split)
    wrong = np.flatnonzero(predictions.predicted != predictions.labels)
    order = wrong[np.argsort(-predictions.scores[wrong], kind="stable")]
    return [_mistake(predictions, row, int(predictions.predicted[row]), split) for row in order]


def find_label_mistakes(predictions: Predictions, given: NDArray[np.bool_], *, split: str) -> list[Mistake]:
    """Return all rows that do not get exactly their labels, the most confident mistake first.

    A mistake's `score` is the probability of the label that is most wrongly given or missing.
    """
    labels, probabilities, names = predictions.labels, predictions.probabilities, predictions.label_names
    wrong = (given != (labels == 1)) & (labels != UNKNOWN)
    distance = np.where(wrong, np.abs(probabilities - (labels == 1)), -1.0)
    rows = np.flatnonzero(wrong.any(axis=1))
    order = rows[np.argsort(-distance[rows].max(axis=1), kind="stable")]

    def written(cells: NDArray[np.bool_]) -> str:
        return ", ".join(names[place] for place in np.flatnonzero(cells)) or "no label"

    mistakes = []
    for row in order.tolist():
        worst = int(np.flatnonzero(distance[row] == distance[row].max())[0])
        mistakes.append(
            Mistake(
                split=split,
                row=int(predictions.rows[row]),
                text=predictions.texts[row],
                label=written(labels[row] == 1),
                predicted=written(given[row]),
                score=float(probabilities[row, worst]),
                label_probability=float(probabilities[row, worst]),
                decisive=names[worst],
            )
        )
    return mistakes


def list_suspects(by_split: Mapping[str, Predictions], *, most: int) -> list[Mistake]:
    """Return at most `most` rows whose label is probably wrong, the least credible label first.

    The classifier must not have been trained on the splits. The ranking is that of `textune audit`. A
    classifier that hardly beats the majority class gives no suspects, and neither does one of several labels
    per text.
    """
    if any(rows.given is not None for rows in by_split.values()):
        return []
    places = [(split, row) for split, rows in by_split.items() for row in range(len(rows.labels))]
    if len(places) < MIN_ROWS:
        return []
    labels = np.concatenate([rows.labels for rows in by_split.values()])
    probabilities = np.concatenate([rows.probabilities for rows in by_split.values()])
    if not judges_well(probabilities, labels):
        return []
    suspects = rank_suspect_labels(probabilities, labels)[:most]
    return [
        _mistake(by_split[split], row, suspect.suggested, split)
        for suspect in suspects
        for split, row in [places[suspect.row]]
    ]


def _mistake(predictions: Predictions, row: int, predicted: int, split: str) -> Mistake:
    label, probabilities = int(predictions.labels[row]), predictions.probabilities[row]
    return Mistake(
        split=split,
        row=int(predictions.rows[row]),
        text=predictions.texts[row],
        label=predictions.label_names[label],
        predicted=predictions.label_names[predicted],
        score=float(probabilities[predicted]),
        label_probability=float(probabilities[label]),
    )
