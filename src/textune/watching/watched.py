"""What is said of new texts in all: estimates, words that tell them apart, and which of them to label.

In: an open run, and texts. Out: a `Watched`. Does not know where texts come from, nor what is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textune.audit.shift import telling_words
from textune.context import Context
from textune.watching.estimating import Watch
from textune.watching.label_correction import choose_telling
from textune.watching.new_texts import NewTexts
from textune.watching.reference import WatchedRows
from textune.watching.texts_to_label import TellingText
from textune.watching.watch_result import WatchResult
from textune.watching.watched_run import WatchedRun
from textune.wording import counted

TELLING = 50
"""How many texts to label are named."""
_TOLD_APART = 0.6
"""From which area under the ROC curve on, words are named that tell the texts apart."""
_TRAIN_TEXTS = 20_000
_FEW_TEXTS = 200
"""With fewer texts, chance decides much of an estimate."""


@dataclass(frozen=True)
class Watched:
    """What watching says of new texts.

    Attributes:
        run: The run's folder.
        source: The name of the source of the texts.
        total: How many texts the source has; the result's are a sample, if they are fewer.
        result: Estimates, moved labels and more.
        words: Words that are clearly more frequent in the new texts than in those of training.
        to_label: The texts whose labels would tell most.
    """

    run: str
    source: str
    total: int
    result: WatchResult
    words: Sequence[str]
    to_label: Sequence[TellingText]

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        document = {"run": self.run, "source": self.source, "total": self.total, **self.result.to_json()}
        document["domain"] |= {"words": list(self.words)}
        return {**document, "to_label": [text.to_json() for text in self.to_label]}


def watch_texts(opened: WatchedRun, texts: NewTexts, *, source: str, ctx: Context) -> Watched:
    """Return what can be said of new texts."""
    train_texts = opened.train_texts()
    reference = opened.reference(train_texts, ctx)
    ctx.stage("Encoding the new texts")
    rows = WatchedRows(*opened.read(texts.texts, ctx, called=source), texts.labels)
    ctx.stage("Testing the estimate on shifts of validation")
    watch = Watch.of(reference)
    ctx.stage("Estimating")
    result = watch.estimate(rows)
    if len(rows) < _FEW_TEXTS:
        ctx.note(f"With {counted(len(rows), 'text')}, chance decides much: {_FEW_TEXTS} or more tell more.")
    words = list[str]()
    if result.domain_interval[0] > _TOLD_APART:
        some = train_texts[:_TRAIN_TEXTS]
        words = telling_words([*some, *texts.texts], np.arange(len(some) + len(rows)) >= len(some))
    return Watched(
        str(opened.run.path), source, texts.total, result, words, _to_label(opened, texts, rows, result)
    )


def _to_label(
    opened: WatchedRun, texts: NewTexts, rows: WatchedRows, result: WatchResult
) -> list[TellingText]:
    chosen = choose_telling(result.of_rows, result.outside, rows.labelled, count=TELLING)
    given, names = opened.decisions.given(rows.probabilities[chosen]), opened.decisions.label_names
    return [
        TellingText(
            texts.texts[row],
            "; ".join(names[place] for place in np.flatnonzero(of_row).tolist()),
            None if result.outside[row] else float(result.of_rows[row]),
        )
        for row, of_row in zip(chosen.tolist(), given, strict=True)
    ]
