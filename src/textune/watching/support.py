"""How many new texts are unlike any that a classifier has met, and which.

A text is far out if one of its distances is larger than those of 95 % of the held-out rows. If more than 5 %
of the new texts are, some of them are strange, but their likes may have been met: damaged copies of held-out
texts are far out as well, and how the classifier does on those is known. So a classifier learns to tell the
new texts that are far out from the known rows that are, copies included. What it finds among the new ones
beyond what it finds among the known is unlike anything that was met. Does not know labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.watching.descriptors import Described
from textune.watching.domain import tell_apart

FAR_OUT = 0.05
"""The share of held-out rows that count as far out."""
_STRANGE = 0.05
"""The share of the known rows that are far out which count as strange among these."""
_LEAST = 0.01
"""The smallest share of the new texts that counts as outside."""
_FEWEST = 10
"""How many rows on each side are needed to tell them apart."""


@dataclass(frozen=True)
class Support:
    """How much of the new texts lies outside what was met.

    Attributes:
        far_share: The share of the new texts that are further out than held-out rows are.
        strange_share: The share of those that are unlike known rows that are far out, too.
        far: Which of the new texts are far out, (new rows,).
        strange: Which of these are strange, (new rows,).
    """

    far_share: float
    strange_share: float
    far: NDArray[np.bool_]
    strange: NDArray[np.bool_]

    @property
    def outside_share(self) -> float:
        """The share of the new texts that are unlike any that was met."""
        return self.far_share * self.strange_share


def measure_support(
    held_out: Described, damaged: Sequence[Described], new: Described, *, seed: int = 0
) -> Support:
    """Return how much of the new rows lies outside held-out rows and their damaged copies."""
    limits = np.quantile(held_out.distances, 1 - FAR_OUT, axis=0)
    far_of_new = new.distances > limits
    excess = (far_of_new.mean(axis=0) - FAR_OUT) / (1 - FAR_OUT)
    kind = int(np.argsort(excess)[-1])
    far, share = far_of_new[:, kind], max(0.0, float(excess[kind]))
    known = Described.concatenated([held_out, *damaged])
    known = known[known.distances[:, kind] > limits[kind]]
    strange = np.zeros(len(new), dtype=bool)
    if share == 0 or far.sum() < _FEWEST:
        return Support(share, 0.0, far, strange)
    if len(known) < _FEWEST:  # Nothing is known that is as far out.
        return Support(share, 1.0, far, far)
    odds = tell_apart(known.joined, new[far].joined, seed=seed)
    strange[far] = odds.new > np.quantile(odds.known, 1 - _STRANGE)
    strange_share = max(0.0, float((strange[far].mean() - _STRANGE) / (1 - _STRANGE)))
    if share * strange_share < _LEAST:  # As many are so by chance.
        strange[:] = False
    return Support(share, strange_share, far, strange)
