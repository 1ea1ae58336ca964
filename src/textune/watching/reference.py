"""What new texts are compared with: the held-out rows of a run, and what its training has met.

In: arrays, wherever they come from: a run, a server's log, a benchmark. Out: `WatchReference` and
`WatchedRows`, checked once. Does not know texts, files or encoders.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import UNKNOWN
from textune.errors import DataError
from textune.evaluation.label_scores import LabelScores, right_rows
from textune.tasks import multi_label, single_label
from textune.tasks.label_kind import LabelKind

FEWEST_ROWS = 50
"""The fewest held-out rows by which an estimate can be tested."""
NOT_LABELLED = -1
"""The class id of a new text without a label; of several labels, all are `UNKNOWN` then."""
_LEAST, _MOST = 1e-4, 1 - 1e-4


@dataclass(frozen=True)
class Decisions:
    """What a classifier decides by its probabilities: one label per text, or several.

    Attributes:
        label_names: The classes, in the order of the probabilities.
        kind: What a label is.
        thresholds: From which probability a text gets a label (classes,), where it can have several.
    """

    label_names: tuple[str, ...]
    kind: LabelKind
    thresholds: NDArray[np.float64] | None = None

    @property
    def metric(self) -> str:
        """The key of the metric that is the share of right decisions."""
        return "exact_match" if self.kind.is_multi_label else "accuracy"

    def given(self, probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which labels each row gets, (rows, classes)."""
        if self.kind.is_multi_label:
            usual = multi_label.USUAL_THRESHOLD
            return multi_label.decide(probabilities, usual if self.thresholds is None else self.thresholds)
        rows = np.zeros(probabilities.shape, dtype=bool)
        rows[np.arange(len(rows)), single_label.decide(probabilities)] = True
        return rows

    def scores(
        self, probabilities: NDArray[np.float64], own: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64] | LabelScores:
        """Return what metrics measure; the labels of rows are their `own`, if there are any."""
        if not self.kind.is_multi_label:
            return probabilities
        return LabelScores(probabilities, self.given(probabilities) if own is None else own)

    def right(self, probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which rows (rows,) are decided as they are labelled; each has a label."""
        if self.kind.is_multi_label:
            return right_rows(LabelScores(probabilities, self.given(probabilities)), labels)
        return np.asarray(single_label.decide(probabilities) == labels)

    def has(self, labels: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which labels each row has, (rows, classes)."""
        if self.kind.is_multi_label:
            return np.asarray(labels == 1)
        return np.asarray(labels[:, None] == np.arange(len(self.label_names)))

    def confidence(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability (rows,) that each decision is right, strictly between 0 and 1.

        Several labels count as independent of each other, so theirs is a score rather than a probability.
        """
        return self.probability_of(self.given(probabilities), probabilities)

    def probability_of(
        self, given: NDArray[np.bool_], probabilities: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the probability (rows,) of what each row is `given`, as `confidence` does."""
        if self.kind.is_multi_label:
            of_cells = np.clip(np.where(given, probabilities, 1 - probabilities), _LEAST, 1.0)
            values = np.exp(np.log(of_cells).sum(axis=1))
        else:
            values = probabilities[given]
        clipped: NDArray[np.float64] = np.clip(values, _LEAST, _MOST)
        return clipped


@dataclass(frozen=True)
class DamagedRows:
    """Copies of held-out rows whose texts were damaged in one way, such as by typing errors.

    Attributes:
        rows: The number of the held-out row that each is a copy of, (copies,).
        features: What the classifier makes of the copies, (copies, width).
        probabilities: Its probabilities, (copies, classes).
    """

    rows: NDArray[np.int64]
    features: NDArray[np.float32]
    probabilities: NDArray[np.float64]


@dataclass(frozen=True)
class WatchReference:
    """Labelled rows that a classifier did not learn from, and rows that it did.

    Attributes:
        decisions: What the classifier decides.
        features: What it makes of each held-out row before its head, (rows, width).
        probabilities: Its calibrated probabilities, (rows, classes).
        labels: Class ids (rows,) or, if there can be several, 1, 0 or -1 for unknown, (rows, classes).
        train_features: Those of rows that it learned from, (train rows, width); a sample is enough.
        train_probabilities: Its probabilities of these, (train rows, classes).
        damaged: Damaged copies of held-out rows, one entry per kind of damage.
        encoder_is_frozen: Whether the encoder did not learn: then rows of training look to it as others do.
        own_decisions: The labels that held-out rows get by thresholds that were chosen without them, (rows,
            classes), if there can be several: what the run's own metrics count. None: those by `decisions`.
    """

    decisions: Decisions
    features: NDArray[np.float32]
    probabilities: NDArray[np.float64]
    labels: NDArray[np.int64]
    train_features: NDArray[np.float32]
    train_probabilities: NDArray[np.float64]
    damaged: tuple[DamagedRows, ...] = ()
    encoder_is_frozen: bool = False
    own_decisions: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        if len(self.labels) < FEWEST_ROWS:
            raise DataError(
                f"The run has {len(self.labels)} validation rows. An estimate is tested on them, for which "
                f"there must be at least {FEWEST_ROWS}.",
                "Train with more validation rows: --set data.validation_fraction=0.2, or more data.",
            )

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Which rows (rows,) are decided as they are labelled."""
        return self.decisions.right(self.probabilities, self.labels)

    @cached_property
    def confidence(self) -> NDArray[np.float64]:
        """The confidence of each decision, (rows,)."""
        return self.decisions.confidence(self.probabilities)


@dataclass(frozen=True)
class WatchedRows:
    """New texts as a classifier sees them: features (rows, width) and probabilities (rows, classes).

    `labels` are as in `WatchReference`, where some are known; `NOT_LABELLED` stands for the others.
    """

    features: NDArray[np.float32]
    probabilities: NDArray[np.float64]
    labels: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if not len(self.probabilities):
            raise DataError("There are no texts to watch.", "Give a source with texts.")

    def __len__(self) -> int:
        return len(self.probabilities)

    @cached_property
    def labelled(self) -> NDArray[np.int64]:
        """The numbers of the rows whose labels are known."""
        if self.labels is None:
            return np.empty(0, dtype=np.int64)
        known = self.labels != NOT_LABELLED if self.labels.ndim == 1 else (self.labels != UNKNOWN).any(axis=1)
        return np.flatnonzero(known)
