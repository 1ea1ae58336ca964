"""What the answers so far say about the pool: which texts are labelled, with what, and what for.

In: an `AnswerState` and a `Pool`. Out: `KnownLabels`, numbers of texts and their labels. Several people's
answers about a text are joined as those in an export of an annotation tool.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.annotations.consensus import join_answers, join_label_sets
from textune.annotations.labelling_journal import GIVEN, TEST, TRAIN, AnswerState, PersonAnswer
from textune.annotations.registry import Answer
from textune.data.dataset import UNKNOWN
from textune.labelling.pool import Pool
from textune.tasks.label_kind import LabelKind
from textune.tasks.multi_label import MULTI
from textune.tasks.single_label import SINGLE


@dataclass(frozen=True)
class LabelledTexts:
    """Numbers of texts in the pool (texts,), and their labels as in `Split`."""

    numbers: NDArray[np.int64]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.numbers)

    def first(self, count: int) -> LabelledTexts:
        """Return the texts that were labelled first."""
        return LabelledTexts(self.numbers[:count], self.labels[:count])

    def below(self, count: int) -> LabelledTexts:
        """Return the texts with a number below a count, such as that of the features that there are."""
        here = self.numbers < count
        return LabelledTexts(self.numbers[here], self.labels[here])


@dataclass(frozen=True)
class KnownLabels:
    """The labelled texts in the order of their answers: those to learn from, and those for testing.

    `passed` are numbers of texts with an answer but no label: skipped, not sure, or disputed.
    The first `given` texts to learn from were labelled before the labelling began.
    """

    label_names: tuple[str, ...]
    kind: LabelKind
    train: LabelledTexts
    test: LabelledTexts
    passed: NDArray[np.int64]
    given: int

    @property
    def answered(self) -> NDArray[np.int64]:
        """The numbers of all texts with an answer."""
        return np.concatenate([self.train.numbers, self.test.numbers, self.passed])

    def counts(self, part: LabelledTexts) -> NDArray[np.int64]:
        """Return how many of some texts have each label, (classes,)."""
        if self.kind.is_multi_label:
            return np.asarray((part.labels == 1).sum(axis=0), dtype=np.int64)
        return np.bincount(part.labels, minlength=len(self.label_names))


class LabelTable:
    """What the answers of a journal say about a pool; answers about other texts do not count."""

    def __init__(self, state: AnswerState, pool: Pool) -> None:
        self._state, self._pool = state, pool
        self._read_with: tuple[tuple[str, ...], bool] | None = None
        self._labels: dict[int, tuple[str, NDArray[np.int64] | int | None]] = {}

    def read(self) -> KnownLabels:
        """Return what is known now; only texts with new answers are looked at again."""
        state, names = self._state, tuple(self._state.label_names)
        if self._read_with == (names, state.is_multi):
            changed = list(state.changed)
        else:
            self._labels, self._read_with, changed = {}, (names, state.is_multi), state.keys()
        state.changed.clear()
        id_of = {name: number for number, name in enumerate(names)}
        for key in changed:
            if (number := self._pool.number_of.get(key)) is None:
                continue
            self._labels.pop(number, None)
            if answers := state.answers_about(key):
                label = _label_of(answers, names, id_of, is_multi=state.is_multi)
                self._labels[number] = _purpose_of(answers), label
        classes = len(names) if state.is_multi else 0
        by_purpose = {
            purpose: [(number, label) for number, (own, label) in self._labels.items() if own == purpose]
            for purpose in (GIVEN, TRAIN, TEST)
        }
        known = {
            purpose: [each for each in texts if each[1] is not None] for purpose, texts in by_purpose.items()
        }
        return KnownLabels(
            names,
            MULTI if state.is_multi else SINGLE,
            train=_texts(known[GIVEN] + known[TRAIN], classes=classes),
            test=_texts(known[TEST], classes=classes),
            passed=np.array(
                [number for number, (_, label) in self._labels.items() if label is None], dtype=np.int64
            ),
            given=len(known[GIVEN]),
        )


def _purpose_of(answers: Sequence[PersonAnswer]) -> str:
    purposes = {answer.purpose for answer in answers}
    return next((purpose for purpose in (TEST, TRAIN) if purpose in purposes), GIVEN)


def _texts(texts: Sequence[tuple[int, Any]], *, classes: int) -> LabelledTexts:
    shape = (len(texts), classes) if classes else (len(texts),)
    return LabelledTexts(
        np.array([number for number, _ in texts], dtype=np.int64),
        np.array([label for _, label in texts], dtype=np.int64).reshape(shape),
    )


def _label_of(
    answers: Sequence[PersonAnswer], names: Sequence[str], id_of: Mapping[str, int], *, is_multi: bool
) -> NDArray[np.int64] | int | None:
    """Return the label id of a text, or the row of its labels; None: there is none."""
    if len(answers) == 1:  # Nearly all texts; joining takes longer.
        (answer,) = answers
        if not answer.has_labels or not (answer.labels or is_multi):
            return None
        chosen, unknown = answer.labels, tuple[str, ...]()
    else:
        given = [
            Answer(each.labels, each.verdict, each.who, has_none="yes" if each.has_labels else "no")
            for each in answers
        ]
        if is_multi:
            chosen, unknown, reason, _ = join_label_sets(given, names)
        else:
            chosen, reason, _ = join_answers(given)
            unknown = ()
        if reason:
            return None
    if not is_multi:
        return id_of[chosen[0]]
    row = np.zeros(len(names), dtype=np.int64)
    row[[id_of[name] for name in chosen]] = 1
    row[[id_of[name] for name in unknown]] = UNKNOWN
    return row
