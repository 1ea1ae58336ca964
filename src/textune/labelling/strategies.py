"""What to ask next: the text of which the answer says most about the rest of the pool.

`herding` is uncertainty herding (Bae et al. 2025, https://arxiv.org/abs/2412.20644): every text counts as
much as the head is unsure of it, and the text is chosen that brings most of that nearer to an answered text.
While little is known, that is a cover of the pool by typical texts; later, it is the most uncertain texts,
but never two alike. Here, a text also counts more if its probable labels have few answers, so that rare ones
are sought. The first texts come in random order (`RANDOM_START`); from `COVER_PER_LABEL` answers per label
on, the pool is covered, and what is most uncertain is asked, as by `margin`. That takes the text with the
smallest difference between the two most probable labels, `badge` draws texts by the length and direction of
the gradient that they would cause (Ash et al. 2020, https://arxiv.org/abs/1906.03671), and `random` takes
what comes. Compared in docs/experiments.md.

In: features, what is answered, and the head. Out: the number of a text. Does not know texts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from textune.encoder.placement import one_thread
from textune.labelling.known_labels import KnownLabels
from textune.labelling.loop_head import LoopHead
from textune.tasks import multi_label, single_label

RANDOM_START = 8
"""How many texts for training are asked about in random order, whatever the strategy.

Of a few typical texts, a head learns less than of a few random ones (docs/experiments.md).
"""
CANDIDATES = 2000
"""How many texts, drawn at random, are compared for every choice."""
_KEPT = 0.9
"""The share of the candidates of `herding` that stay for the next choice."""
COVERED = 2000
"""How many texts stand for the pool in `herding`."""
COVER_PER_LABEL = 20
"""From how many answers for training per label on `herding` only looks for what is uncertain."""
RADIUS = 0.5
"""How far an answer reaches: the standard deviation of a Gaussian of the distance of unit vectors."""


class Coverage:
    """What `herding` keeps from one choice to the next: its candidates, and how near answers are to the pool.

    The pool is stood for by its first texts, which are as good as drawn at random. A tenth of the candidates
    are new at every choice, so that only a tenth of the distances are computed.
    """

    def __init__(self) -> None:
        self._candidates = np.empty(0, dtype=np.int64)
        self._reach = np.empty((0, 0), dtype=np.float32)
        self._nearest = np.empty(0, dtype=np.float32)
        self._answered: set[int] = set()

    def gains(self, choosing: Choosing) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return candidates, and what each adds to each of the pool's first texts (candidates, covered)."""
        covered = min(COVERED, len(choosing.features))
        if len(self._nearest) != covered:
            self._candidates, self._answered = np.empty(0, dtype=np.int64), set()
            self._nearest = np.zeros(covered, dtype=np.float32)
            self._reach = np.empty((0, covered), dtype=np.float32)
        self._renew_candidates(choosing, covered)
        self._take_answers(choosing, covered)
        return self._candidates, np.maximum(self._reach - self._nearest, 0)

    def _renew_candidates(self, choosing: Choosing, covered: int) -> None:
        is_free = np.zeros(len(choosing.features), dtype=bool)
        is_free[choosing.free] = True
        stays = is_free[self._candidates]
        stays[: len(self._candidates) - int(CANDIDATES * _KEPT)] = False  # The oldest come first.
        is_free[self._candidates[stays]] = False
        others, room = np.flatnonzero(is_free), CANDIDATES - int(stays.sum())
        new = others if len(others) <= room else choosing.rng.choice(others, room, replace=False)
        self._candidates = np.concatenate([self._candidates[stays], new])
        self._reach = np.concatenate([self._reach[stays], _kernel(choosing.cosines(new, slice(covered)))])

    def _take_answers(self, choosing: Choosing, covered: int) -> None:
        answered = set(choosing.known.train.below(len(choosing.features)).numbers.tolist())
        if not answered >= self._answered:  # An answer was undone.
            self._nearest, self._answered = np.zeros(covered, dtype=np.float32), set()
        if new := sorted(answered - self._answered):
            reach = _kernel(choosing.cosines(np.array(new, dtype=np.int64), slice(covered)))
            self._nearest = np.maximum(self._nearest, reach.max(axis=0))
            self._answered = answered


@dataclass(frozen=True)
class Choosing:
    """What a strategy chooses by.

    Attributes:
        features: Those of the pool's texts that are encoded, (texts, width); `lengths` are theirs, (texts,).
        free: The numbers of the texts to choose from, all of them encoded.
        known: What is answered.
        head: The head, fitted to the answers for training, or not fitted yet.
        rng: Draws.
        coverage: What `herding` remembers of one choice for the next.
    """

    features: NDArray[np.float32]
    lengths: NDArray[np.float32]
    free: NDArray[np.int64]
    known: KnownLabels
    head: LoopHead
    rng: np.random.Generator
    coverage: Coverage

    def candidates(self) -> NDArray[np.int64]:
        """Return some of the texts to choose from, drawn at random."""
        if len(self.free) <= CANDIDATES:
            return self.free
        return self.rng.choice(self.free, CANDIDATES, replace=False, shuffle=False)

    def cosines(self, first: NDArray[np.int64], second: NDArray[np.int64] | slice) -> NDArray[np.float32]:
        """Return the cosines (first, second) of texts' features; those of a slice are not copied."""
        scale = self.lengths[first][:, None] * self.lengths[second]
        cosines: NDArray[np.float32] = _product(self.features[first], self.features[second].T) / scale
        return cosines


