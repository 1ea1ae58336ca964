"""Which words led to a decision: each word's weight, by leaving it out.

In: a function from texts to probabilities, and texts. Out: an `Explanation` per text. Does not know where the
probabilities come from, so it works with any runtime; `gradients.py` looks inside a torch classifier.

Occlusion (Zeiler & Fergus 2014, https://arxiv.org/abs/1311.2901; Li et al. 2016,
https://arxiv.org/abs/1612.08220): a word's weight is how much the label's probability falls without it. It
says what the classifier used, not what is true. Words that can replace each other each weigh little.
"""

from __future__ import annotations

import math
import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.tasks import multi_label, single_label

Span = tuple[int, int]
"""The start and the end of something in a text, in characters."""

# Letters by kind: w in a word, c a word of its own, m a mark on such a one, a within words, h before one.
_WORDS = re.compile(r"h?w+(?:aw+)*|cm*|(?:[ax]|h(?!w))+")
_WITHOUT_SPACES = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
PredictProba = Callable[[Sequence[str]], NDArray[np.float64]]
"""From texts to probabilities (texts, classes)."""

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

    `truncated`: the text is longer than the model reads, so some of its words weigh nothing. `others` are the
    explanations of the text's other labels, if it can have several; None: it cannot.
    """

    text: str
    label: str
    score: float
    words: tuple[Word, ...]
    truncated: bool = False
    others: tuple[Explanation, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the explanation as JSON values; `others` only if the text can have several labels."""
        whole = {"text": self.text, **self._of_label(), "truncated": self.truncated}
        if self.others is None:
            return whole
        return {**whole, "others": [other._of_label() for other in self.others]}

    def _of_label(self) -> dict[str, Any]:
        words = [asdict(word) for word in self.words]
        return {"label": self.label, "score": self.score, "words": words}


@dataclass(frozen=True)
class Occlusion:
    """A text, and the spans that are left out in turn: its words, or runs of words in a long text."""

    text: str
    spans: tuple[Span, ...]

    def versions(self) -> Iterator[str]:
        """Yield the text, and then the text without each of the spans."""
        yield self.text
        for span in self.spans:
            yield without_words(self.text, [span])


def occlude(text: str, *, most: int = MAX_PARTS) -> Occlusion:
    """Return the spans of a text to leave out in turn, at most `most` spans.

    Example:
        >>> list(occlude("so happy today", most=2).versions())
        ['so happy today', 'today', 'so happy ']
    """
    words = find_words(text)
    if len(words) > most:
        runs = np.array_split(np.arange(len(words)), most)
        words = [(words[run[0]][0], words[run[-1]][1]) for run in runs]
    return Occlusion(text, tuple(words))


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
    texts: Sequence[str],
    *,
    label_names: Sequence[str],
    labels: Sequence[str | None] | None = None,
    thresholds: NDArray[np.float64] | None = None,
    seconds: float = math.inf,
) -> list[Explanation]:
    """Explain decisions by leaving out each word in turn; short texts are predicted many at a time.

    Args:
        predict_proba: From texts to probabilities (texts, classes).
        texts: The texts.
        label_names: The classes' names, in the order of the probabilities.
        labels: The label to explain for each text; None explains the default of `weigh`.
        thresholds: See `weigh`.
        seconds: After this time no further prediction starts, and only the first texts are explained.
    """
    end, occlusions = time.monotonic() + seconds, list[Occlusion]()

    def versions() -> Iterator[str]:
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
        of_text, probabilities = np.split(probabilities, [1 + len(occlusion.spans)])
        if len(of_text) <= len(occlusion.spans):
            break
        explanation = weigh(occlusion, of_text, label_names=label_names, label=label, thresholds=thresholds)
        explanations.append(explanation)
    return explanations


def make_explanation(
    text: str, label: str, score: float, spans: Sequence[Span], weights: NDArray[np.float64]
) -> Explanation:
    """Return an explanation from the spans of the words and their weights (words,)."""
    words = (
        Word(text[start:end], start, end, weight)
        for (start, end), weight in zip(spans, weights.tolist(), strict=True)
    )
    return Explanation(text, label, score, tuple(words))


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch, characters = list[str](), 0
    for text in texts:
        batch.append(text)
        characters += len(text)
        if characters >= _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def without_words(text: str, spans: Sequence[Span]) -> str:
    """Return a text without some spans, and without the spaces that this would double."""
    parts, position = list[str](), 0
    for start, end in sorted(spans):
        parts.append(text[position:start])
        position = end
        if parts[-1][-1:].isspace() or not start:
            position += len(text[end:]) - len(text[end:].lstrip())
    return "".join([*parts, text[position:]])


def find_words(text: str) -> list[Span]:
    """Return the places of the words of a text.

    Letters and digits make words, apostrophes and hyphens join them, and a # or @ belongs to the word after
    it. Several other symbols in a row, emoji included, are a word as well. In scripts without spaces, each
    character is a word.

    Example:
        >>> text = "Don't be so #sad :("
        >>> [text[start:end] for start, end in find_words(text)]
        ["Don't", 'be', 'so', '#sad', ':(']
    """
    kinds = ""
    for character in text:
        kinds += _kind(character, kinds[-1:])
    return [match.span() for match in _WORDS.finditer(kinds)]


def _kind(character: str, before: str) -> str:
    """Return the letter of a character's kind, given that of the one before it (see `_WORDS`)."""
    category = unicodedata.category(character)
    if character.isspace():
        return " "
    # Accents, joiners and skin tones belong to what they stand on.
    if category[0] == "M" or category in {"Cf", "Sk"}:
        return {"c": "m", "": "x", " ": "x"}.get(before, before)
    if category[0] in "LN" or character == "_":
        return "c" if _WITHOUT_SPACES.match(character) else "w"
    return {"'": "a", "’": "a", "-": "a", "#": "h", "@": "h"}.get(character, "x")  # noqa: RUF001
