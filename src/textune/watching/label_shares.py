"""Probabilities of new texts, as they are if labels have other shares among them than among known texts.

The shares are those by which the new texts are most probable, found by expectation maximisation (Saerens,
Latinne & Decaestecker 2002, https://doi.org/10.1162/089976602753284446). In: probabilities of known and of
new rows. Out: probabilities of the new rows. Does not know what is decided by them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from textune.tasks.label_kind import LabelKind

_ROUNDS = 200
_SETTLED = 1e-5
_USUAL_ROWS = 20.0
"""How many rows with the usual shares are thought to be among the new ones."""
_LEAST = 1e-6


def with_own_shares(
    new: NDArray[np.float64], known: NDArray[np.float64], kind: LabelKind, counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the probabilities (new rows, classes) of new rows by the shares that labels have among them.

    Args:
        new: Their probabilities by the usual shares, (new rows, classes).
        known: Those of rows with the usual shares, (rows, classes).
        kind: What a label is. Of several labels, each has a share of its own.
        counts: How much each new row counts for the shares, (new rows,).
    """
    cells = np.clip(new, _LEAST, 1 - _LEAST)
    usual = np.clip(known.mean(axis=0), _LEAST, 1 - _LEAST)
    shares, adjusted = usual, cells
    for _ in range(_ROUNDS):
        adjusted = cells * (shares / usual)
        if kind.is_multi_label:
            adjusted /= adjusted + (1 - cells) * ((1 - shares) / (1 - usual))
        else:
            adjusted /= adjusted.sum(axis=1, keepdims=True)
        before = shares
        shares = (counts @ adjusted + _USUAL_ROWS * usual) / (counts.sum() + _USUAL_ROWS)
        if np.abs(shares - before).max() < _SETTLED:
            break
    return adjusted