Strategy = Callable[[Choosing], NDArray[np.int64]]
"""Returns some of the texts to choose from, the best first."""


def take_random(choosing: Choosing) -> NDArray[np.int64]:
    """Return texts in the order of the pool, which is random, and needs no head."""
    return choosing.free


def take_least_margin(choosing: Choosing) -> NDArray[np.int64]:
    """Return the texts of least confidence first; typical ones while the head knows few labels."""
    if not _knows_labels(choosing):
        return take_by_herding(choosing)
    candidates = choosing.candidates()
    return _ranked(candidates, _worth(choosing, candidates))


def take_by_gradient(choosing: Choosing) -> NDArray[np.int64]:
    """Return texts drawn by how far the gradients that they would cause are from the last answers'."""
    if not _knows_labels(choosing):
        return take_by_herding(choosing)
    candidates, last = choosing.candidates(), choosing.known.train.numbers[-_RECENT:]
    gradients, of_last = (_residuals(choosing, numbers) for numbers in (candidates, last))
    # The gradient is the residual times the features: its products are those of both.
    likeness = (gradients @ of_last.T) * (1 + choosing.cosines(candidates, last))
    squares = 2 * (gradients**2).sum(axis=1)[:, None] + 2 * (of_last**2).sum(axis=1)
    distances = np.maximum(squares - 2 * likeness, 1e-12).min(axis=1)
    # The largest of exponential variates with these rates is the order of draws without replacement.
    return _ranked(candidates, -choosing.rng.exponential(size=len(candidates)) / distances)


def take_by_herding(choosing: Choosing) -> NDArray[np.int64]:
    """Return the texts first that bring most of what is uncertain near to an answered text."""
    enough = COVER_PER_LABEL * len(choosing.known.label_names)
    if choosing.head.is_fitted and len(choosing.known.train) >= enough:
        return take_least_margin(choosing)
    candidates, gains = choosing.coverage.gains(choosing)
    worth = np.ones(gains.shape[1])
    if choosing.head.is_fitted:
        worth = _worth(choosing, slice(gains.shape[1])) ** 2
    return _ranked(candidates, _product(gains, worth.astype(np.float32)))


STRATEGIES: dict[str, Strategy] = {
    "herding": take_by_herding,
    "margin": take_least_margin,
    "badge": take_by_gradient,
    "random": take_random,
}
"""The strategies by name, as `STRATEGY_NAMES` lists them."""
_RECENT = 20
_FEWEST_ANSWERS = 20


def _knows_labels(choosing: Choosing) -> bool:
    enough = max(_FEWEST_ANSWERS, len(choosing.known.label_names))
    return choosing.head.is_fitted and len(choosing.known.train) >= enough


def _worth(choosing: Choosing, numbers: NDArray[np.int64] | slice) -> NDArray[np.float64]:
    """Return how uncertain the head is of texts (texts,), more for labels with few answers."""
    probabilities = choosing.head.probabilities(choosing.features[numbers])
    few = 1 / (1 + choosing.known.counts(choosing.known.train)[: probabilities.shape[1]])
    if choosing.known.kind.is_multi_label:
        uncertain = 1 - 2 * np.abs(probabilities - multi_label.USUAL_THRESHOLD)
        return np.asarray((uncertain * few).sum(axis=1), dtype=np.float64)
    top = np.partition(probabilities, -2, axis=1)[:, -2:]
    margins: NDArray[np.float64] = (1 - (top[:, 1] - top[:, 0])) * (probabilities @ few)
    return margins


def _residuals(choosing: Choosing, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the probable labels minus the probabilities (texts, classes)."""
    probabilities = choosing.head.probabilities(choosing.features[numbers])
    if choosing.known.kind.is_multi_label:
        return multi_label.decide(probabilities) - probabilities
    return np.eye(probabilities.shape[1])[single_label.decide(probabilities)] - probabilities


def _product(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a matrix product by torch, whose threads do not wait for each other on a busy computer."""
    with one_thread():
        product: NDArray[np.float32] = (torch.from_numpy(first) @ torch.from_numpy(second)).numpy()
    return product


def _kernel(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    kernel: NDArray[np.float32] = np.exp((cosines - 1) / np.float32(RADIUS**2))
    return kernel


def _ranked(numbers: NDArray[np.int64], scores: Sequence[float] | NDArray[np.floating]) -> NDArray[np.int64]:
    return numbers[np.argsort(-np.asarray(scores), kind="stable")]
