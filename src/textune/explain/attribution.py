"""Which words led to a decision: each word's weight, by leaving it out.

In: a function from texts, or pairs of texts, to probabilities, and texts. Out: an `Explanation` of each text,
with the words of both texts of a pair. Does not know where the probabilities come from, so it works with any
runtime; `gradients.py` looks inside a torch classifier.

Occlusion (Zeiler & Fergus 2014, https://arxiv.org/abs/1311.2901; Li et al. 2016,
https://arxiv.org/abs/1612.08220): a word's weight is how much the label's probability falls without it. It
says what the classifier used, not what is true. Words that can replace each other each weigh little.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.explain.words import Span, find_words, without_words
from textune.formats.text_pairs import AnyText, TextPair, characters_of, sides_of, text_fields
from textune.tasks import multi_label, single_label

PredictProba = Callable[[Sequence[Any]], NDArray[np.float64]]
"""From texts, or pairs, to probabilities (texts, classes)."""

MAX_PARTS = 100
"""The maximum number of parts to leave out; in a longer text, a part is several words in a row."""

_BATCH_CHARACTERS = 25_000
"""Characters that are predicted together: about 6,000 tokens, less than a second's work."""


@dataclass(frozen=True)
class Word:
    """A word or several symbols in a row, its place in characters, and how much it raises the probability."""

    word: str
    start: int
    end: int
    weight: float


@dataclass(frozen=True)
class Explanation:
    """The words that led to a label, and the label's probability.

    Of a pair, `words` are those of the first text, and `words_pair` those of the second one. `truncated`: the
    text is longer than the model reads, so some of its words weigh nothing. `others` are the explanations of
    the text's other labels, if it can have several; None: it cannot. `other` says whether the text belongs
    to none of the classes; None: that is not known.
    """

    text: AnyText
    label: str
    score: float
    words: tuple[Word, ...]
    truncated: bool = False
    others: tuple[Explanation, ...] | None = None
    words_pair: tuple[Word, ...] = ()
    other: bool | None = None

    @property
    def sides(self) -> tuple[tuple[str, tuple[Word, ...]], ...]:
        """The text and its words, or both texts of a pair and theirs."""
        return tuple(zip(sides_of(self.text), (self.words, self.words_pair), strict=False))

    @property
    def largest_weight(self) -> float:
        """The largest weight, whatever its sign, of all words; 1 if no word weighs anything."""
        return max((abs(word.weight) for word in self.words + self.words_pair), default=0.0) or 1.0

    def to_json(self) -> dict[str, Any]:
        """Return the explanation as JSON values.

        `text_pair` and `words_pair` are there for pairs, `others` if the text can have several labels, and
        `other` if it is known whether the text belongs to none of the classes.
        """
        whole = {**text_fields(self.text), **self._of_label(), "truncated": self.truncated}
        if self.other is not None:
            whole["other"] = self.other
        if self.others is None:
            return whole
        return {**whole, "others": [other._of_label() for other in self.others]}

    def _of_label(self) -> dict[str, Any]:
        words = {"words": self.words, "words_pair": self.words_pair}
        if isinstance(self.text, str):
            del words["words_pair"]
        weighed = {name: [asdict(word) for word in each] for name, each in words.items()}
        return {"label": self.label, "score": self.score, **weighed}


@dataclass(frozen=True)
class Occlusion:
    """A text, or a pair, and the spans of each side that are left out in turn.

    The spans are words, or runs of words in a long text.
    """

    text: AnyText
    spans: tuple[tuple[Span, ...], ...]

    @property
    def parts(self) -> int:
        """The number of spans."""
        return sum(map(len, self.spans))

    def versions(self) -> Iterator[AnyText]:
        """Yield the text, and then the text without each of the spans."""
        yield self.text
        for place, (side, spans) in enumerate(zip(sides_of(self.text), self.spans, strict=True)):
            for span in spans:
                yield _with_side(self.text, place, without_words(side, [span]))


def occlude(text: AnyText, *, most: int = MAX_PARTS) -> Occlusion:
    """Return the spans of a text to leave out in turn, at most `most` spans.

    The two texts of a pair share them by their numbers of words.

    Example:
        >>> list(occlude("so happy today", most=2).versions())
        ['so happy today', 'today', 'so happy ']
        >>> occlude(TextPair("so happy", "why")).spans
        (((0, 2), (3, 8)), ((0, 3),))
    """
    words = [find_words(side) for side in sides_of(text)]
    numbers = list(map(len, words))
    if sum(numbers) > most:
        first = most * numbers[0] // sum(numbers)
        if len(numbers) > 1:  # Each text has a part, if there are two.
            first = min(max(first, min(1, numbers[0])), most - min(1, numbers[1]))
        numbers = [first, most - first]
    runs = (_runs(each, number) for each, number in zip(words, numbers, strict=False))
    return Occlusion(text, tuple(map(tuple, runs)))


