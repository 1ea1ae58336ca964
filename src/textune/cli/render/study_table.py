"""The published case study's metrics beside a run's own, as a table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from textune.cli.render.tables import escape, framed_table
from textune.study.published import study_rows


def study_table(document: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> Table:
    """Return the study's metrics beside those of a run with its recipe.

    Args:
        document: The run's `metrics.json`.
        history: The run's learning curve.
    """
    table = framed_table(
        *("", "the study", "this run"),
        title=f"{escape(document['model'])} beside the published study (DistilBERT)",
        caption="In brackets: the epoch. `textune recipes paper` says what the study left open.",
    )
    for row in study_rows(document, history):
        table.add_row(*row)
    return table
