"""The loop with a person: the next text to ask about, and what happens to the answer.

In: a pool, its features as far as they are encoded, and the journal. Out: questions. An answer is in the
journal, and on the disk, before anything else happens; then the head is fitted again. A quarter of the
answers is about texts that are kept for testing: these are a random sample of the pool, the head never learns
from them, and they decide nothing about what is asked. Any number of threads may ask and answer.
"""

from __future__ import annotations

import copy
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.annotations.labelling_journal import NOT_SURE, SKIPPED, TEST, TRAIN, AnswerState
from textune.errors import RequestError
from textune.evaluation.suspects import MIN_ROWS, judges_well, rank_suspect_labels
from textune.formats.text_pairs import AnyText
from textune.labelling.answer_log import AnswerLog
from textune.labelling.choices import STRATEGY_NAMES
from textune.labelling.known_labels import KnownLabels, LabelTable
from textune.labelling.loop_head import FeatureScale, LoopHead
from textune.labelling.near_copies import NearCopies
from textune.labelling.pool import TEST_SHARE, Pool
from textune.labelling.pool_features import PoolFeatures
from textune.labelling.quality import (
    LabellingQuality,
    has_two_labels,
    measure_curve,
    measure_quality,
    predicted,
)
from textune.labelling.steadiness import COMPARED_TEXTS, Steadiness
from textune.labelling.strategies import RANDOM_START, STRATEGIES, Choosing, Coverage, take_random
from textune.wording import listed

FIRST_FEATURES = 64
"""How many texts are encoded before the first text is chosen."""
_SCALED_BY = 4096
_SECONDS_RESERVED = 900.0
"""How long a text that is shown to somebody is shown to nobody else."""
_MOST_CHECKED = 50
"""How many texts are looked at to find one that is not nearly the same as an answered one."""
_REPEAT_EVERY = 12
"""At most one in this many questions asks about a text once more."""
_FOLDS = 5
_NEW_ANSWERS_TO_JUDGE = 25


@dataclass(frozen=True)
class LabelQuestion:
    """A text to label: its number in the pool and its key.

    `is_test` says that the answer is for testing; no label is proposed then, so as not to sway it. A question
    that `is_repeat` was answered before by the same person, with `earlier` labels.
    """

    number: int
    key: str
    text: AnyText
    is_test: bool
    is_repeat: bool = False
    earlier: tuple[str, ...] = ()


