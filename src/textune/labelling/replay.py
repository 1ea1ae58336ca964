"""What the loop would have saved on texts that are labelled already: no person, no waiting.

In: labelled texts with their features, and labelled texts to measure on. Every strategy is asked for texts as
in a real labelling, a quarter of them for testing, and gets their labels as answers. Out: macro-F1 by the
number of answers, over seeds, and how many answers reach what random order reaches. Does not know where the
data comes from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from textune.context import Context
from textune.data.dataset import Split
from textune.encoder.placement import one_thread
from textune.evaluation.intervals import Interval, percentile_interval
from textune.labelling.answer_log import AnswerLog
from textune.labelling.asking import LabellingLoop, start_event
from textune.labelling.choices import STRATEGY_NAMES
from textune.labelling.pool import Pool, key_of
from textune.labelling.quality import macro_f1_of

RANDOM = "random"
"""The strategy that others are compared with."""
BUDGETS = (10, 20, 30, 40, 50, 75, 100, 125, 150, 175, 200, 250, 300, 350, 400, 450, 500)
"""The numbers of answers after which the classifier is measured, as far as the pool has texts for them."""
_RESAMPLES = 2000
_MOST_OF_POOL = 0.8


class EncodedPool:
    """The features of a pool, and perhaps those of the labels' names, all there; as `PoolFeatures`."""

    def __init__(self, matrix: NDArray[np.float32], named: NDArray[np.float32] | None = None) -> None:
        self.matrix, self._named = matrix, named
        self.lengths: NDArray[np.float32] = np.maximum(np.linalg.norm(matrix, axis=1), 1e-6)

    @property
    def count(self) -> int:
        """How many texts are encoded."""
        return len(self.matrix)

    def of_names(self, names: Sequence[str]) -> NDArray[np.float32] | None:
        """Return the features (names, width) of the labels' names, which are those of the pool."""
        assert self._named is None or len(self._named) == len(names)
        return self._named


