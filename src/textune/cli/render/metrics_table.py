"""What a training or an evaluation measured: metrics by split and class, baselines, and the verdict."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

import typer
from rich.table import Table

from textune.cli.render.coverage import abstention_sentences, answered_table, calibration_sentence
from textune.cli.render.intervals_drawn import draw_bar, interval_table
from textune.cli.render.study_table import reference_table
from textune.cli.render.table_looks import bare_table, escape, framed_table, show
from textune.evaluation.baselines import BASELINES
from textune.evaluation.document import MetricsDocument
from textune.evaluation.metrics import Metric, in_percent
from textune.evaluation.split_metrics import SplitMetrics, measured_metrics
from textune.report.references import references_for
from textune.report.verdict import judge

_METRICS_PER_TABLE = 4
"""As many as fit into 80 characters."""


def show_training(document: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> None:
    """Show the result of a training: its `metrics.json` and its learning curve."""
    typed = MetricsDocument.model_validate(document)
    _show_metrics(typed)
    if typed.baselines:
        show("", interval_table(typed))
    show("", _class_table(typed.test, "test"))
    for reference in references_for(typed):
        show("", reference_table(reference, typed, history))
    if typed.calibration is not None:
        show("", answered_table(typed.coverage), calibration_sentence(typed.calibration))
    if typed.abstention is not None:
        show(abstention_sentences(typed.abstention))
    show("", *map(escape, judge(typed).sentences))
    parts = ", ".join(f"{name} {value:.1f}" for name, value in typed.seconds.items() if name != "total")
    show(f"[dim]{typed.seconds['total']:.1f} s: {parts}[/dim]")
    # Paths and commands are to be copied: they are never wrapped.
    typer.echo(f"\nThe run is in {typed.run}.")
    report = Path(typed.run) / "report.html"
    if report.exists():
        typer.echo(f"Its report, for a browser: {report}")
    typer.echo(f'Try it:\n  textune predict {shlex.quote(typed.run)} "Your own text"')


def show_evaluation(document: Mapping[str, Any]) -> None:
    """Show the result of an evaluation."""
    typed = MetricsDocument.model_validate(document)
    _show_metrics(typed)
    for split, metrics in typed.metrics.items():
        show("", _class_table(metrics, split))
    if typed.abstention is not None:
        show("", abstention_sentences(typed.abstention))


def _show_metrics(document: MetricsDocument) -> None:
    """Show all metrics of all that was measured, some of them per table."""
    metrics = measured_metrics(document.metrics.values())
    for first in range(0, len(metrics), _METRICS_PER_TABLE):
        show("", _metrics_table(document, metrics[first : first + _METRICS_PER_TABLE]))


def _metrics_table(document: MetricsDocument, metrics: Sequence[Metric]) -> Table:
    lower = ", ".join(metric.title for metric in metrics if metric.direction == "lower")
    table = framed_table(
        *("", "rows", *("\n".join(wrap(metric.title, 12)) for metric in metrics)),
        title=escape(f"{document.recipe} · {document.model} · {document.source}"),
        caption=f"± is half of the 95 % interval.{f' Less is better: {lower}.' if lower else ''}",
        # One space less between columns than usual, so that all of them fit into 80 characters.
        padding=(0, 0, 0, 1),
    )

    def add_row(name: str, measured: SplitMetrics, style: str | None = None) -> None:
        cells = [measured.write(metric) for metric in metrics]
        table.add_row(name, f"{measured.examples:,}", *cells, style=style)

    for split, measured in document.metrics.items():
        add_row(split, measured, "bold" if split == "test" else None)
    for split, measured in document.filtered.items():
        add_row(f"{split}, filtered", measured)
    if document.baselines:
        table.add_section()
        table.add_row("baselines, test", style="dim")
    for key, measured in document.baselines.items():
        add_row(BASELINES[key].short_title, measured)
    return table


def _class_table(metrics: SplitMetrics, split: str) -> Table:
    table = bare_table("", "rows", "precision", "recall", "F1", title=f"{split}, by class")
    table.add_column(width=20)
    for name, measured in metrics.per_class.items():
        values = map(in_percent, (measured.precision, measured.recall, measured.f1))
        bar = f"[blue]{draw_bar(measured.f1)}[/blue]"
        table.add_row(escape(name), f"{measured.support:,}", *values, bar)
    return table
