"""Texts whose annotators disagree: D019. An annotation tool's export says who gave which label."""

from __future__ import annotations

from collections.abc import Iterator

from textune.audit.checks import AuditInput, check
from textune.audit.findings import Finding, FlaggedRow
from textune.wording import counted


@check(needs="texts", D019="texts whose annotators disagree")
def find_disagreements(audited: AuditInput) -> Iterator[Finding]:
    """Find texts that several people labelled differently; those without a majority are in no split."""
    disputed = sorted(audited.disagreements, key=lambda each: each.row is not None)
    tied = sum(each.row is None for each in disputed)
    rows = tuple(
        FlaggedRow("left out", -1, each.text, each.place, each.votes)
        if each.row is None
        else FlaggedRow(each.split, each.row, each.text, each.place, each.votes)
        for each in disputed
    )
    if rows:
        yield Finding(
            "D019",
            "warning",
            f"{counted(len(rows), 'text')} whose annotators disagree; {tied:,} without a majority left out",
            len(rows),
            rows,
            "Decide on these labels together, and write down what each label means: a model learns no more "
            "than people agree on.",
        )
