"""Published results beside a run's own, as a table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from textune.cli.render.table_looks import escape, framed_table
from textune.evaluation.document import MetricsDocument
from textune.report.references import Reference


def reference_table(
    reference: Reference, document: MetricsDocument, history: Sequence[Mapping[str, Any]]
) -> Table:
    """Return a reference's results beside those of a run.

    Args:
        reference: The reference.
        document: The run's `metrics.json`.
        history: The run's learning curve.
    """
    table = framed_table(
        *("", reference.name, "this run"),
        title=f"{escape(document.model)} beside {reference.name}",
        caption=reference.note,
    )
    for row in reference.rows(document, history):
        table.add_row(*row)
    return table
