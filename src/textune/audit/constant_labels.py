"""Labels that no text or every text of train has, where texts can have several: D022.

A model learns nothing from such a label. Perhaps its column was filled in by mistake, or added after the
texts had been labelled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from textune.audit.checks import AuditInput, check
from textune.audit.findings import Finding, label_matrix
from textune.wording import listed

_SHOWN = 6


@check(needs="texts", in_training=True, D022="labels that no text or every text has")
def find_constant_labels(audited: AuditInput) -> Iterator[Finding]:
    """Find labels that say nothing about a text."""
    train = [example for example in audited.examples if example.split == "train"]
    if not audited.is_multi_label or not train:
        return
    if audited.unused_labels:
        yield _finding(
            audited.unused_labels,
            "no text of train has",
            "They are not learned. Label some texts with them, or leave them out.",
        )
    always = np.flatnonzero((label_matrix(train, len(audited.label_names)) != 0).all(axis=0)).tolist()
    if always:
        yield _finding(
            [audited.label_names[label] for label in always],
            "every text of train has",
            "A model learns to give them to every text. Check that they were filled in on purpose, or leave "
            "them out.",
        )


def _finding(names: Sequence[str], what: str, advice: str) -> Finding:
    noun = "label" if len(names) == 1 else "labels"
    title = f"{len(names)} {noun} that {what}: {listed(names, most=_SHOWN)}"
    return Finding("D022", "warning", title, len(names), advice=advice)
