"""From the reference and new rows to what can be said of them: the whole of watching, on arrays.

    watch = Watch.of(reference)
    result = watch.estimate(WatchedRows(features, probabilities))

`Watch.of` takes seconds, and `estimate` takes less, so a server keeps the first. Does not know texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.intervals import Interval
from textune.evaluation.metrics import metrics_of
from textune.watching.back_testing import BackTest, ErrorModel, KnownRows, back_test, row_probabilities
from textune.watching.correctness import ESTIMATORS, Evidence, JudgedRows
from textune.watching.descriptors import Descriptors
from textune.watching.domain import tell_apart
from textune.watching.expected_f1 import expected_macro_f1, with_mean
from textune.watching.label_correction import FEWEST_LABELS, USEFUL, CorrectedShare, correct_share, labels_for
from textune.watching.label_moves import measure_moves
from textune.watching.reference import Decisions, WatchedRows, WatchReference
from textune.watching.support import SeenRows, Support, measure_support
from textune.watching.watch_result import EstimatedMetric, LabelEvidence, MethodResult, WatchResult

MOST_UNKNOWN = 0.02
"""By how much the share of right decisions may be wrong because of texts that are unlike any that was met."""
_MISSED = 2.0
"""How many such texts there may be for each that is recognised."""
_NOTHING_KNOWN = 0.5
_FEWEST_TO_DIVIDE = 1000
_MOST_BESIDE = 3000
"""How many training rows, beside the held-out rows, new texts are compared with."""


@dataclass(frozen=True)
class Watch:
    """A reference that is prepared for estimates.

    `familiar` are rows beside which others are strange or not: those held out and, if the encoder did not
    learn, some of training.
    """

    reference: WatchReference
    descriptors: Descriptors
    familiar: SeenRows
    held_out: KnownRows
    damaged: tuple[KnownRows, ...]
    back_test: BackTest
    seed: int

    @classmethod
    def of(cls, reference: WatchReference, *, seed: int = 0, shifts: int | None = None) -> Watch:
        """Prepare a reference: describe its rows, and test the methods on shifts of them."""
        told_by, beside = _divided(reference, seed=seed)
        train, probabilities = reference.train_features, reference.train_probabilities
        unlearned = np.concatenate([reference.features, train[beside]])
        descriptors = Descriptors(train[told_by], unlearned, seed=seed)
        rows = np.arange(len(reference))
        held_out = _known_rows(reference, descriptors, rows, reference.features, reference.probabilities)
        kinds = [
            _known_rows(reference, descriptors, copies.rows, copies.features, copies.probabilities)
            for copies in reference.damaged
        ]
        options = {} if shifts is None else {"shifts": shifts}
        tested = back_test(reference.decisions, held_out, kinds, seed=seed, **options)
        familiar = SeenRows(
            descriptors.describe(unlearned), np.concatenate([reference.probabilities, probabilities[beside]])
        )
        return cls(reference, descriptors, familiar, held_out, tuple(kinds), tested, seed)

    def estimate(self, rows: WatchedRows) -> WatchResult:
        """Return what can be said of new rows."""
        decisions, known = self.reference.decisions, self.held_out.judged
        described = self.descriptors.describe(rows.features)
        unknown = np.zeros(len(rows), dtype=bool)
        confidence = decisions.confidence(rows.probabilities)
        new = JudgedRows(described, rows.probabilities, confidence, unknown)
        damaged = tuple(copies.judged for copies in self.damaged)
        evidence = Evidence(decisions, known, damaged, new)
        guesses = {key: method(evidence) for key, (_, method) in ESTIMATORS.items()}
        chosen = guesses[self.back_test.chosen]
        of_rows = row_probabilities(chosen, evidence)
        copies = [SeenRows(each.described, each.probabilities) for each in damaged]
        seen = SeenRows(described, rows.probabilities)
        support = measure_support(self.familiar, copies, seen, seed=self.seed)
        at_stake = _at_stake(support, of_rows)
        errors = ErrorModel.of(self.back_test.shifts, self.back_test.chosen)
        sizes, before = (len(known), len(rows)), float(known.right.mean())
        half_width, macro_half_width = errors.half_widths(chosen.share, before, sizes)
        refusal = _refuse(support) if at_stake > MOST_UNKNOWN else ""
        prior = _NOTHING_KNOWN if refusal else half_width
        corrected = self._correct(rows, of_rows, prior)
        macro_at_stake = at_stake
        if len(rows.labelled) >= FEWEST_LABELS:
            of_rows, refusal, at_stake = with_mean(of_rows, corrected.share), "", 0.0
            # Of several labels, macro-F1 does not follow from which rows are right.
            if not decisions.kind.is_multi_label:
                macro_half_width, macro_at_stake = macro_half_width * corrected.half_width / half_width, 0.0
        macro = expected_macro_f1(decisions, rows.probabilities, of_rows)
        share_ends = _interval(corrected.share, corrected.half_width, at_stake)
        macro_ends = _interval(macro, macro_half_width, macro_at_stake)
        on_validation = _on_validation(self.reference)
        values = {decisions.metric: (corrected.share, share_ends), "macro_f1": (macro, macro_ends)}
        estimates = {key: EstimatedMetric(*each, on_validation[key]) for key, each in values.items()}
        if len(rows.labelled) == len(rows):
            refusal, estimates = "", _measured_metrics(decisions, rows, estimates)
        auc, auc_interval = tell_apart(known.described.joined, described.joined, seed=self.seed).auc()
        labelled = rows.labelled
        return WatchResult(
            texts=len(rows),
            metric=decisions.metric,
            estimates={} if refusal else estimates,
            refusal=refusal,
            outside_share=support.outside_share,
            methods=[
                MethodResult(
                    key, title, guesses[key].share, self.back_test.errors[key], key == self.back_test.chosen
                )
                for key, (title, _) in ESTIMATORS.items()
            ],
            labels=measure_moves(self.reference, rows, ~support.strange),
            domain_auc=auc,
            domain_interval=auc_interval,
            evidence=LabelEvidence(
                len(labelled),
                labels_for(USEFUL) if refusal else corrected.more_to_halve,
                _measured(self.reference, rows, labelled),
            ),
            of_rows=of_rows,
            outside=support.strange,
        )

    def _correct(self, rows: WatchedRows, of_rows: NDArray[np.float64], half_width: float) -> CorrectedShare:
        labelled = rows.labelled
        if rows.labels is None or not len(labelled):
            right = np.empty(0, dtype=bool)
        else:
            right = self.reference.decisions.right(rows.probabilities[labelled], rows.labels[labelled])
        return correct_share(of_rows, half_width, labelled, right)


def _divided(reference: WatchReference, *, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of training rows by which others are described, and of those that are familiar."""
    count = len(reference.train_features)
    if not reference.encoder_is_frozen or count < _FEWEST_TO_DIVIDE:
        return np.arange(count), np.arange(0)
    order = np.random.default_rng(seed).permutation(count)
    beside = min(count // 2, _MOST_BESIDE)
    return np.sort(order[beside:]), np.sort(order[:beside])


def _known_rows(
    reference: WatchReference,
    descriptors: Descriptors,
    rows: NDArray[np.int64],
    features: NDArray[np.float32],
    probabilities: NDArray[np.float64],
) -> KnownRows:
    labels, decisions = reference.labels[rows], reference.decisions
    judged = JudgedRows(
        descriptors.describe(features),
        probabilities,
        decisions.confidence(probabilities),
        decisions.right(probabilities, labels),
    )
    return KnownRows(rows, judged, labels)


def _at_stake(support: Support, of_rows: NDArray[np.float64]) -> float:
    """Return by how much the estimate falls if texts that are unlike any that was met are all wrong."""
    if not support.strange.any():
        return 0.0
    return support.outside_share * float(of_rows[support.strange].mean())


def _refuse(support: Support) -> str:
    return (
        f"No estimate: about {support.outside_share:.0%} of these texts are unlike any that the run has met, "
        "so nothing is known of how they are classified."
    )


def _interval(value: float, half_width: float, at_stake: float) -> Interval:
    return max(0.0, value - half_width - _MISSED * at_stake), min(1.0, value + half_width)


def _measured_metrics(
    decisions: Decisions, rows: WatchedRows, estimates: Mapping[str, EstimatedMetric]
) -> dict[str, EstimatedMetric]:
    """Return metrics as measured on rows that all have labels, in place of their estimates."""
    assert rows.labels is not None
    metrics = metrics_of(decisions.kind.problem_type)
    scores = [decisions.scores(rows.probabilities)]
    return {
        key: EstimatedMetric(
            metrics[key].measure(scores, rows.labels)[0],
            metrics[key].interval(scores, rows.labels, samples=0, seed=0),  # These are not resampled.
            estimate.on_validation,
        )
        for key, estimate in estimates.items()
    }


def _on_validation(reference: WatchReference) -> dict[str, float]:
    """Return what the run's own metrics are on the held-out rows."""
    decisions = reference.decisions
    scores = decisions.scores(reference.probabilities, reference.own_decisions)
    metrics = metrics_of(decisions.kind.problem_type)
    keys = (decisions.metric, "macro_f1")
    return {key: metrics[key].measure([scores], reference.labels)[0] for key in keys}


def _measured(
    reference: WatchReference, rows: WatchedRows, labelled: Sequence[int] | NDArray[np.int64]
) -> float | None:
    if rows.labels is None or not len(labelled):
        return None
    right = reference.decisions.right(rows.probabilities[labelled], rows.labels[labelled])
    return float(right.mean())
