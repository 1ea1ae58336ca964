"""Checks of the data that cost next to nothing: every training runs them, and says what it saw."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from textune.context import Observer

if TYPE_CHECKING:
    from textune.audit.findings import Example, Finding
    from textune.data.dataset import Dataset

_SHOWN = 3


def look_at_texts(
    examples: Sequence[Example], label_names: Sequence[str], *, test_fraction: float
) -> list[Finding]:
    """Return what the checks find that need neither a model nor a comparison of all texts with all."""
    from textune.audit import characters
    from textune.audit.classes import find_class_faults
    from textune.audit.duplicates import find_duplicates

    looks: tuple[Callable[[Sequence[Example]], list[Finding]], ...] = (
        characters.find_broken_characters,
        characters.find_markup,
        characters.find_empty_texts,
    )
    return [
        *find_duplicates(examples, label_names),
        *find_class_faults(examples, label_names, test_fraction=test_fraction),
        *(finding for look in looks for finding in look(examples)),
    ]


def check_data(dataset: Dataset, *, test_fraction: float, observer: Observer) -> list[dict[str, Any]]:
    """Run the cheap checks on what a training is to learn from, and say what they found.

    Returns:
        The findings as JSON values, without their rows.
    """
    from textune.audit.findings import in_order
    from textune.audit.material import examples_of

    texts = look_at_texts(examples_of(dataset), dataset.label_names, test_fraction=test_fraction)
    findings = in_order(texts)
    observer.note(_sentence(findings, dataset.name))
    return [
        {"id": finding.id, "severity": finding.severity, "title": finding.title, "count": finding.count}
        for finding in findings
    ]


def _sentence(findings: Sequence[Finding], source: str) -> str:
    """Return what is worth mending, in a sentence or two."""
    titles = [finding.title for finding in findings if finding.severity != "info"]
    if not titles:
        return "Data checks: nothing to mend in duplicates, labels, class sizes and characters."
    more = f"; and {len(titles) - _SHOWN} more" if len(titles) > _SHOWN else ""
    shown = "; ".join(titles[:_SHOWN])
    return f"Data checks: {shown}{more}. The rows: textune audit {shlex.quote(source)}"
