"""The published case study's figures beside a run's own, as a table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from textune.study.published import study_rows


def study_table(document: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> Table:
    """Return the study's figures beside those of a run with its recipe.

    Args:
        document: What the run's `metrics.json` holds.
        history: The run's learning curve.
    """
    table = Table(
        title=f"{escape(document['model'])} beside the published study (DistilBERT)",
        title_justify="left",
        caption="In brackets: the epoch. `textune recipes paper` says what the study left open.",
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for name in ("", "the study", "this run"):
        table.add_column(name, justify="right" if name else "left")
    for row in study_rows(document, history):
        table.add_row(*row)
    return table
