"""Whether explanations are faithful: whether the heaviest words are those that the decision rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textune.evaluation.intervals import Interval, RowValues, mean_interval
from textune.explain.attribution import Explanation, PredictProba
from textune.explain.words import without_words

_DELETED_SHARE = 0.2


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


def measure_faithfulness(
    predict_proba: PredictProba,
    explanations: Sequence[Explanation],
    *,
    label_names: Sequence[str],
    seed: int = 0,
) -> Faithfulness:
    """Measure how much more the words that weigh most matter than words at random.

    Args:
        predict_proba: What was explained.
        explanations: Explanations, of texts of two words or more in part.
        label_names: The classes' names.
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
            without_words(
                each.text, [(each.words[number].start, each.words[number].end) for number in chosen]
            )
            for chosen in (heaviest, at_random)
        ]
    numbers = [list(label_names).index(each.label) for each in explained]
    left = predict_proba(versions)[np.arange(len(versions)), np.repeat(numbers, 2)].reshape(-1, 2)
    drops = np.array([each.score for each in explained])[:, None] - left
    differences = drops[:, 0] - drops[:, 1]
    return Faithfulness(
        examples=len(explained),
        top_drop=float(drops[:, 0].mean()),
        random_drop=float(drops[:, 1].mean()),
        difference_ci95=mean_interval(
            RowValues(differences, differences, differences), float(differences.mean())
        ),
    )
