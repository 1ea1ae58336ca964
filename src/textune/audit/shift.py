"""Whether the splits are alike (D017): classifiers try to tell a held-out split's texts apart from train's.

The measure is the area under the ROC curve (AUC): the probability that the classifier, given one text per
split, picks the held-out text. 0.5 is guessing: the splits are alike. The interval follows DeLong, DeLong and
Clarke-Pearson ("Comparing the areas under two or more correlated receiver operating characteristic curves",
Biometrics 1988), with the placements of texts computed from ranks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from textune.audit.checks import AuditInput, SkippedCheckError, check
from textune.audit.findings import Example, Finding
from textune.audit.out_of_fold import FOLDS, out_of_fold_probabilities
from textune.data.dataset import SPLITS
from textune.data.splits import make_folds
from textune.formats.text_pairs import AnyText, sides_of

_MIN_ROWS = 30
_CLEAR = 0.6
_GRAVE = 0.8
_SHOWN_ROWS = 20
_SHOWN_WORDS = 6
_CLEAR_WORD = 4.0
_WORD = re.compile(r"\w+|[^\w\s]")


@check(needs="encoder", D017="shift between splits")
def find_shift(audited: AuditInput) -> Iterator[Finding]:
    """Measure how well each held-out split can be told apart from train."""
    assert audited.encoder
    split_of = np.array([example.split for example in audited.examples])
    splits = [split for split in SPLITS[1:] if (split_of == split).sum() >= _MIN_ROWS]
    if not splits or (split_of == "train").sum() < _MIN_ROWS:
        raise SkippedCheckError(f"no validation or test split of {_MIN_ROWS} rows")
    for split in splits:
        features = audited.encoder.features
        audited.ctx.stage(f"Comparing {split} with train")
        rows = np.flatnonzero((split_of == "train") | (split_of == split))
        chosen = [audited.examples[row] for row in rows.tolist()]
        held_out = split_of[rows] == split
        scores = out_of_fold_probabilities(
            features.select(rows),
            held_out.astype(np.int64),
            make_folds([row.text for row in chosen], [row.split for row in chosen], folds=FOLDS),
            on_progress=audited.progress("folds"),
        )
        yield describe_shift(chosen, held_out, scores[:, 1], split=split)


def describe_shift(
    examples: Sequence[Example], held_out: NDArray[np.bool_], scores: NDArray[np.float64], *, split: str
) -> Finding:
    """Return finding D017 about examples of train and a held-out split, and probabilities of the latter."""
    auc, low, high = auc_with_interval(scores[held_out], scores[~held_out])
    measured = f"AUC {auc:.2f}, 95 % interval {low:.2f} to {high:.2f}; guessing gives 0.50"
    if low < _CLEAR:
        alike = "cannot be told apart from" if low <= 0.5 else "can hardly be told apart from"
        return Finding("D017", "info", f"Texts of {split} {alike} those of train ({measured})", 0)
    positions = np.flatnonzero(held_out)
    strangest = positions[np.argsort(-scores[positions], kind="stable")][:_SHOWN_ROWS]
    words = telling_words([example.text for example in examples], held_out)
    frequent = f" More frequent in {split}: {', '.join(words)}." if words else ""
    clearly = "easily be told" if low >= _GRAVE else "be told"
    return Finding(
        "D017",
        "warning",
        f"Texts of {split} can {clearly} apart from those of train ({measured})",
        int(held_out.sum()),
        tuple(examples[row].flag(f"{scores[row]:.0%} {split}") for row in strangest),
        f"The splits were collected differently: metrics on {split} say little about texts like train's. "
        f"Find out which split resembles the texts that you will classify.{frequent}",
    )


def auc_with_interval(
    positives: NDArray[np.float64], negatives: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Return the area under the ROC curve and its 95 % interval; both sides need at least two scores.

    Example:
        >>> auc, low, high = auc_with_interval(np.array([0.9, 0.8, 0.3]), np.array([0.1, 0.4, 0.2]))
        >>> round(auc, 3), low < auc < high
        (0.889, True)
    """
    from scipy.stats import rankdata

    count, others = len(positives), len(negatives)
    ranks = rankdata(np.concatenate([positives, negatives]))
    # The share of the other group that a row beats: its rank among all rows minus its rank in its own group.
    beats = (ranks[:count] - rankdata(positives)) / others
    beaten_by = 1 - (ranks[count:] - rankdata(negatives)) / count
    auc = float(beats.mean())
    margin = 1.96 * float(np.sqrt(beats.var(ddof=1) / count + beaten_by.var(ddof=1) / others))
    return auc, max(0.0, auc - margin), min(1.0, auc + margin)


def telling_words(texts: Sequence[AnyText], held_out: NDArray[np.bool_]) -> list[str]:
    """Return words that are clearly more frequent in the held-out texts than in train's, the clearest first.

    A word counts once per text. As many words are tried, two shares differ clearly only if the z-score of
    their difference exceeds 4.
    """
    counts: dict[str, list[int]] = {}
    for text, is_held_out in zip(texts, held_out, strict=True):
        for word in set(_WORD.findall(" ".join(sides_of(text)).casefold())):
            counts.setdefault(word, [0, 0])[int(is_held_out)] += 1
    words = list(counts)
    table = np.array([counts[word] for word in words], dtype=np.float64).reshape(-1, 2)
    sizes = np.array([(~held_out).sum(), held_out.sum()], dtype=np.float64)
    shares, pooled = table / sizes, table.sum(axis=1) / sizes.sum()
    deviation = np.sqrt(pooled * (1 - pooled) * (1 / sizes).sum())
    scores = np.divide(shares[:, 1] - shares[:, 0], deviation, out=np.zeros(len(words)), where=deviation > 0)
    order = np.argsort(-scores, kind="stable")[:_SHOWN_WORDS]
    return [words[index] for index in order if scores[index] > _CLEAR_WORD]
