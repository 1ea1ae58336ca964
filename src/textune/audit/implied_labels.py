"""Labels that imply each other, where texts can have several: D023.

A label that nearly always comes with another may be a part of it, as a subtopic of its topic, or the two may
mean the same. Neither is wrong, but then the metrics count the same texts twice.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from textune.audit.checks import AuditInput, check
from textune.audit.findings import Finding, label_matrix, percent
from textune.data.dataset import UNKNOWN
from textune.wording import counted, listed

_NEARLY_ALWAYS = 0.95
_FREQUENT_ANYWAY = 0.8
"""A label that so many texts have says nothing if it comes with another."""
_MIN_ROWS = 20
_SHOWN = 6


@check(needs="texts", D023="labels that imply each other")
def find_implied_labels(audited: AuditInput) -> Iterator[Finding]:
    """Find labels whose texts nearly all have another label as well."""
    if not audited.is_multi_label or not audited.examples:
        return
    labels, names = label_matrix(audited.examples, len(audited.label_names)), audited.label_names
    has, known = (labels == 1).astype(np.float32), (labels != UNKNOWN).astype(np.float32)
    # Of the texts that have the first label: those that have the second, and those where that is known.
    both, asked = has.T @ has, has.T @ known
    shares = both / np.maximum(asked, 1)
    usual = has.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    implied = (shares >= _NEARLY_ALWAYS) & (asked >= _MIN_ROWS) & (usual < _FREQUENT_ANYWAY)
    np.fill_diagonal(implied, val=False)
    same = np.argwhere(np.triu(implied & implied.T)).tolist()
    if same:
        yield Finding(
            "D023",
            "warning",
            f"{counted(len(same), 'pair')} of labels that nearly always come together: "
            + listed([f"{names[first]} and {names[second]}" for first, second in same], most=_SHOWN),
            len(same),
            advice="If they mean the same, merge them. Otherwise, look for texts that have only one of them.",
        )
    parts = sorted(np.argwhere(implied & ~implied.T).tolist(), key=lambda pair: -float(both[tuple(pair)]))
    if parts:
        shown = [
            f"{names[first]} implies {names[second]} ({percent(float(shares[first, second]))} of "
            f"{int(asked[first, second]):,} texts)"
            for first, second in parts
        ]
        yield Finding(
            "D023",
            "info",
            f"{counted(len(parts), 'pair')} of labels of which one nearly always comes with the other: "
            + listed(shown, most=_SHOWN),
            len(parts),
            advice="Nothing to do if the second label includes the first, as a topic includes its subtopics.",
        )
