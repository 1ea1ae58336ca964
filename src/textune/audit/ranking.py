"""Which labels are suspect, by the probabilities of classifiers that were not trained on the row.

In: examples and probabilities. Out: suspects in the order in which to review them. Where texts can have
several labels, each label is judged on its own: whether it is wrongly there, or missing. Does not know
models.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textune.audit.findings import Example, Suspect, label_matrix
from textune.audit.out_of_fold import log_loss_per_label
from textune.data.dataset import SPLITS, UNKNOWN
from textune.evaluation.suspects import rank_suspect_labels

_MIN_ROWS = 10
_LEAST_GAIN = 0.2
"""The share of the log loss of a label's frequency that a classifier must avoid in order to judge it."""


def rank_suspects(
    examples: Sequence[Example],
    probabilities: NDArray[np.float64],
    label_names: Sequence[str],
    *,
    cleanlab: bool = False,
) -> list[Suspect]:
    """Return the rows with suspect labels: split by split, the least credible labels first.

    The probabilities (examples, classes) come from classifiers that were not trained on the row. With
    `cleanlab`, its `find_label_issues` chooses the rows.
    """
    labels = np.array([example.label for example in examples])
    ranked = rank_suspect_labels(
        probabilities,
        labels,
        groups=[SPLITS.index(example.split) for example in examples],
        rows=chosen_by_cleanlab(labels, probabilities) if cleanlab else None,
    )
    return [
        Suspect(
            examples[suspect.row],
            label_names[labels[suspect.row]],
            label_names[suspect.suggested],
            suspect.label_probability,
            suspect.suggested_probability,
        )
        for suspect in ranked
    ]


def labels_judged_well(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> list[int]:
    """Return the ids of the labels that probabilities (rows, classes) predict well enough to judge them."""
    known = np.maximum((labels != UNKNOWN).sum(axis=0), 1)
    frequencies = np.broadcast_to((labels == 1).sum(axis=0) / known, labels.shape)
    losses, guessed = (log_loss_per_label(each, labels) for each in (probabilities, frequencies))
    return np.flatnonzero(losses <= (1 - _LEAST_GAIN) * guessed).tolist()


def rank_suspects_per_label(
    examples: Sequence[Example],
    probabilities: NDArray[np.float64],
    label_names: Sequence[str],
    *,
    judged: Sequence[int],
    cleanlab: bool = False,
) -> list[Suspect]:
    """Return suspect labels that are there, and suspect ones that are not, as `rank_suspects` does.

    A label is wrongly there if the text is no more probable to have it than texts usually are that do not; it
    is missing if it is more probable than not, and than for texts that have it. (Confident learning counts
    both in one sum; where a label is rare, doubtful ones would then pass for wrong ones.)

    Args:
        examples: The examples.
        probabilities: The probability of every label (examples, classes), by classifiers that were not
            trained on the row.
        label_names: The names of the labels.
        judged: The ids of the labels to look at.
        cleanlab: Whether its `find_label_issues` chooses the rows, label by label.
    """
    labels = label_matrix(examples, len(label_names))
    suspects = []
    for label in judged:
        rows = np.flatnonzero(labels[:, label] != UNKNOWN)
        has, probability = labels[rows, label] == 1, probabilities[rows, label]
        if min(has.sum(), (~has).sum()) < _MIN_ROWS:
            continue
        if cleanlab:
            both = np.stack([1 - probability, probability], axis=1)
            chosen = np.array(chosen_by_cleanlab(has.astype(np.int64), both), dtype=np.int64)
        else:
            usual, usual_without = probability[has].mean(), probability[~has].mean()
            is_missing = ~has & (probability >= max(usual, 0.5))
            chosen = np.flatnonzero(is_missing | (has & (probability <= usual_without)))
        name = label_names[label]
        for row in chosen.tolist():
            example, likely = examples[rows[row]], float(probability[row])
            if has[row]:
                suspects.append(Suspect(example, name, f"not {name}", likely, 1 - likely))
            else:
                suspects.append(Suspect(example, f"not {name}", name, 1 - likely, likely))
    return sorted(suspects, key=lambda each: (SPLITS.index(each.example.split), each.label_probability))


def chosen_by_cleanlab(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> list[int]:
    """Return the rows whose labels (rows,) cleanlab suspects; see `rank_suspects` for the probabilities."""
    from cleanlab.filter import find_label_issues

    known, positions = np.unique(labels, return_inverse=True)
    issues = find_label_issues(
        positions, probabilities[:, known], return_indices_ranked_by="self_confidence", n_jobs=1
    )
    return [int(row) for row in issues]