@dataclass(frozen=True)
class ReplayedLabels:
    """Labelled texts to choose from and to measure on, with their features (texts, width).

    `named` are the features (classes, width) of the labels' names; without them, the names are not read.
    """

    pool: Split
    pool_features: NDArray[np.float32]
    test: Split
    test_features: NDArray[np.float32]
    label_names: Sequence[str]
    is_multi: bool = False
    named: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class ReplayResult:
    """Macro-F1 (seeds, budgets) by strategy, after as many answers as `budgets` (budgets,) says."""

    budgets: Sequence[int]
    macro_f1: Mapping[str, NDArray[np.float64]]

    def difference(self, strategy: str) -> tuple[NDArray[np.float64], list[Interval]]:
        """Return how far the mean macro-F1 is above that of random order, (budgets,), and the intervals."""
        differences = self.macro_f1[strategy] - self.macro_f1[RANDOM]
        means = differences.mean(axis=0)
        drawn = self._resampled(differences)
        return means, [
            percentile_interval(drawn[:, place], mean) for place, mean in enumerate(means.tolist())
        ]

    def answers_needed(self, strategy: str, *, budget: int) -> tuple[float, Interval]:
        """Return after how many answers a strategy reaches what random order reaches after `budget`.

        Infinity: it does not. The interval is over seeds.
        """
        place = list(self.budgets).index(budget)
        own, goal = self.macro_f1[strategy], self.macro_f1[RANDOM][:, place]
        rng = np.random.default_rng(0)
        rows = rng.integers(len(own), size=(_RESAMPLES, len(own)))
        needed = [self._reaches(own[drawn].mean(axis=0), float(goal[drawn].mean())) for drawn in rows]
        value = self._reaches(own.mean(axis=0), float(goal.mean()))
        finite = np.nan_to_num(np.array(needed), posinf=2.0 * self.budgets[-1])
        low, high = percentile_interval(finite, min(value, 2.0 * self.budgets[-1]))
        return value, (low, high if high <= self.budgets[-1] else np.inf)

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        last = self.budgets[-1]
        strategies = {}
        for name, values in self.macro_f1.items():
            needed, interval = self.answers_needed(name, budget=last)
            differences, intervals = self.difference(name)
            strategies[name] = {
                "macro_f1": values.mean(axis=0).round(4).tolist(),
                "macro_f1_by_seed": values.round(4).tolist(),
                "difference_from_random": differences.round(4).tolist(),
                "difference_ci95": [[round(low, 4), round(high, 4)] for low, high in intervals],
                "answers_for_same_macro_f1": _finite(needed),
                "answers_for_same_macro_f1_ci95": [_finite(end) for end in interval],
            }
        return {"answers": list(self.budgets), "strategies": strategies}

    def _reaches(self, curve: NDArray[np.float64], goal: float) -> float:
        """Return how many answers it takes a curve (budgets,) to reach a value, also between budgets."""
        above = np.flatnonzero(curve >= goal)
        if not len(above):
            return np.inf
        place = int(above[0])
        if place == 0:
            return float(self.budgets[0])
        low, high = curve[place - 1], curve[place]
        part = (goal - low) / (high - low)
        return float(self.budgets[place - 1] + part * (self.budgets[place] - self.budgets[place - 1]))

    def _resampled(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        rows = np.random.default_rng(0).integers(len(values), size=(_RESAMPLES, len(values)))
        means: NDArray[np.float64] = values[rows].mean(axis=1)
        return means


def budgets_for(pool: int, most: int) -> list[int]:
    """Return the numbers of answers to measure at: at most `most`, and not nearly all texts of the pool."""
    most = min(most, int(pool * _MOST_OF_POOL))
    return [*(budget for budget in BUDGETS if budget < most), most]


def replay_labels(
    data: ReplayedLabels,
    *,
    strategies: Sequence[str] = (STRATEGY_NAMES[0], RANDOM),
    most_answers: int = 500,
    seeds: int = 10,
    ctx: Context,
) -> ReplayResult:
    """Label a labelled pool again, by each strategy and with each seed, and measure after some answers."""
    budgets = budgets_for(len({key_of(text) for text in data.pool.texts}), most_answers)
    names = list(dict.fromkeys([*strategies, RANDOM]))
    result = {name: np.zeros((seeds, len(budgets))) for name in names}
    done, total = 0, len(names) * seeds * budgets[-1]
    # The products are small: threads that share one wait for each other longer than they compute.
    with threadpool_limits(limits=1), one_thread():
        for seed, name in product(range(seeds), names):
            loop, labels = _loop_of(data, name, seed)
            for count in range(1, budgets[-1] + 1):
                question = loop.next_question()
                assert question is not None
                loop.answer(question.key, labels[question.key])
                if count in budgets:
                    result[name][seed, budgets.index(count)] = _measure(loop, data)
                done += 1
                ctx.advance(done, total, unit="answers", figures=f"{name}, seed {seed}")
    return ReplayResult(budgets, result)


def _loop_of(data: ReplayedLabels, strategy: str, seed: int) -> tuple[LabellingLoop, dict[str, list[str]]]:
    """Return a loop over the pool, and the labels of its texts by their keys."""
    pool, names = Pool.of(data.pool.texts, seed=seed), data.label_names
    row_of = {key_of(text): row for row, text in enumerate(data.pool.texts)}
    rows = [row_of[key] for key in pool.keys]
    log = AnswerLog(None)
    log.append({**start_event(names, is_multi=data.is_multi, seed=seed), "id": "start"})
    features: Any = EncodedPool(data.pool_features[rows], data.named)
    given = {
        key: _names_in(data.pool.labels[row], names, is_multi=data.is_multi)
        for key, row in zip(pool.keys, rows, strict=True)
    }
    return LabellingLoop(pool, log, features, strategy=strategy, seed=seed), given


def _names_in(label: NDArray[np.int64], names: Sequence[str], *, is_multi: bool) -> list[str]:
    """Return the names of a text's label id, or of the labels in its row."""
    return [names[place] for place in (np.flatnonzero(label == 1).tolist() if is_multi else [int(label)])]


def _measure(loop: LabellingLoop, data: ReplayedLabels) -> float:
    head = loop.head
    return 0.0 if head is None else macro_f1_of(head, data.test_features, data.test.labels)


def _finite(value: float) -> float | None:
    return round(value, 1) if np.isfinite(value) else None
