"""Which method is best for a classifier, and how far off it is: tested on rows that are shifted on purpose.

In each shift, one half of the held-out rows stands for validation, and new texts are drawn from the other:
with other shares of labels, from one side of the features, the easy or the hard ones, or damaged copies,
by a kind of damage that the methods have seen in half of these shifts. As the labels are known, so is the
error of each method. In: the reference, described. Out: shifts, the best method, and a model of the errors.
Does not know new texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.watching.correctness import ESTIMATORS, USUAL, Evidence, Guess, JudgedRows, calibrated
from textune.watching.expected_f1 import expected_macro_f1, true_macro_f1, with_mean
from textune.watching.reference import Decisions

SHIFTS = 120
_MOST_ROWS = 2000
"""How many held-out rows take part, drawn at random."""
_COVERAGE = 0.975
"""The share of the shifts that lie within a 95 % interval: more than 95 %, as all of them come from the same
rows, and what chance did to these is the same in all shifts."""
_CLEAR = 3.0
"""By how many standard errors a method must be closer than the usual one: several are compared."""
_NORMAL = 1.96
"""Half the width of a 95 % interval, in standard deviations."""
_DAMAGE_KNOWN = 0.5
"""In which share of the shifts with damaged texts the methods have seen other texts with this damage."""


@dataclass(frozen=True)
class KnownRows:
    """Rows whose labels are known: held-out rows, or damaged copies; `rows` are the numbers of the former."""

    rows: NDArray[np.int64]
    judged: JudgedRows
    labels: NDArray[np.int64]

    def __getitem__(self, places: NDArray[np.int64]) -> KnownRows:
        return KnownRows(self.rows[places], self.judged[places], self.labels[places])

    @classmethod
    def concatenated(cls, parts: Sequence[KnownRows]) -> KnownRows:
        """Return the rows of all parts."""
        return cls(
            np.concatenate([part.rows for part in parts]),
            JudgedRows.concatenated([part.judged for part in parts]),
            np.concatenate([part.labels for part in parts]),
        )


@dataclass(frozen=True)
class PlantedShift:
    """What was true of a shift, and what each method said: the share of right decisions, and macro-F1."""

    share: float
    macro_f1: float
    before: float
    sizes: tuple[int, int]
    guesses: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class ErrorModel:
    """How far off a method is: 97.5 % of the shifts lie within `factor` times its spread.

    The spread has three parts: what chance does to the known rows, what it does to the new ones, and a share
    `slope` of the change that the method sees. The factors are quantiles of the shifts' errors in units of
    their own spreads (split conformal prediction, Lei et al. 2018, https://arxiv.org/abs/1604.04173).
    """

    slope: float
    factor: float
    macro_factor: float

    @classmethod
    def of(cls, shifts: Sequence[PlantedShift], method: str) -> ErrorModel:
        """Return the model of a method's errors."""
        errors = np.array([shift.guesses[method][0] - shift.share for shift in shifts])
        macro = np.array([shift.guesses[method][1] - shift.macro_f1 for shift in shifts])
        changes = np.array([shift.guesses[method][0] - shift.before for shift in shifts])
        chance = np.array([_chance(shift.before, shift.guesses[method][0], shift.sizes) for shift in shifts])
        beyond = ((errors**2 - chance) * changes**2).sum() / max(float((changes**4).sum()), 1e-12)
        slope = float(np.sqrt(np.clip(beyond, 0, 1)))
        spreads = np.sqrt(chance + (slope * changes) ** 2)
        rank = min(int(np.ceil((len(shifts) + 1) * _COVERAGE)), len(shifts)) - 1
        factor, macro_factor = (np.sort(np.abs(each) / spreads)[rank] for each in (errors, macro))
        return cls(slope, float(factor), float(macro_factor))

    def half_widths(self, share: float, before: float, sizes: tuple[int, int]) -> tuple[float, float]:
        """Return half the width of the intervals of an estimated share and macro-F1.

        Args:
            share: The estimate.
            before: The share of the known rows.
            sizes: How many known and how many new rows there are.
        """
        chance = _chance(before, share, sizes)
        spread = float(np.sqrt(chance + (self.slope * (share - before)) ** 2))
        # The shifts of rows that are all right have no errors, but other rows may have some.
        least = _NORMAL * float(np.sqrt(chance))
        return max(self.factor * spread, least), max(self.macro_factor * spread, least)


@dataclass(frozen=True)
class BackTest:
    """The shifts, and the method to use: the usual one, unless another was clearly closer on average."""

    shifts: Sequence[PlantedShift]
    errors: Mapping[str, float]
    chosen: str

    @classmethod
    def of(cls, shifts: Sequence[PlantedShift]) -> BackTest:
        """Return the mean absolute error of each method, and choose."""
        of_shifts = {
            key: np.array([abs(shift.guesses[key][0] - shift.share) for shift in shifts])
            for key in ESTIMATORS
        }
        errors = {key: float(each.mean()) for key, each in of_shifts.items()}
        best = min(errors, key=lambda key: errors[key])
        gain = of_shifts[USUAL] - of_shifts[best]
        is_clear = gain.mean() > _CLEAR * gain.std() / np.sqrt(len(shifts))
        return cls(shifts, errors, best if is_clear else USUAL)


def back_test(
    decisions: Decisions,
    held_out: KnownRows,
    damaged: Sequence[KnownRows],
    *,
    shifts: int = SHIFTS,
    seed: int = 0,
) -> BackTest:
    """Return what the methods say of shifts that are planted in known rows."""
    rng = np.random.default_rng(seed)
    if len(held_out.rows) > _MOST_ROWS:
        kept = np.sort(rng.permutation(len(held_out.rows))[:_MOST_ROWS])
        held_out, damaged = held_out[kept], [_copies_of(copies, held_out.rows[kept]) for copies in damaged]
    return BackTest.of([_try(decisions, held_out, damaged, number, rng) for number in range(shifts)])


def _try(
    decisions: Decisions,
    held_out: KnownRows,
    damaged: Sequence[KnownRows],
    number: int,
    rng: np.random.Generator,
) -> PlantedShift:
    order = rng.permutation(len(held_out.rows))
    known, rest = held_out[order[: len(order) // 2]], held_out[order[len(order) // 2 :]]
    kinds, kind = list(damaged), number % (2 * len(damaged) + 1)
    is_known = rng.random() < _DAMAGE_KNOWN
    new = rest[_draw(decisions, rest, rng)]
    if kind < len(kinds):
        copies = _copies_of(kinds[kind] if is_known else kinds.pop(kind), rest.rows)
        count = int(len(new.rows) * rng.choice([0.3, 1.0]))
        if len(copies.rows):
            drawn = copies[rng.integers(len(copies.rows), size=count)]
            new = KnownRows.concatenated([new[np.arange(len(new.rows) - count)], drawn])
    copies_of_known = (_copies_of(copies, known.rows).judged for copies in kinds)
    damaged_known = tuple(copies for copies in copies_of_known if len(copies))
    evidence = Evidence(decisions, known.judged, damaged_known, new.judged)
    guesses = {key: estimate(evidence) for key, (_, estimate) in ESTIMATORS.items()}
    return PlantedShift(
        share=float(new.judged.right.mean()),
        macro_f1=true_macro_f1(decisions, new.judged.probabilities, new.labels),
        before=float(known.judged.right.mean()),
        sizes=(len(known.rows), len(new.rows)),
        guesses={
            key: (
                guess.share,
                expected_macro_f1(decisions, new.judged.probabilities, row_probabilities(guess, evidence)),
            )
            for key, guess in guesses.items()
        },
    )


def row_probabilities(guess: Guess, evidence: Evidence) -> NDArray[np.float64]:
    """Return the probability that each new row is right; of a method that has none, calibrated ones."""
    if guess.of_rows is not None:
        return guess.of_rows
    of_rows = calibrated(evidence).of_rows
    assert of_rows is not None
    return with_mean(of_rows, guess.share)


def _draw(decisions: Decisions, rows: KnownRows, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return places of rows, drawn with replacement so that they differ from all rows in one respect."""
    strength = rng.choice([0.0, 0.5, 1.0, 2.0])
    respect = rng.integers(3)
    if respect == 0:
        of_labels = rng.normal(size=len(decisions.label_names))
        has = decisions.has(rows.labels)
        tilt = has @ of_labels / np.maximum(has.sum(axis=1), 1)
    elif respect == 1:
        coordinates = rows.judged.described.coordinates
        direction = rng.normal(size=coordinates.shape[1])
        tilt = coordinates @ (direction / np.linalg.norm(direction))
    else:
        odds = rows.judged.log_odds
        tilt = rng.choice([-0.5, 0.5]) * (odds - odds.mean()) / max(float(odds.std()), 1e-9)
    weights = np.exp(strength * np.clip(tilt, -4, 4))
    return rng.choice(len(rows.rows), len(rows.rows), p=weights / weights.sum())


def _copies_of(copies: KnownRows, rows: NDArray[np.int64]) -> KnownRows:
    return copies[np.flatnonzero(np.isin(copies.rows, rows))]


def _chance(before: float, share: float, sizes: tuple[int, int]) -> float:
    """Return the variance that chance gives to two shares, as if one more row were right, and one wrong."""
    known, new = sizes
    first, second = (before * known + 1) / (known + 2), (share * new + 1) / (new + 2)
    return first * (1 - first) / known + second * (1 - second) / new