def _runs(words: Sequence[Span], number: int) -> list[Span]:
    """Return the spans of this many runs of neighbouring words, or of the words if there are fewer."""
    if not number or len(words) <= number:
        return list(words[:number])
    runs = np.array_split(np.arange(len(words)), number)
    return [(words[run[0]][0], words[run[-1]][1]) for run in runs]


def _with_side(text: AnyText, place: int, side: str) -> AnyText:
    if isinstance(text, str):
        return side
    return TextPair(side, text.second) if place == 0 else TextPair(text.first, side)


def weigh(
    occlusion: Occlusion,
    probabilities: NDArray[np.float64],
    *,
    label_names: Sequence[str],
    label: str | None = None,
    thresholds: NDArray[np.float64] | None = None,
) -> Explanation:
    """Return the explanation of a label, by default the most probable one.

    Args:
        occlusion: The text.
        probabilities: Those of `occlusion.versions()`, (versions, classes).
        label_names: The classes' names.
        label: The label to explain.
        thresholds: From which probability a text gets each of several labels, (classes,). By default, all
            labels that it gets are explained, or the most probable one if it gets none.
    """

    def explain(number: int) -> Explanation:
        score = float(probabilities[0, number])
        weights = score - probabilities[1:, number]
        return make_explanation(occlusion.text, label_names[number], score, occlusion.spans, weights)

    if label is not None:
        numbers = [list(label_names).index(label)]
    else:
        numbers = labels_to_explain(probabilities[0], thresholds)
    return join_explanations(map(explain, numbers), several=thresholds is not None)


def labels_to_explain(
    probabilities: NDArray[np.float64], thresholds: NDArray[np.float64] | None
) -> list[int]:
    """Return the class ids of the labels that a text gets, the most probable first; at least one.

    The probabilities are (classes,). Without thresholds, a text has one label.

    Example:
        >>> labels_to_explain(np.array([0.3, 0.4, 0.9]), np.array([0.2, 0.5, 0.5]))
        [2, 0]
        >>> labels_to_explain(np.array([0.3, 0.4, 0.2]), np.array([0.5, 0.5, 0.5]))
        [1]
    """
    best = int(single_label.decide(probabilities))
    if thresholds is None:
        return [best]
    given = np.flatnonzero(multi_label.decide(probabilities, thresholds)).tolist()
    return sorted(given, key=lambda number: -probabilities[number]) or [best]


def join_explanations(explanations: Iterable[Explanation], *, several: bool) -> Explanation:
    """Return the first explanation of a text; if the text can have several labels, it holds the others."""
    first, *others = explanations
    return replace(first, others=tuple(others)) if several else first


def explain_texts(
    predict_proba: PredictProba,
    texts: Sequence[AnyText],
    *,
    label_names: Sequence[str],
    labels: Sequence[str | None] | None = None,
    thresholds: NDArray[np.float64] | None = None,
    seconds: float = math.inf,
) -> list[Explanation]:
    """Explain decisions by leaving out each word in turn; short texts are predicted many at a time.

    Args:
        predict_proba: From texts to probabilities (texts, classes).
        texts: The texts, or pairs.
        label_names: The classes' names, in the order of the probabilities.
        labels: The label to explain for each text; None explains the default of `weigh`.
        thresholds: See `weigh`.
        seconds: After this time no further prediction starts, and only the first texts are explained.
    """
    end, occlusions = time.monotonic() + seconds, list[Occlusion]()

    def versions() -> Iterator[AnyText]:
        # One text at a time, as splitting many long texts would use up the time.
        for text in texts:
            occlusions.append(occlude(text))
            yield from occlusions[-1].versions()

    rows = [np.empty((0, len(label_names)))]
    for batch in _batches(versions()):
        if time.monotonic() > end:
            break
        rows.append(predict_proba(batch))
    probabilities, explanations = np.concatenate(rows), list[Explanation]()
    for occlusion, label in zip(occlusions, labels or [None] * len(texts), strict=False):
        of_text, probabilities = np.split(probabilities, [1 + occlusion.parts])
        if len(of_text) <= occlusion.parts:
            break
        explanation = weigh(occlusion, of_text, label_names=label_names, label=label, thresholds=thresholds)
        explanations.append(explanation)
    return explanations


def make_explanation(
    text: AnyText, label: str, score: float, spans: Sequence[Sequence[Span]], weights: NDArray[np.float64]
) -> Explanation:
    """Return an explanation from the spans of the words of each side, and their weights (words,)."""
    each = iter(weights.tolist())
    words, *words_pair = (
        tuple(Word(side[start:end], start, end, next(each)) for start, end in of_side)
        for side, of_side in zip(sides_of(text), spans, strict=True)
    )
    return Explanation(text, label, score, words, words_pair=words_pair[0] if words_pair else ())


def _batches(texts: Iterable[AnyText]) -> Iterator[list[AnyText]]:
    batch, characters = list[AnyText](), 0
    for text in texts:
        batch.append(text)
        characters += characters_of(text)
        if characters >= _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
