"""The checks that cost next to nothing: every training runs them, and reports what they found."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from textune.context import Context

if TYPE_CHECKING:
    from textune.data.dataset import Dataset

_SHOWN = 3


def check_data(dataset: Dataset, *, test_fraction: float, ctx: Context) -> list[dict[str, Any]]:
    """Run the cheap checks on a training's dataset, and tell the observer what they found.

    Returns:
        The findings as JSON values, without their rows.
    """
    from textune.audit.checks import AuditInput, all_checks, run_checks
    from textune.audit.findings import in_order
    from textune.audit.reading import examples_of

    audited = AuditInput(examples_of(dataset), dataset.label_names, test_fraction=test_fraction, ctx=ctx)
    found, _ = run_checks(audited, [each for each in all_checks() if each.in_training])
    findings = in_order(found)
    titles = [finding.title for finding in findings if finding.severity != "info"]
    if titles:
        more = f"; and {len(titles) - _SHOWN} more" if len(titles) > _SHOWN else ""
        shown = "; ".join(titles[:_SHOWN])
        ctx.note(f"Data checks: {shown}{more}. The rows: textune audit {shlex.quote(dataset.name)}")
    else:
        ctx.note("Data checks: nothing to fix in duplicates, labels, class sizes and characters.")
    return [
        {"id": finding.id, "severity": finding.severity, "title": finding.title, "count": finding.count}
        for finding in findings
    ]
