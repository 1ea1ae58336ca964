"""Which words carried a decision: each word's weight, by leaving it out.

In: a function from texts to probabilities, and texts. Out: an `Explanation` of each, and how faithful such
explanations are. Does not know what is behind the probabilities, so it serves any runtime; `gradients.py`
does the same for torch by looking inside.

Occlusion (Zeiler & Fergus 2014, https://arxiv.org/abs/1311.2901; Li et al. 2016,
https://arxiv.org/abs/1612.08220): a word's weight is by how much the label's probability falls where the text
is read without it. It says what the classifier heeded, not what is true. Words that say the same can stand in
for each other, and then each weighs little.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.intervals import Interval, mean_interval

PredictProba = Callable[[Sequence[str]], NDArray[np.float64]]
"""From texts to probabilities (texts, classes)."""

Span = tuple[int, int]
"""Where something starts in a text, and where it ends, in characters."""

MAX_PARTS = 200
"""Parts of a text that are left out in turn: in one of more words, a part is several words in a row."""

_DELETED_SHARE = 0.2
# Letters by kind: w in a word, c a word of its own, m a mark on such a one, a within words, h before one.
_WORDS = re.compile(r"h?w+(?:aw+)*|cm*|(?:[ax]|h(?!w))+")
_WITHOUT_SPACES = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)


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


def find_words(text: str) -> list[Span]:
    """Return where the words of a text are.

    Letters and digits make words, apostrophes and hyphens join them, and a # or @ belongs to the word that it
    leads. Runs of other signs, emoji among them, are words as well. In scripts without spaces, each
    character is one.

    Example:
        >>> text = "Don't be so #sad :("
        >>> [text[start:end] for start, end in find_words(text)]
        ["Don't", 'be', 'so', '#sad', ':(']
    """
    kinds = ""
    for character in text:
        kinds += _kind(character, kinds[-1:])
    return [found.span() for found in _WORDS.finditer(kinds)]


def explain_texts(
    predict_proba: PredictProba,
    texts: Sequence[str],
    *,
    label_names: Sequence[str],
    labels: Sequence[str | None] | None = None,
) -> list[Explanation]:
    """Explain decisions by leaving out each word in turn; all texts are predicted in one call.

    Args:
        predict_proba: From texts to probabilities (texts, classes).
        texts: The texts; one without words is explained by none.
        label_names: The classes' names, in the order of the probabilities.
        labels: The label to explain for each text; None: its most probable one.

    Returns:
        An explanation of each text, in their order.
    """
    parts = [_parts(find_words(text)) for text in texts]
    read = [
        version
        for text, spans in zip(texts, parts, strict=True)
        for version in (text, *(_without(text, [span]) for span in spans))
    ]
    probabilities = predict_proba(read) if read else np.empty((0, len(label_names)))
    explanations, row = [], 0
    for text, spans, label in zip(texts, parts, labels or [None] * len(texts), strict=True):
        rows = probabilities[row : row + 1 + len(spans)]
        number = int(rows[0].argmax()) if label is None else list(label_names).index(label)
        weights = rows[0, number] - rows[1:, number]
        explanations.append(
            make_explanation(text, label_names[number], float(rows[0, number]), spans, weights)
        )
        row += 1 + len(spans)
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


def _parts(words: Sequence[Span]) -> list[Span]:
    """Return the words, or, of more than `MAX_PARTS`, as many runs of words of nearly the same number."""
    if len(words) <= MAX_PARTS:
        return list(words)
    return [
        (words[chunk[0]][0], words[chunk[-1]][1])
        for chunk in np.array_split(np.arange(len(words)), MAX_PARTS)
    ]


def _without(text: str, spans: Sequence[Span]) -> str:
    """Return a text without some of its words, and without the spaces that would be doubled by that."""
    kept, position = [], 0
    for start, end in sorted(spans):
        kept.append(text[position:start])
        position = end
        if kept[-1][-1:].isspace() or not start:
            position += len(text[end:]) - len(text[end:].lstrip())
    return "".join([*kept, text[position:]])