class LabellingLoop:
    """The loop over a pool.

    Args:
        pool: The texts.
        log: The journal, which has a `start` event.
        features: The pool's features; None: they are not there yet, and texts come in random order.
        strategy: A name in `STRATEGIES`.
        seed: Decides draws.
    """

    def __init__(
        self,
        pool: Pool,
        log: AnswerLog,
        features: PoolFeatures | None = None,
        *,
        strategy: str = STRATEGY_NAMES[0],
        seed: int = 0,
    ) -> None:
        self.pool, self.log, self.features = pool, log, features
        self.lock = threading.RLock()
        self._strategy = STRATEGIES[strategy]
        self._rng = np.random.default_rng(seed)
        self._coverage = Coverage()
        self._copies = NearCopies(pool)
        self._copies_found: set[int] = set()
        self._shown: dict[int, tuple[str, float]] = {}
        self._head: LoopHead | None = None
        self._fitted_to, self._scaled_by = -1, 0
        self._steadiness = Steadiness()
        self._slips: list[int] = []
        self._judged_at = 0
        self._since_repeat = 0
        self._asked_again: set[tuple[str, str]] = set()
        self._table = LabelTable(log.state, pool)
        self.known = self._table.read()

    @property
    def state(self) -> AnswerState:
        """What the journal adds up to."""
        return self.log.state

    @property
    def head(self) -> LoopHead | None:
        """The head, fitted to all answers for training; None before there are two labels and features."""
        with self.lock:
            self._fit()
            return self._head if self._head is not None and self._head.is_fitted else None

    def next_question(self, who: str = "", *, window: str = "") -> LabelQuestion | None:
        """Return what to ask a person next, or None if there is nothing left.

        Two windows, as two people, are not shown the same text; a window that asks again has seen its text.
        """
        with self.lock:
            self._catch_up()
            if (again := self._repeat_for(who)) is not None:
                return again
            taken = self._taken(who, window)
            tests, trained = len(self.known.test), len(self.known.train) - self.known.given
            is_test = tests < TEST_SHARE * (tests + trained + 1)
            number = self._choose(taken, is_test=is_test)
            if number is None:
                number = self._choose(taken, is_test=not is_test)
            if number is None:
                return None
            self._shown[number] = f"{who} {window}", time.monotonic()
            return self._question(number)

    def question_of(self, key: str) -> LabelQuestion:
        """Return the question about a text that is named by its key."""
        if key not in self.pool.number_of:
            raise RequestError("There is no such text in the pool.", "Reload the page.")
        return self._question(self.pool.number_of[key])

    def answer(
        self,
        key: str,
        labels: Sequence[str] = (),
        *,
        who: str = "",
        verdict: str = "",
        event_id: str = "",
        is_repeat: bool = False,
        seconds: float = 0.0,
    ) -> str:
        """Record a person's answer about a text, and return its id once it is on the disk.

        An answer whose `event_id` was recorded before, as when a request is sent once more, counts once.

        Raises:
            RequestError: The text is not in the pool, there is no such label, or there are too many.
            StorageError: The journal cannot be written; the answer does not count.
        """
        with self.lock:
            self._catch_up()
            question = self.question_of(key)
            chosen = [self.state.current_name(label) for label in labels]
            self._check(chosen, verdict)
            # Whatever a client calls it: otherwise the same text would be asked about for ever.
            is_repeat = is_repeat or (key, who) in self._asked_again
            answer_id = event_id or secrets.token_hex(8)
            is_new = self.log.append(
                {
                    "event": "answer",
                    "id": answer_id,
                    "who": who,
                    "key": key,
                    "text": question.text,
                    "labels": [] if verdict else list(dict.fromkeys(chosen)),
                    **({"verdict": verdict} if verdict else {}),
                    "purpose": TEST if question.is_test else TRAIN,
                    **({"repeat": True} if is_repeat else {}),
                    **({"seconds": round(seconds, 1)} if seconds else {}),
                }
            )
            self._shown.pop(question.number, None)
            if is_new:
                self._since_repeat = 0 if is_repeat else self._since_repeat + 1
                self._update()
            return answer_id

    def skip(self, key: str, *, who: str = "", not_sure: bool = False, event_id: str = "") -> str:
        """Record that a person gives a text no label."""
        return self.answer(key, who=who, verdict=NOT_SURE if not_sure else SKIPPED, event_id=event_id)

    def undo(self, who: str = "", *, window: str = "") -> LabelQuestion | None:
        """Take a person's last answer back, and return its question; None: there is none."""
        with self.lock:
            self._catch_up()
            last = self.state.find(self.state.last_id_of(who))
            if last is None:
                return None
            self.log.append({"event": "undo", "of": last.id, "who": who})
            self._update()
            number = self.pool.number_of.get(last.key)
            if number is None:
                return None
            self._shown[number] = f"{who} {window}", time.monotonic()
            return self._question(number)

    def note(self, key: str, note: str, *, who: str = "") -> None:
        """Record a note about a text; an empty one takes it back."""
        with self.lock:
            self.question_of(key)
            self.log.append({"event": "note", "key": key, "note": note, "who": who})

    def add_label(self, name: str, *, who: str = "") -> None:
        """Add a label; raise a `RequestError` if there is one of that name, or the name is blank."""
        with self.lock:
            self._catch_up()
            name = self._checked_name(name)
            self.log.append({"event": "label", "name": name, "who": who})
            self._update()

    def rename_label(self, name: str, to: str, *, who: str = "", merge: bool = False) -> None:
        """Call a label otherwise; with `merge`, it may become one with the label of the new name."""
        with self.lock:
            self._catch_up()
            if name not in self.state.label_names:
                raise RequestError(f"There is no label '{name}'.", self._labels_hint())
            if not (merge and to in self.state.label_names):
                to = self._checked_name(to)
            self.log.append({"event": "rename", "name": name, "to": to, "who": who})
            self._update()

    def probabilities_of(self, number: int) -> NDArray[np.float64] | None:
        """Return the probabilities (classes,) of a text's labels, or None while the head knows nothing."""
        head = self.head
        if head is None or self.features is None or number >= self.features.count:
            return None
        rows = self.features.matrix[number : number + 1]
        probabilities: NDArray[np.float64] = head.probabilities(rows)[0]
        return probabilities

    def measure(self, *, with_curve: bool = True) -> LabellingQuality | None:
        """Return how good the classifier is by now; None while it knows nothing."""
        features = self.features
        with self.lock:
            head, known = copy.copy(self.head), self.known
            if head is None or features is None:
                return None
            unchanged, count, named = (
                self._steadiness.unchanged(),
                features.count,
                self._features_of_names(known),
            )
        matrix, kept = features.matrix[:count], np.flatnonzero(self.pool.is_test[:count])
        curve = measure_curve(known, head, matrix, named=named) if with_curve else ()
        return measure_quality(known, head, matrix, of_pool=kept, unchanged=unchanged, curve=curve)

    def find_slips(self) -> int:
        """Look for answers that are probably slips, which are asked once more; return how many there are.

        Only answers for training are looked at: a test set that is corrected where the classifier disagrees
        would flatter it.
        """
        with self.lock:
            features, known = self.features, self.known
            if features is None or known.kind.is_multi_label or self._head is None:
                return 0
            train = known.train.below(features.count)
            if len(train) < MIN_ROWS or len(train) - self._judged_at < _NEW_ANSWERS_TO_JUDGE:
                return len(self._slips)
            self._judged_at = len(train)
            head, rows, named = self._head, features.matrix[train.numbers], self._features_of_names(known)
        probabilities = head.held_out(rows, train.labels, len(known.label_names), named, folds=_FOLDS)
        slips = (
            rank_suspect_labels(probabilities, train.labels)
            if judges_well(probabilities, train.labels)
            else []
        )
        with self.lock:
            self._slips = [int(train.numbers[slip.row]) for slip in slips]
            return len(self._slips)

    def _catch_up(self) -> None:
        """Take in what other processes have written."""
        if self.log.refresh():
            self._update()

    def _update(self) -> None:
        self.known = self._table.read()
        self._fitted_to = -1

    def _fit(self) -> None:
        """Fit the head to the answers for training, unless it is fitted to them already."""
        features, known = self.features, self.known
        if features is None or features.count < min(FIRST_FEATURES, len(self.pool)):
            return
        train = known.train.below(features.count)
        if self._fitted_to == len(train) and self._head is not None:
            return
        # The scale is that of the first texts, and final as soon as these are enough.
        if self._head is None or (features.count != self._scaled_by and self._scaled_by < _SCALED_BY):
            self._scaled_by = features.count
            self._head = LoopHead(FeatureScale.of(features.matrix[:_SCALED_BY]), known.kind)
        if has_two_labels(train, known):
            named = self._features_of_names(known)
            self._head.fit(features.matrix[train.numbers], train.labels, len(known.label_names), named)
            if self._steadiness.wants(len(train)):
                self._steadiness.add(len(train), predicted(self._head, features.matrix[:COMPARED_TEXTS]))
        self._fitted_to = len(train)

    def _features_of_names(self, known: KnownLabels) -> NDArray[np.float32] | None:
        """Return the features (classes, width) of the names of these labels, if a head can read them."""
        if self.features is None or known.kind.is_multi_label:
            return None
        return self.features.of_names(known.label_names)

    def _choose(self, taken: NDArray[np.bool_], *, is_test: bool) -> int | None:
        """Return the number of the next text of its kind that is not nearly the same as an answered one."""
        free = np.flatnonzero(~taken & (self.pool.is_test == is_test))
        features, answered, ranked = self.features, self.known.answered, free
        # The order of the pool is random, and needs no head: whoever asks for it gets it fitted.
        if not (is_test or self._strategy is take_random or len(self.known.train) < RANDOM_START):
            ranked = self._by_strategy(free)
        if features is None:
            return int(ranked[0]) if len(ranked) else None
        for number in ranked[:_MOST_CHECKED].tolist():
            if not self._copies.is_one(number, answered, features.matrix, features.lengths):
                return int(number)
            self._copies_found.add(number)
        return None

    def _by_strategy(self, free: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return some of the free texts for training, the best first."""
        features = self.features
        self._fit()
        if features is None or self._head is None:
            return free
        free = free[free < features.count]
        choosing = Choosing(
            features.matrix, features.lengths, free, self.known, self._head, self._rng, self._coverage
        )
        return self._strategy(choosing) if len(free) else free

    def _taken(self, who: str, window: str) -> NDArray[np.bool_]:
        """Return which texts are answered, shown to somebody, or nearly the same as an answered one."""
        taken = np.zeros(len(self.pool), dtype=bool)
        taken[self.known.answered] = True
        taken[list(self._copies_found)] = True
        now = time.monotonic()
        self._shown = {
            number: shown for number, shown in self._shown.items() if now - shown[1] < _SECONDS_RESERVED
        }
        own = f"{who} {window}"
        taken[[number for number, (other, _) in self._shown.items() if other != own]] = True
        return taken

    def _repeat_for(self, who: str) -> LabelQuestion | None:
        """Return a question about an answer of the person that is probably a slip, once, and rarely."""
        if self._since_repeat < _REPEAT_EVERY:
            return None
        asked = {first.key for first, _ in self.state.repeats.values()}
        for number in self._slips:
            key = self.pool.keys[number]
            mine = self.state.answer_of(key, who)
            if mine is not None and mine.has_labels and mine.purpose == TRAIN and key not in asked:
                self._asked_again.add((key, who))
                return LabelQuestion(number, key, self.pool.texts[number], False, True, mine.labels)
        return None

    def _question(self, number: int) -> LabelQuestion:
        return LabelQuestion(
            number, self.pool.keys[number], self.pool.texts[number], bool(self.pool.is_test[number])
        )

    def _check(self, labels: Sequence[str], verdict: str) -> None:
        if verdict:
            return
        if unknown := [label for label in labels if label not in self.state.label_names]:
            raise RequestError(f"There is no label '{unknown[0]}'.", self._labels_hint())
        if not self.state.is_multi and len(labels) != 1:
            raise RequestError(
                f"A text has one label here, not {len(labels)}.", "Give one, or skip the text."
            )

    def _checked_name(self, name: str) -> str:
        name = " ".join(name.split())
        if not name:
            raise RequestError("A label needs a name.", "Give it one.")
        if name in self.state.label_names:
            raise RequestError(f"There is a label '{name}' already.", "Choose another name.")
        return name

    def _labels_hint(self) -> str:
        return f"The labels are: {listed(self.state.label_names, most=20)}."


def start_event(labels: Sequence[str], *, is_multi: bool, seed: int) -> dict[str, Any]:
    """Return the first event of a journal; of several, the first counts."""
    return {"event": "start", "labels": list(labels), "multi": is_multi, "seed": seed}
