"""Which words carried a decision: each word's weight, by leaving it out.

In: a function from texts to probabilities, and texts. Out: an `Explanation` of each, and how faithful such
explanations are. The command, the report and the server's page all show these weights. Does not know what is
behind the probabilities, so it serves any runtime; `gradients.py` does the same for torch by looking inside.

Occlusion (Zeiler & Fergus 2014, https://arxiv.org/abs/1311.2901; Li et al. 2016,
https://arxiv.org/abs/1612.08220): a word's weight is by how much the label's probability falls where the text
is read without it. It says what the classifier heeded, not what is true. Words that say the same can stand in
for each other, and then each weighs little.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.intervals import Interval, mean_interval
from textune.explain.words import Span, find_words
from textune.tasks.single_label import decide

PredictProba = Callable[[Sequence[str]], NDArray[np.float64]]
"""From texts to probabilities (texts, classes)."""

MAX_PARTS = 100
"""Parts of a text that are left out in turn: in one of more words, a part is several words in a row."""

_BATCH_CHARACTERS = 25_000
"""Of texts that are predicted together: about 6,000 tokens, less than a second's work."""

_DELETED_SHARE = 0.2


@dataclass(frozen=True)
class Word:
    """A word and its part in the decision.

    Attributes:
        word: The word, or a run of signs between words.
        start: Where it starts in the text, in characters.
        end: Where it ends.
        weight: By how much it raises the label's probability; negative: it lowers it.
    """

    word: str
    start: int
    end: int
    weight: float


@dataclass(frozen=True)
class Explanation:
    """What carried the decision for a label.

    Attributes:
        text: The text.
        label: The label that is explained; the most probable one unless another was asked for.
        score: Its probability.
        words: The text's words in their order.
    """

    text: str
    label: str
    score: float
    words: tuple[Word, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {**asdict(self), "words": [asdict(word) for word in self.words]}


@dataclass(frozen=True)
class Occlusion:
    """A text, and what of it is left out in turn.

    Attributes:
        text: The text.
        spans: Where its words are; in a text of very many, runs of neighbouring words.
    """

    text: str
    spans: tuple[Span, ...]

    def versions(self) -> Iterator[str]:
        """Yield what is read to weigh the parts: the text, and then the text without each of them."""
        yield self.text
        for span in self.spans:
            yield _without(self.text, [span])


@dataclass(frozen=True)
class Faithfulness:
    """Whether the words that weigh most are those that the decision rests on.

    DeYoung et al. 2020 (https://doi.org/10.18653/v1/2020.acl-main.408) call the first drop comprehensiveness.

    Attributes:
        examples: Texts of two words or more.
        top_drop: By how much the label's probability falls, on average, without the fifth of a text's words
            that weigh most.
        random_drop: By how much it falls without as many words at random.
        difference_ci95: 95 % bootstrap interval of the mean difference of the two.
    """

    examples: int
    top_drop: float
    random_drop: float
    difference_ci95: Interval


def occlude(text: str, *, most: int = MAX_PARTS) -> Occlusion:
    """Return what of a text is to be left out in turn; no more than `most` parts.

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
) -> Explanation:
    """Return the explanation of a text.

    Args:
        occlusion: The text and its parts.
        probabilities: Those of `occlusion.versions()`, (versions, classes).
        label_names: The classes' names, in the order of the probabilities.
        label: The label to explain; None: the text's most probable one.
    """
    number = int(decide(probabilities[0])) if label is None else list(label_names).index(label)
    score = float(probabilities[0, number])
    weights = score - probabilities[1:, number]
    return make_explanation(occlusion.text, label_names[number], score, occlusion.spans, weights)


def explain_texts(
    predict_proba: PredictProba,
    texts: Sequence[str],
    *,
    label_names: Sequence[str],
    labels: Sequence[str | None] | None = None,
    seconds: float = math.inf,
) -> list[Explanation]:
    """Explain decisions by leaving out each word in turn; short texts are predicted many at a time.

    Args:
        predict_proba: From texts to probabilities (texts, classes).
        texts: The texts; one without words is explained by none.
        label_names: The classes' names, in the order of the probabilities.
        labels: The label to explain for each text; None: its most probable one.
        seconds: After this time no further prediction is begun.

    Returns:
        An explanation of each text, in their order; where time was short, of the first ones.
    """
    end, occlusions = time.monotonic() + seconds, list[Occlusion]()

    def versions() -> Iterator[str]:
        # One text after the other: to take many long ones apart would take the time by itself.
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
        explanations.append(weigh(occlusion, of_text, label_names=label_names, label=label))
    return explanations


def make_explanation(
    text: str, label: str, score: float, spans: Sequence[Span], weights: NDArray[np.float64]
) -> Explanation:
    """Return an explanation from where the words are and what they weigh, (words,)."""
    words = (
        Word(text[start:end], start, end, weight)
        for (start, end), weight in zip(spans, weights.tolist(), strict=True)
    )
    return Explanation(text, label, score, tuple(words))


def measure_faithfulness(
    predict_proba: PredictProba,
    explanations: Sequence[Explanation],
    *,
    label_names: Sequence[str],
    bootstrap_samples: int = 2000,
    seed: int = 0,
) -> Faithfulness:
    """Measure how much more the words that weigh most matter than words at random.

    Args:
        predict_proba: What was explained.
        explanations: Explanations, of texts of two words or more in part.
        label_names: The classes' names.
        bootstrap_samples: Resamples behind the interval.
        seed: Decides which words are left out at random.

    Raises:
        ValueError: No text has two words.
    """
    explained = [each for each in explanations if len(each.words) > 1]
    if not explained:
        raise ValueError("no explained text has two words")
    rng = np.random.default_rng(seed)
    versions: list[str] = []
    for each in explained:
        count = max(1, round(len(each.words) * _DELETED_SHARE))
        heaviest = np.argsort([-word.weight for word in each.words], kind="stable")[:count]
        at_random = rng.choice(len(each.words), size=count, replace=False)
        versions += [
            _without(each.text, [(each.words[number].start, each.words[number].end) for number in chosen])
            for chosen in (heaviest, at_random)
        ]
    numbers = [list(label_names).index(each.label) for each in explained]
    left = predict_proba(versions)[np.arange(len(versions)), np.repeat(numbers, 2)].reshape(-1, 2)
    drops = np.array([each.score for each in explained])[:, None] - left
    return Faithfulness(
        examples=len(explained),
        top_drop=float(drops[:, 0].mean()),
        random_drop=float(drops[:, 1].mean()),
        difference_ci95=mean_interval(drops[:, 0] - drops[:, 1], samples=bootstrap_samples, seed=seed),
    )


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


def _without(text: str, spans: Sequence[Span]) -> str:
    """Return a text without some of its words, and without the spaces that would be doubled by that."""
    kept, position = [], 0
    for start, end in sorted(spans):
        kept.append(text[position:start])
        position = end
        if kept[-1][-1:].isspace() or not start:
            position += len(text[end:]) - len(text[end:].lstrip())
    return "".join([*kept, text[position:]])
