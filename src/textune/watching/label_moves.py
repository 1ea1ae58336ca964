"""Which labels are more or less frequent in new texts than in held-out rows, corrected for errors.

In: probabilities of both, and the labels of the held-out rows. Out: a `LabelMove` per label. The share is the
middle of two: the mean probability of a label is what its texts get and what others get, mixed by its share
(probabilistic adjusted count: Bella et al. 2010, "Quantification via probability estimators"); and the shares
by which the new texts are most probable (see `label_shares`). They agree if only the shares of labels moved,
so the interval holds how far they are apart. With labels of new texts, the share is that of these texts,
narrowed by the probabilities of all, if that is more certain. Does not know names of texts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import UNKNOWN
from textune.evaluation.prevalence import estimate_prevalence
from textune.watching.label_shares import with_own_shares
from textune.watching.reference import WatchedRows, WatchReference
from textune.watching.watch_result import LabelMove

_CLEAR = 3.0
"""How many standard errors a clear difference has: many labels are compared."""
_FEWEST = 5
"""How many held-out rows must have a label before its share can be corrected."""
_FEWEST_LABELLED = 20


def measure_moves(
    reference: WatchReference, rows: WatchedRows, counted: NDArray[np.bool_]
) -> list[LabelMove]:
    """Return how the share of each label moved; only the `counted` new rows (rows,) have any label."""
    has, known = reference.decisions.has(reference.labels), _known(reference.labels)
    new, kind = rows.probabilities[counted], reference.decisions.kind
    own = with_own_shares(new, reference.probabilities, kind, np.ones(len(new)))
    moves = []
    for place, name in enumerate(reference.decisions.label_names):
        is_known = known if known.ndim == 1 else known[:, place]
        truth, of_known = has[is_known, place], reference.probabilities[is_known, place]
        shares = [
            _corrected_share(of_known[truth], of_known[~truth], new[:, place], own[:, place]),
            _share_by_labels(reference, rows, place),
        ]
        share, error = min(shares, key=lambda pair: pair[1])
        before = float(truth.mean())
        spread = float(np.hypot(error, np.sqrt(before * (1 - before) / len(truth))))
        interval = max(0.0, share - 1.96 * error), min(1.0, share + 1.96 * error)
        moves.append(LabelMove(name, before, share, interval, abs(share - before) > _CLEAR * spread))
    return moves


def clear_moves(moves: Sequence[LabelMove]) -> list[LabelMove]:
    """Return the labels that clearly moved, the furthest first."""
    return sorted((move for move in moves if move.is_clear), key=lambda move: -abs(move.now - move.before))


def _share_by_labels(reference: WatchReference, rows: WatchedRows, place: int) -> tuple[float, float]:
    """Return the share of a label by the labels of new rows, and its standard error, large without any."""
    labelled, of_all = rows.labelled, rows.probabilities[:, place]
    if rows.labels is None or len(labelled) < _FEWEST_LABELLED:
        return float(of_all.mean()), np.inf
    own = reference.decisions.has(rows.labels[labelled])[:, place]
    shown = estimate_prevalence(own, of_all[labelled], of_all)
    return shown.share, (shown.interval[1] - shown.interval[0]) / 3.92


def _corrected_share(
    with_label: NDArray[np.float64],
    without: NDArray[np.float64],
    new: NDArray[np.float64],
    own: NDArray[np.float64],
) -> tuple[float, float]:
    """Return the share of a label by the probabilities of held-out and new rows, and its standard error.

    `own` are the probabilities of the new rows by the shares that labels have among them.
    """
    if min(len(with_label), len(without)) < _FEWEST or len(new) < 2:
        return float(new.mean()) if len(new) else 0.0, 1.0
    difference = float(with_label.mean() - without.mean())
    if difference <= 0:
        return float(new.mean()), 1.0
    share = float(np.clip((new.mean() - without.mean()) / difference, 0, 1))
    # A few texts may be alike by chance: at least the variance of the labels that they probably have.
    smoothed = (share * len(new) + 1) / (len(new) + 2)
    of_new = max(new.var(), difference**2 * smoothed * (1 - smoothed))
    variance = of_new / len(new) + share**2 * with_label.var() / len(with_label)
    variance += (1 - share) ** 2 * without.var() / len(without)
    probable = float(own.mean())
    return (share + probable) / 2, float(np.hypot(np.sqrt(variance) / difference, share - probable))


def _known(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.ones(len(labels), dtype=bool) if labels.ndim == 1 else np.asarray(labels != UNKNOWN)
