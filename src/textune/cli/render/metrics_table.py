"""What a training or an evaluation measured: metrics by split and class, baselines, and the verdict."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from textune.cli.render.coverage import abstention_sentences, calibration_sentence, coverage_table
from textune.cli.render.intervals_drawn import draw_bar, interval_table
from textune.cli.render.study_table import study_table
from textune.cli.render.tables import bare_table, escape, framed_table, show
from textune.report.verdict import judge
from textune.study.published import compares_with_the_study

_BASELINES = {
    "majority_class": "majority class",
    "tfidf_logistic_regression": "TF-IDF, logistic",
}


def show_training(document: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> None:
    """Show the result of a training: its `metrics.json` and its learning curve."""
    show("", _metrics_table(document))
    if document.get("baselines"):
        show("", interval_table(document, _BASELINES))
    show("", _class_table(document["metrics"]["test"], "test"))
    if compares_with_the_study(document):
        show("", study_table(document, history))
    if "coverage" in document:
        show("", coverage_table(document), calibration_sentence(document))
    if "abstention" in document:
        show(abstention_sentences(document))
    show("", *map(escape, judge(document).sentences))
    seconds = document["seconds"]
    parts = ", ".join(f"{name} {value:.1f}" for name, value in seconds.items() if name != "total")
    show(f"[dim]{seconds['total']:.1f} s: {parts}[/dim]")
    # Paths and commands are to be copied: they are never wrapped.
    typer.echo(f"\nThe run is in {document['run']}.")
    report = Path(document["run"]) / "report.html"
    if report.exists():
        typer.echo(f"Its report, for a browser: {report}")
    typer.echo(f'Try it:\n  textune predict {shlex.quote(document["run"])} "Your own text"')


def show_evaluation(document: Mapping[str, Any]) -> None:
    """Show the result of an evaluation."""
    show(_metrics_table(document))
    for split, metrics in document["metrics"].items():
        show("", _class_table(metrics, split))
    if "abstention" in document:
        show("", abstention_sentences(document))


def _metrics_table(document: Mapping[str, Any]) -> Table:
    table = framed_table(
        *("", "rows", "accuracy", "macro-F1", "log loss", "calib.\nerror"),
        title=escape(f"{document['recipe']} · {document['model']} · {document['source']}"),
        caption="± is half of the 95 % interval. For log loss and calib. error, less is better.",
        # One space less between columns than usual, so that all of them fit into 80 characters.
        padding=(0, 0, 0, 1),
    )
    for split, metrics in document["metrics"].items():
        _add_row(table, split, metrics, bold=split == "test")
    if "filtered" in document:
        _add_row(table, "test, filtered", document["filtered"]["test"])
    if document.get("baselines"):
        table.add_section()
        table.add_row("baselines, test", style="dim")
    for name, metrics in document.get("baselines", {}).items():
        _add_row(table, _BASELINES[name], metrics)
    return table


def _add_row(table: Table, name: str, metrics: Mapping[str, Any], *, bold: bool = False) -> None:
    table.add_row(
        name,
        f"{metrics['examples']:,}",
        _with_interval(metrics, "accuracy"),
        _with_interval(metrics, "macro_f1"),
        _with_interval(metrics, "log_loss"),
        _with_interval(metrics, "expected_calibration_error"),
        style="bold" if bold else None,
    )


def _with_interval(metrics: Mapping[str, Any], name: str) -> str:
    low, high = metrics[f"{name}_ci95"]
    if name in ("log_loss", "expected_calibration_error"):
        return f"{metrics[name]:.3f} ±{(high - low) / 2:.3f}"
    return f"{metrics[name] * 100:.1f} % ±{(high - low) / 2 * 100:.1f}"


def _class_table(metrics: Mapping[str, Any], split: str) -> Table:
    table = bare_table("", "rows", "precision", "recall", "F1", title=f"{split}, by class")
    table.add_column(width=20)
    for name, measured in metrics["per_class"].items():
        values = [f"{measured[key] * 100:.1f} %" for key in ("precision", "recall", "f1")]
        bar = f"[blue]{draw_bar(measured['f1'])}[/blue]"
        table.add_row(escape(name), f"{measured['support']:,}", *values, bar)
    return table
