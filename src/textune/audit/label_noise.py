"""Doubtful labels, ranked: D008.

Classifiers on the encoder's features, none of which was trained on the row that it judges, give the
probabilities; `evaluation.suspects` ranks the labels by them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from textune.audit.checks import AuditInput, SkippedCheckError, check
from textune.audit.findings import Example, Finding, percent, split_sizes
from textune.audit.out_of_fold import FOLDS, out_of_fold_probabilities
from textune.data.dataset import SPLITS
from textune.data.raw import counted
from textune.data.splits import make_folds
from textune.evaluation.suspects import MIN_ROWS, judges_well, rank_suspect_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MANY = 0.01
_READ = "Read them from the top"


@dataclass(frozen=True)
class Suspect:
    """A row whose label is doubtful.

    Attributes:
        example: The row.
        label: The name of its label.
        suggested: The name of the more probable class.
        label_probability: The probability of its label, from a classifier that was not trained on the row.
        suggested_probability: The probability of the suggested class.
    """

    example: Example
    label: str
    suggested: str
    label_probability: float
    suggested_probability: float


@dataclass(frozen=True)
class DoubtfulLabels(Finding):
    """Finding D008, with the rows whose labels are doubtful in the order in which to review them."""

    suspects: tuple[Suspect, ...] = ()

    def written_to(self, file: str) -> DoubtfulLabels:
        """Return this finding with advice to read the file that the suspects were written to."""
        return replace(self, advice=self.advice.replace(_READ, f"Read them in {file} from the top", 1))


@check(needs="encoder", D008="label noise")
def find_label_noise(audited: AuditInput) -> Iterator[Finding]:
    """Find labels that classifiers on the encoder's features contradict."""
    assert audited.encoder
    examples, names = audited.examples, audited.label_names
    labels = np.array([example.label for example in examples])
    if len(examples) < MIN_ROWS or len(np.unique(labels)) < 2:
        raise SkippedCheckError(f"fewer than {MIN_ROWS} rows, or a single class")
    features = audited.encoder.features
    audited.ctx.stage("Judging labels")
    folds = make_folds(
        [example.text for example in examples], [names[label] for label in labels], folds=FOLDS
    )
    probabilities = out_of_fold_probabilities(features, labels, folds, on_progress=audited.progress("folds"))
    if not judges_well(probabilities, labels):
        raise SkippedCheckError("the model's features hardly tell the classes apart")
    suspects = rank_suspects(examples, probabilities, names, cleanlab=audited.cleanlab)
    if suspects:
        yield describe_suspects(
            suspects, judged=len(examples), judge=f"the features of {audited.encoder.name}"
        )


def rank_suspects(
    examples: Sequence[Example],
    probabilities: NDArray[np.float64],
    label_names: Sequence[str],
    *,
    cleanlab: bool = False,
) -> list[Suspect]:
    """Return the rows whose labels are doubtful: split after split, the least credible labels first.

    Args:
        examples: The examples.
        probabilities: (examples, classes), by classifiers that were not trained on the row.
        label_names: The name of each label id.
        cleanlab: Let cleanlab's `find_label_issues` choose the rows.
    """
    labels = np.array([example.label for example in examples])
    ranked = rank_suspect_labels(
        probabilities,
        labels,
        groups=[SPLITS.index(example.split) for example in examples],
        rows=_chosen_by_cleanlab(labels, probabilities) if cleanlab else None,
    )
    return [
        Suspect(
            examples[each.row],
            label_names[labels[each.row]],
            label_names[each.suggested],
            each.label_probability,
            each.suggested_probability,
        )
        for each in ranked
    ]


def describe_suspects(suspects: Sequence[Suspect], *, judged: int, judge: str) -> DoubtfulLabels:
    """Return finding D008.

    Args:
        suspects: The rows whose labels are doubtful, at least one.
        judged: The number of rows that were judged.
        judge: What the classifiers learned from, in words.
    """
    share = len(suspects) / judged
    by_split = split_sizes([suspect.example for suspect in suspects])
    listed = ", ".join(f"{count:,} in {split}" for split, count in by_split.items())
    notes = [
        f"{suspect.label}, rather {suspect.suggested} ({percent(suspect.suggested_probability)})"
        for suspect in suspects
    ]
    return DoubtfulLabels(
        "D008",
        "warning" if share >= _MANY else "info",
        f"{counted(len(suspects), 'label')}, {percent(share)} of all, look doubtful ({listed})",
        len(suspects),
        tuple(suspect.example.flag(note) for suspect, note in zip(suspects, notes, strict=True)),
        f"{_READ}, and stop where the labels are right. Classifiers on {judge} that were not trained on the "
        "text are confident of another class; difficult texts are among them.",
        tuple(suspects),
    )


def _chosen_by_cleanlab(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> list[int]:
    from cleanlab.filter import find_label_issues

    known, positions = np.unique(labels, return_inverse=True)
    issues = find_label_issues(
        positions, probabilities[:, known], return_indices_ranked_by="self_confidence", n_jobs=1
    )
    return [int(row) for row in issues]
