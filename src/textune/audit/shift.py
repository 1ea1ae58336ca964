"""Are the splits of one kind? A classifier is asked to tell a held-out split's texts from train's.

In: examples, and the probability of each to be of the held-out split, by classifiers that have not seen it.
Out: finding D017, with the words that tell the splits apart. Does not know where the probabilities come from.

The figure is the area under the ROC curve (AUC): the probability that of two texts, one of each split, the
classifier takes the right one for the held-out one. 0.5 is guessing: the splits are alike. Its interval is
that of DeLong, DeLong and Clarke-Pearson ("Comparing the areas under two or more correlated receiver
operating characteristic curves", Biometrics 1988), with the placements of texts computed from ranks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from textune.audit.findings import Example, Finding, Severity, found_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_ROWS = 30
"""Rows that a held-out split must have."""

_CLEAR = 0.6
_GRAVE = 0.8
_QUANTILE = 1.96
_SHOWN_ROWS = 20
_SHOWN_WORDS = 6
_CLEAR_WORD = 4.0
_WORD = re.compile(r"\w+|[^\w\s]")


def describe_shift(
    examples: Sequence[Example], held_out: NDArray[np.bool_], scores: NDArray[np.float64], *, split: str
) -> Finding:
    """Say how well a held-out split can be told from train.

    Args:
        examples: The examples of train and of the held-out split.
        held_out: Which of them are the latter, (examples,).
        scores: How probable each is to be of it, (examples,).
        split: The held-out split's name.
    """
    auc, low, high = auc_with_interval(scores[held_out], scores[~held_out])
    figure = f"AUC {auc:.2f}, 95 % interval {low:.2f} to {high:.2f}; 0.50 is guessing"
    if low < _CLEAR:
        alike = "cannot be told from" if low <= 0.5 else "can hardly be told from"
        return Finding(
            "D017", "info", f"Texts of {split} {alike} those of train ({figure})", 0, (), "Nothing to do."
        )
    severity: Severity = "warning"
    positions = np.flatnonzero(held_out)
    strangest = positions[np.argsort(-scores[positions], kind="stable")][:_SHOWN_ROWS]
    words = telling_words(examples, held_out)
    told = f" More frequent in {split}: {', '.join(words)}." if words else ""
    clearly = "easily be told" if low >= _GRAVE else "be told"
    return Finding(
        "D017",
        severity,
        f"Texts of {split} can {clearly} from those of train ({figure})",
        int(held_out.sum()),
        tuple(found_row(examples[row], f"{scores[row]:.0%} {split}") for row in strangest),
        f"They were gathered differently: figures on {split} say little about texts like train's, and the "
        f"reverse. Find out which of the two is like the texts to come.{told}",
    )


def auc_with_interval(
    positives: NDArray[np.float64], negatives: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Return the area under the ROC curve and its 95 % interval.

    Args:
        positives: Scores of the rows that should score high, two at least.
        negatives: Scores of the others, two at least.

    Example:
        >>> auc, low, high = auc_with_interval(np.array([0.9, 0.8, 0.3]), np.array([0.1, 0.4, 0.2]))
        >>> round(auc, 3), low < auc < high
        (0.889, True)
    """
    from scipy.stats import rankdata

    count, others = len(positives), len(negatives)
    ranks = rankdata(np.concatenate([positives, negatives]))
    # The share of the other group that a row beats: its rank among all, less that in its own group.
    beats = (ranks[:count] - rankdata(positives)) / others
    beaten_by = 1 - (ranks[count:] - rankdata(negatives)) / count
    auc = float(beats.mean())
    doubt = _QUANTILE * float(np.sqrt(beats.var(ddof=1) / count + beaten_by.var(ddof=1) / others))
    return auc, max(0.0, auc - doubt), min(1.0, auc + doubt)


def telling_words(examples: Sequence[Example], held_out: NDArray[np.bool_]) -> list[str]:
    """Return words that are in clearly more of the held-out texts than of train's, the clearest first.

    A word counts once a text; two shares differ clearly where a z-test of their difference exceeds 4, as so
    many words are tried.
    """
    counts: dict[str, list[int]] = {}
    for example, is_held_out in zip(examples, held_out, strict=True):
        for word in set(_WORD.findall(example.text.casefold())):
            counts.setdefault(word, [0, 0])[int(is_held_out)] += 1
    words = list(counts)
    table = np.array([counts[word] for word in words], dtype=np.float64).reshape(-1, 2)
    sizes = np.array([(~held_out).sum(), held_out.sum()], dtype=np.float64)
    shares, pooled = table / sizes, table.sum(axis=1) / sizes.sum()
    deviation = np.sqrt(pooled * (1 - pooled) * (1 / sizes).sum())
    scores = np.divide(shares[:, 1] - shares[:, 0], deviation, out=np.zeros(len(words)), where=deviation > 0)
    order = np.argsort(-scores, kind="stable")[:_SHOWN_WORDS]
    return [words[index] for index in order if scores[index] > _CLEAR_WORD]
