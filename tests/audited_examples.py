"""Examples to audit, written as (split, text, label)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from textune.audit.checks import AuditInput, Find
from textune.audit.findings import Example, Finding
from textune.formats.text_pairs import AnyText

NAMES = ("anger", "joy")


def examples_from(
    rows: Iterable[tuple[str, AnyText, str]], names: Sequence[str] = NAMES
) -> tuple[Example, ...]:
    """Return examples numbered by split, in the order given."""
    counts: dict[str, int] = {}
    made = []
    for split, text, label in rows:
        row = counts.get(split, 0)
        counts[split] = row + 1
        made.append(Example(split, row, text, (list(names).index(label),), f"line {row + 1}"))
    return tuple(made)


def with_sets(rows: Iterable[tuple[str, str, str]], names: Sequence[str] = NAMES) -> tuple[Example, ...]:
    """Return examples of texts with several labels, written as `joy fear?`, of which fear is not known."""
    rows = list(rows)
    made = examples_from(((split, text, names[0]) for split, text, _ in rows), names)
    ids = {name: number for number, name in enumerate(names)}
    parts = [labels.split() for _, _, labels in rows]
    return tuple(
        replace(
            example,
            labels=tuple(ids[name] for name in own if name in ids),
            unknown=tuple(ids[name[:-1]] for name in own if name.endswith("?")),
        )
        for example, own in zip(made, parts, strict=True)
    )


def in_train(*texts: str) -> tuple[Example, ...]:
    """Return texts as examples of joy in train."""
    return examples_from(("train", text, "joy") for text in texts)


def look(
    find: Find, examples: tuple[Example, ...], names: Sequence[str] = NAMES, **other: Any
) -> list[Finding]:
    """Return what a check finds in examples."""
    return list(find(AuditInput(examples, names, **other)))


def found(findings: Iterable[Finding], id: str) -> list[Finding]:
    """Return the findings of one check."""
    return [finding for finding in findings if finding.id == id]


def places(finding: Finding) -> list[tuple[str, int]]:
    """Return the split and number of a finding's rows."""
    return [(row.split, row.row) for row in finding.rows]
