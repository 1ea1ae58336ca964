"""Doubtful labels, ranked, and the file in which a person reviews them.

In: examples, and their probabilities by classifiers that have not seen them. Out: suspects, finding D008, the
contents of a CSV file. Does not know where the probabilities come from.

How many rows of a split are suspect is counted as in confident learning (Northcutt, Jiang and Chuang,
"Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 2021): a class has a threshold,
the mean probability that it gets on the rows that bear it, and a row counts if, of the classes above their
thresholds, another than its own is the most probable. Which rows are suspect is decided by how many times as
probable as the label the best other class is: that finds more wrong labels than the rows that were counted
(docs/experiments.md).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from textune.audit.findings import Example, Finding, found_row, percent, split_sizes
from textune.data.dataset import SPLITS
from textune.data.raw import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_ROWS = 50
"""Rows below which labels are not judged."""

_MIN_CLASS_ROWS = 10
_LEAST_GAIN = 0.1
"""What a classifier must take off the majority class's errors before it may judge labels."""
_MANY = 0.01
_LEAST = 1e-12
_COLUMNS = (
    "rank",
    "split",
    "row",
    "place",
    "label",
    "suggested",
    "label_probability",
    "suggested_probability",
    "text",
)


@dataclass(frozen=True)
class Suspect:
    """A row whose label is doubtful.

    Attributes:
        example: The row.
        label: The name of its label.
        suggested: The name of the class that is more probable.
        label_probability: What its label gets from a classifier that has not seen it.
        suggested_probability: What the suggested class gets.
    """

    example: Example
    label: str
    suggested: str
    label_probability: float
    suggested_probability: float


def judges_well(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> bool:
    """Tell whether probabilities agree with the labels well enough, beside chance, to judge them."""
    wrong = float((probabilities.argmax(axis=1) != labels).mean())
    majority_wrong = 1 - np.bincount(labels).max() / len(labels)
    return wrong <= (1 - _LEAST_GAIN) * float(majority_wrong)


def find_suspects(
    examples: Sequence[Example], probabilities: NDArray[np.float64], label_names: Sequence[str]
) -> list[Suspect]:
    """Return the rows whose labels are doubtful: split after split, the least probable labels first.

    A label is the less probable, the more probable the best other class is beside it.

    Args:
        examples: The examples.
        probabilities: (examples, classes), by classifiers that have not seen the row.
        label_names: The name of every label id.
    """
    labels = np.array([example.label for example in examples])
    split_of = np.array([example.split for example in examples])
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    # A class of few rows is hardly known to the classifiers: it is neither judged nor suggested.
    enough = counts >= _MIN_CLASS_ROWS
    judged, suggested, ratios = _beside_labels(probabilities, labels, enough)
    counted_rows = enough[labels] & _confident(probabilities, labels, enough)
    chosen: list[int] = []
    for split in SPLITS:
        rows = np.flatnonzero(judged & (split_of == split))
        first = rows[np.argsort(ratios[rows], kind="stable")]
        chosen += first[: int(counted_rows[split_of == split].sum())].tolist()
    return [_suspect(examples[row], probabilities[row], label_names, suggested[row]) for row in chosen]


def find_suspects_with_cleanlab(
    examples: Sequence[Example], probabilities: NDArray[np.float64], label_names: Sequence[str]
) -> list[Suspect]:
    """Return the rows that cleanlab's `find_label_issues` gives, in the order of `find_suspects`."""
    from cleanlab.filter import find_label_issues

    labels = np.array([example.label for example in examples])
    known = np.unique(labels)
    positions = np.searchsorted(known, labels)
    rows = find_label_issues(
        positions, probabilities[:, known], return_indices_ranked_by="self_confidence", n_jobs=1
    ).tolist()
    _, suggested, ratios = _beside_labels(probabilities, labels, np.ones(probabilities.shape[1], dtype=bool))
    order = sorted(rows, key=lambda row: (SPLITS.index(examples[row].split), ratios[row]))
    return [_suspect(examples[row], probabilities[row], label_names, suggested[row]) for row in order]


def describe_suspects(suspects: Sequence[Suspect], *, judged: int, file: str, seen_by: str) -> list[Finding]:
    """Return the finding (D008).

    Args:
        suspects: What was found.
        judged: The number of rows that were judged.
        file: Where the suspects are written; empty: nowhere.
        seen_by: Whose features judged them, in words.
    """
    if not suspects:
        return []
    share = len(suspects) / judged
    rows = tuple(
        found_row(
            suspect.example,
            f"{suspect.label}, rather {suspect.suggested} ({percent(suspect.suggested_probability)})",
        )
        for suspect in suspects
    )
    by_split = split_sizes([suspect.example for suspect in suspects])
    listed = ", ".join(f"{count:,} in {split}" for split, count in by_split.items())
    where = f"in {file} " if file else ""
    return [
        Finding(
            "D008",
            "warning" if share >= _MANY else "info",
            f"{counted(len(suspects), 'label')}, {percent(share)} of all, look doubtful ({listed})",
            len(suspects),
            rows,
            f"Read them {where}from the top, and stop where the labels are right. Classifiers on {seen_by} "
            "that have not seen the text are sure of another class; difficult texts are among them.",
        )
    ]


def suspects_csv(suspects: Sequence[Suspect]) -> str:
    """Return suspects as a CSV file's contents."""
    contents = io.StringIO()
    writer = csv.writer(contents, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(_cells(suspects))
    return contents.getvalue()


def _cells(suspects: Sequence[Suspect]) -> list[tuple[object, ...]]:
    cells: list[tuple[object, ...]] = []
    ranks: dict[str, int] = {}
    for suspect in suspects:
        example = suspect.example
        ranks[example.split] = ranks.get(example.split, 0) + 1
        cells.append(
            (
                ranks[example.split],
                example.split,
                example.row,
                example.place,
                suspect.label,
                suspect.suggested,
                f"{suspect.label_probability:.4f}",
                f"{suspect.suggested_probability:.4f}",
                example.text,
            )
        )
    return cells


def _confident(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], enough: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return the rows for which another class than the label is the most probable above its threshold."""
    thresholds = np.array(
        [
            probabilities[labels == label, label].mean() if enough[label] else np.inf
            for label in range(len(enough))
        ]
    )
    above = np.where(probabilities >= thresholds, probabilities, -1.0)
    confident: NDArray[np.bool_] = (above.max(axis=1) >= 0) & (above.argmax(axis=1) != labels)
    return confident


def _beside_labels(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], enough: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.float64]]:
    """Return whether another class is more probable than the label, which, and how the label compares.

    The last is the logarithm of the label's probability, less that of the best other class's.
    """
    rows = np.arange(len(labels))
    others = np.where(enough, probabilities, -1.0)
    others[rows, labels] = -1.0
    suggested = others.argmax(axis=1)
    own, best = probabilities[rows, labels], others[rows, suggested]
    ratios = np.log(np.clip(own, _LEAST, None)) - np.log(np.clip(best, _LEAST, None))
    return enough[labels] & (best > own), suggested, ratios


def _suspect(
    example: Example, probabilities: NDArray[np.float64], names: Sequence[str], suggested: int
) -> Suspect:
    return Suspect(
        example,
        names[example.label],
        names[suggested],
        float(probabilities[example.label]),
        float(probabilities[suggested]),
    )
