"""Texts outside the classes in the terminal: how they are told apart, and how well."""

from __future__ import annotations

from rich.table import Table

from textune.cli.render.table_looks import bare_table, escape, show
from textune.evaluation.document import OutsideEffect
from textune.evaluation.outside_metrics import OutsideAnswers
from textune.report.outside_texts import describe_outside, measures_of


def show_outside(effect: OutsideEffect | None) -> None:
    """Show which texts belong to none of the classes, if any do, and what was measured on each split."""
    if effect is None:
        return
    for split, answers in effect.measured.items():
        show("", _table(split, answers))
    show("", escape(describe_outside(effect)))


def _table(split: str, answers: OutsideAnswers) -> Table:
    table = bare_table("", split, "95 % interval", title="none of these")
    for row in measures_of(answers):
        table.add_row(*row)
    return table
