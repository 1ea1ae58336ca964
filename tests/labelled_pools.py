"""Pools with answers, built in code: texts whose label is a word in them, and features that show it.

In: numbers of texts and labels. Out: a `LabellingLoop` over features that need no encoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textune.labelling.answer_log import AnswerLog
from textune.labelling.asking import LabellingLoop, LabelQuestion, start_event
from textune.labelling.pool import Pool

NAMES = ("anger", "joy", "sadness")
_WIDTH = 12


class ReadyFeatures:
    """Features (texts, width) that are there from the beginning, and perhaps those of the labels' names."""

    def __init__(self, matrix: Any, named: Any = None) -> None:
        self.matrix, self.named = matrix.astype(np.float32), named
        self.lengths = np.linalg.norm(self.matrix, axis=1)

    def of_names(self, names: Sequence[str]) -> Any:
        """Return those of the first labels, and zeros for labels that joined later."""
        if self.named is None:
            return None
        joined = max(0, len(names) - len(self.named))
        return np.pad(self.named, ((0, joined), (0, 0)))[: len(names)]

    @property
    def count(self) -> int:
        """All of them."""
        return len(self.matrix)


def label_in(text: str, names: Sequence[str] = NAMES) -> str:
    """Return the label that a text of `made_texts` has."""
    return next(name for name in names if name in text)


def made_texts(count: int, *, seed: int = 0, names: Sequence[str] = NAMES) -> list[str]:
    """Return texts that are all different, each with one label's name among random words."""
    rng = np.random.default_rng(seed)
    texts = []
    for number in range(count):
        words = ["".join(map(chr, rng.integers(97, 123, 6))) for _ in range(6)]
        texts.append(" ".join([names[number % len(names)], *words]))
    return texts


def made_loop(
    count: int = 200,
    *,
    folder: Path | None = None,
    multi: bool = False,
    names: Sequence[str] = NAMES,
    strategy: str = "herding",
    noise: float = 0.3,
    named: bool = False,
) -> LabellingLoop:
    """Return a loop over made texts, whose features are their label's direction and some noise.

    With `named`, the features of a label's name are its direction.
    """
    pool = Pool.of(made_texts(count, names=names), seed=0)
    rng = np.random.default_rng(1)
    directions = rng.normal(size=(len(names), _WIDTH))
    labels = [names.index(label_in(str(text), names)) for text in pool.texts]
    features = ReadyFeatures(
        directions[labels] + noise * rng.normal(size=(len(pool), _WIDTH)),
        directions.astype(np.float32) if named else None,
    )
    log = AnswerLog(folder)
    log.append({**start_event(names, is_multi=multi, seed=0), "id": "start"})
    return LabellingLoop(pool, log, features, strategy=strategy)  # type: ignore[arg-type]


def answer_rightly(loop: LabellingLoop, count: int, *, who: str = "") -> list[LabelQuestion]:
    """Answer questions with the labels in their texts, and return them."""
    asked = []
    for _ in range(count):
        question = loop.next_question(who)
        assert question is not None
        loop.answer(
            question.key,
            [label_in(str(question.text), loop.state.label_names)],
            who=who,
            is_repeat=question.is_repeat,
        )
        asked.append(question)
    return asked
