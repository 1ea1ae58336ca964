"""`textune compare`: two runs, or a run and its best baseline, on the same rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from textune.context import Observer, Silence
from textune.data.dataset import SPLITS
from textune.errors import RequestError, RunError
from textune.evaluation.document import BASELINE_NAMES, best_baseline
from textune.recipe.recipes import load_recipe
from textune.run.layout import Run, open_run
from textune.run.predictions import Predictions, read_predictions

if TYPE_CHECKING:
    from textune.evaluation.comparison import Comparison

_SHOWN = 60


@dataclass(frozen=True)
class RunComparison:
    """How a run compares with another one, or with its best baseline.

    Attributes:
        first: The first run.
        second: The second run, or the baseline's name.
        split: The split whose rows were compared.
        shown_second: What the second is called in a sentence.
        comparison: The figures.
        sentence: Which is better, by how much, and how sure that is.
    """

    first: str
    second: str
    split: str
    shown_second: str
    comparison: Comparison
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        return {
            "first": self.first,
            "second": self.second,
            "split": self.split,
            **self.comparison.to_json(),
            "sentence": self.sentence,
        }


def compare(
    first: str | Path,
    second: str | Path | None = None,
    *,
    split: str = "test",
    observer: Observer | None = None,
) -> RunComparison:
    """Compare the predictions that two runs keep of the same rows.

    Args:
        first: A finished run's folder.
        second: Another one's; by default the first is compared with the better of its own baselines.
        split: "train", "validation" or "test"; the baselines were measured on test alone.
        observer: Hears how it goes.

    Returns:
        The differences with their intervals, McNemar's test, and the sentence that says it.

    Raises:
        RequestError: A run or the split is wrong, or the runs were measured on other rows.
    """
    from textune.evaluation.comparison import compare_probabilities, describe_comparison

    observer = observer or Silence()
    if split not in SPLITS:
        raise RequestError(f"There is no split '{split}'.", f"The splits are {', '.join(SPLITS)}.")
    run = open_run(Path(first).expanduser())
    if second is None:
        name = _baseline_of(run, split)
        shown, place = BASELINE_NAMES[name], run.predictions / "baselines" / f"{name}.parquet"
    else:
        name = shown = str(second)
        place = open_run(Path(second).expanduser()).predictions / f"{split}.parquet"
    observer.stage("Reading the predictions")
    predictions = read_predictions(run.predictions / f"{split}.parquet")
    others = _matched(predictions, read_predictions(place), names=(str(first), shown), split=split)
    observer.stage("Comparing")
    comparison = compare_probabilities(
        predictions.probabilities,
        others.probabilities,
        predictions.labels,
        bootstrap_samples=load_recipe(str(run.recipe)).evaluate.bootstrap_samples,
    )
    sentence = describe_comparison(comparison, str(first), shown)
    return RunComparison(str(first), name, split, shown, comparison, sentence)


def _baseline_of(run: Run, split: str) -> str:
    """Return the name of the better of a run's baselines."""
    if split != "test":
        raise RequestError(
            f"A run's baselines were measured on test, not on {split}.",
            "Name a second run, or leave --split out.",
        )
    name = best_baseline(run)
    if name is None:
        raise RunError(
            f"{run.path} has no baselines to be compared with: its recipe leaves them out.",
            "Name a second run.",
        )
    return name


def _matched(first: Predictions, second: Predictions, *, names: tuple[str, str], split: str) -> Predictions:
    """Return the second's predictions with rows and classes in the order of the first's.

    Raises:
        RunError: They are of other rows, or of other classes.
    """
    if set(first.label_names) != set(second.label_names):
        raise RunError(
            f"{names[0]} and {names[1]} cannot be compared: the one tells apart "
            f"{', '.join(first.label_names)}, the other {', '.join(second.label_names)}.",
            "Compare runs that were trained on the same data.",
        )
    rows = _keys(first), _keys(second)
    place = {key: number for number, key in enumerate(rows[1])}
    if len(place) != len(rows[0]) or any(key not in place for key in rows[0]):
        raise _other_rows(rows, names=names, split=split)
    order = np.array([place[key] for key in rows[0]])
    columns = [second.label_names.index(name) for name in first.label_names]
    return replace(
        second,
        rows=second.rows[order],
        texts=first.texts,
        labels=first.labels,
        label_names=first.label_names,
        probabilities=second.probabilities[order][:, columns],
    )


Key = tuple[str, str, int]
"""A text, its label, and the how-manieth of such rows it is."""


def _keys(predictions: Predictions) -> list[Key]:
    return list(_numbered(predictions))


def _numbered(predictions: Predictions) -> Iterator[Key]:
    seen: Counter[tuple[str, str]] = Counter()
    for text, label in zip(predictions.texts, predictions.labels.tolist(), strict=True):
        pair = text, predictions.label_names[label]
        seen[pair] += 1
        yield *pair, seen[pair]


def _other_rows(rows: tuple[list[Key], list[Key]], *, names: tuple[str, str], split: str) -> RunError:
    """Return the error that says how the rows of two runs differ."""
    sets = set(rows[0]), set(rows[1])
    only = [[key for key in rows[number] if key not in sets[1 - number]] for number in (0, 1)]
    number = 0 if only[0] else 1
    text, label, _ = only[number][0]
    relabelled = {key[0] for key in only[0]} & {key[0] for key in only[1]}
    shown = " ".join(text.split())
    shown = shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
    return RunError(
        f"{names[0]} and {names[1]} cannot be compared: their {split} rows differ. "
        f"{len(only[0]):,} of {len(rows[0]):,} rows are in the first alone and {len(only[1]):,} of "
        f"{len(rows[1]):,} in the second alone ({len(relabelled):,} texts have other labels); for instance, "
        f"only {names[number]} has '{shown}' as {label}.",
        "Compare runs whose data, split seed and word filter are the same.",
    )
