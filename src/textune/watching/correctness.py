"""Estimates of the share of right decisions without labels, each from a classifier's confidence.

In: rows that are labelled, damaged copies of them, and new rows. Out: the estimate of each method, and for
most of them the probability that each new row is right. A method is a function with an entry in `ESTIMATORS`.
Does not know which of them is best.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from textune.tasks import multi_label
from textune.watching.descriptors import Described
from textune.watching.domain import tell_apart
from textune.watching.label_shares import with_own_shares
from textune.watching.logistic import fit_logistic
from textune.watching.reference import Decisions

_CALIBRATED = np.array([25.0, 25.0])
"""How strongly the intercept and the slope are drawn to those of calibrated confidences."""
_LOOSE = 5.0
"""How strongly other coefficients are drawn to what is expected."""
_FREE = 1e-3
_FURTHEST = 6.0
"""Up to which distance damage is taken to grow, in standard deviations of held-out rows."""
_LARGEST_RATIO = 4.0
"""The largest logarithm of a density ratio."""
_DAMAGED_WEIGHT = 0.5
"""What a damaged copy counts: it is not a new text."""
_FEW_ROWS = 2.0
"""By how many rows the share of damaged texts is drawn to 0."""
_ROUNDS = 200
_FURTHEST_ODDS = 30.0


@dataclass(frozen=True)
class JudgedRows:
    """Rows with probabilities (rows, classes), the confidence of each decision, and which are right (rows,).

    Where it is not known which are right, nothing reads it.
    """

    described: Described
    probabilities: NDArray[np.float64]
    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.confidence)

    def __getitem__(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> JudgedRows:
        return JudgedRows(
            self.described[rows], self.probabilities[rows], self.confidence[rows], self.right[rows]
        )

    @classmethod
    def concatenated(cls, parts: list[JudgedRows]) -> JudgedRows:
        """Return the rows of all parts."""
        return cls(
            Described.concatenated([part.described for part in parts]),
            np.concatenate([part.probabilities for part in parts]),
            np.concatenate([part.confidence for part in parts]),
            np.concatenate([part.right for part in parts]),
        )

    @property
    def log_odds(self) -> NDArray[np.float64]:
        """The log-odds of the confidences, (rows,)."""
        return multi_label.log_odds(self.confidence)


@dataclass(frozen=True)
class Evidence:
    """What a method may use: labelled rows, damaged copies of them by kind of damage, and new rows.

    Nothing reads which of the new rows are right.
    """

    decisions: Decisions
    held_out: JudgedRows
    damaged: tuple[JudgedRows, ...]
    new: JudgedRows

    @cached_property
    def usual_line(self) -> NDArray[np.float64]:
        """The intercept and slope that calibrate the log-odds of labelled rows."""
        rows = self.held_out
        return fit_logistic(_line(rows), rows.right, pull=_CALIBRATED, expected=np.array([0.0, 1.0]))

    @cached_property
    def density_ratios(self) -> list[NDArray[np.float64]]:
        """How much denser new rows are at each labelled row and at each copy; the mean of each kind is 1."""
        kinds = [self.held_out, *self.damaged]
        known = np.concatenate([kind.described.joined for kind in kinds])
        odds = tell_apart(known, self.new.described.joined, folds=2).known
        ratios = np.exp(np.clip(odds, -_LARGEST_RATIO, _LARGEST_RATIO))
        of_kinds = np.split(ratios, np.cumsum([len(kind) for kind in kinds])[:-1])
        return [of_kind / max(float(of_kind.mean()), 1e-9) for of_kind in of_kinds]

    @cached_property
    def damage(self) -> NDArray[np.float64]:
        """The probability that each new row has each kind of damage, (new rows, kinds).

        The shares of the kinds are those by which the rows are most probable (Saerens, Latinne & Decaestecker
        2002, https://doi.org/10.1162/089976602753284446).
        """
        if not self.damaged:
            return np.zeros((len(self.new), 0))
        odds = np.column_stack([self._odds_of(copies) for copies in self.damaged])
        densities = np.column_stack(
            [np.ones(len(odds)), np.exp(np.clip(odds, -_FURTHEST_ODDS, _FURTHEST_ODDS))]
        )
        shares, kinds = np.full(densities.shape[1], 1 / densities.shape[1]), densities
        for _ in range(_ROUNDS):
            kinds = densities * shares
            kinds /= kinds.sum(axis=1, keepdims=True)
            before = shares
            shares = kinds.sum(axis=0)
            shares[0] += _FEW_ROWS
            shares /= shares.sum()
            if np.abs(shares - before).max() < 1e-5:
                break
        return kinds[:, 1:]

    @cached_property
    def by_own_shares(self) -> NDArray[np.float64]:
        """The confidence of each new row if labels have the shares that undamaged new rows tell of."""
        new, known = self.new.probabilities, self.held_out.probabilities
        undamaged = np.clip(1 - self.damage.sum(axis=1), 0.0, 1.0)
        adjusted = with_own_shares(new, known, self.decisions.kind, undamaged)
        return self.decisions.probability_of(self.decisions.given(new), adjusted)

    @cached_property
    def by_damage(self) -> NDArray[np.float64]:
        """The probability that each new row is right if it has each kind of damage, (new rows, kinds)."""
        of_kinds = [
            multi_label.probabilities(_with_distances(self.new) @ self._damaged_line(copies, weights))
            for copies, weights in zip(self.damaged, self.density_ratios[1:], strict=True)
        ]
        return np.column_stack(of_kinds) if of_kinds else np.zeros((len(self.new), 0))

    def mixed(self, undamaged: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability that each new row is right (new rows,), by what it is if undamaged."""
        change = (self.damage * (self.by_damage - undamaged[:, None])).sum(axis=1)
        return np.asarray(np.clip(undamaged + change, 0.0, 1.0))

    def _damaged_line(self, copies: JudgedRows, ratios: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the coefficients of one kind of damage: first of all copies, then of those like new rows."""
        columns = _with_distances(copies)
        line, pull = np.zeros(columns.shape[1]), np.full(columns.shape[1], _LOOSE)
        line[: len(self.usual_line)] = self.usual_line
        for weights in (np.ones(len(copies)), ratios):
            line = fit_logistic(
                columns, copies.right, weights=_DAMAGED_WEIGHT * weights, pull=pull, expected=line
            )
        return line

    def _odds_of(self, copies: JudgedRows) -> NDArray[np.float64]:
        """Return the logarithm of how much denser copies are than labelled rows at each new row."""
        rows = JudgedRows.concatenated([self.held_out, copies])
        counts = np.array([len(self.held_out), len(copies)])
        columns = _for_damage(rows)
        pull = np.append(np.full(columns.shape[1] - 1, _LOOSE), _FREE)
        weights = np.repeat(counts.min() / counts, counts)
        is_copy = np.arange(len(rows)) >= counts[0]
        return _for_damage(self.new) @ fit_logistic(columns, is_copy, weights=weights, pull=pull)


@dataclass(frozen=True)
class Guess:
    """A method's estimate of the share of right decisions, and the probability of each row, if it has any."""

    share: float
    of_rows: NDArray[np.float64] | None = None

    @classmethod
    def mean(cls, of_rows: NDArray[np.float64]) -> Guess:
        """Return the mean of the rows' probabilities."""
        return cls(float(of_rows.mean()), of_rows)


def above_threshold(evidence: Evidence) -> Guess:
    """Return the share above the confidence that as many labelled rows exceed as are right (ATC).

    Garg et al. 2022, https://arxiv.org/abs/2201.04234.
    """
    held_out = evidence.held_out
    count = int(held_out.right.sum())
    threshold = np.sort(held_out.confidence)[::-1][count - 1] if count else np.inf
    return Guess(float((evidence.new.confidence >= threshold).mean()))


def difference_of_confidences(evidence: Evidence) -> Guess:
    """Return the share of the labelled rows plus the difference of the mean confidences (DoC).

    Guillory et al. 2021, https://arxiv.org/abs/2107.03315.
    """
    change = evidence.new.confidence.mean() - evidence.held_out.confidence.mean()
    return Guess(float(np.clip(evidence.held_out.right.mean() + change, 0, 1)))


def calibrated(evidence: Evidence) -> Guess:
    """Return the mean calibrated confidence, as CBPE of NannyML does."""
    return Guess.mean(multi_label.probabilities(_line(evidence.new) @ evidence.usual_line))


def reweighted(evidence: Evidence) -> Guess:
    """Return the mean confidence, calibrated on known rows that count as much as new ones are like them.

    This is PAPE (Białek et al. 2024, https://arxiv.org/abs/2401.08348) with damaged copies among the known
    rows. They have a line of their own, for new rows that are probably damaged: of a usual text that is as
    confident, more would be right.
    """
    return Guess.mean(_reweighted(evidence))


def by_own_shares(evidence: Evidence) -> Guess:
    """Return the mean calibrated confidence, once labels have the shares that they have among new rows.

    Damaged rows are as for `reweighted`.
    """
    return Guess.mean(_by_own_shares(evidence))


def mean_of_two(evidence: Evidence) -> Guess:
    """Return the mean of the first two methods: what moved may be the texts, or the shares of the labels."""
    return Guess.mean((_reweighted(evidence) + _by_own_shares(evidence)) / 2)


USUAL = "mean"
"""The method to use where no other is clearly better."""
ESTIMATORS: dict[str, tuple[str, Callable[[Evidence], Guess]]] = {
    "reweighted": ("confidence, calibrated where the new texts are", reweighted),
    "shares": ("confidence, by the labels' shares among the new texts", by_own_shares),
    "mean": ("mean of these two", mean_of_two),
    "calibrated": ("calibrated confidence", calibrated),
    "doc": ("difference of confidences", difference_of_confidences),
    "atc": ("average thresholded confidence", above_threshold),
}
"""The methods by key, each with its title."""


def _reweighted(evidence: Evidence) -> NDArray[np.float64]:
    rows, weights = evidence.held_out, evidence.density_ratios[0]
    line = fit_logistic(
        _line(rows), rows.right, weights=weights, pull=_CALIBRATED, expected=evidence.usual_line
    )
    return evidence.mixed(multi_label.probabilities(_line(evidence.new) @ line))


def _by_own_shares(evidence: Evidence) -> NDArray[np.float64]:
    new = replace(evidence.new, confidence=evidence.by_own_shares)
    return evidence.mixed(multi_label.probabilities(_line(new) @ evidence.usual_line))


def _line(rows: JudgedRows) -> NDArray[np.float64]:
    return np.column_stack([np.ones(len(rows)), rows.log_odds])


def _with_distances(rows: JudgedRows) -> NDArray[np.float64]:
    """Return the columns of `_line`, the distances, and the first of them times the log-odds."""
    far = np.clip(rows.described.distances, 0, _FURTHEST)
    return np.column_stack([_line(rows), far, far[:, 0] * rows.log_odds])


def _for_damage(rows: JudgedRows) -> NDArray[np.float64]:
    return np.column_stack([rows.described.joined, np.ones(len(rows))])
