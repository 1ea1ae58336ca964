"""The published study's metrics next to ours: by epoch, and at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer
from rich.table import Table

from textune.cli.render.table_looks import escape, framed_table, show
from textune.evaluation.metrics import METRICS, Metric, headline_metrics
from textune.wording import in_words

_SPLITS = ("train", "validation", "test")
_PADDING = (0, 1, 0, 0)


def show_reproduction(document: Mapping[str, Any]) -> None:
    """Show the result of `textune.commands.reproduce.reproduce`."""
    runs = document["engines"]
    model = document["model"] + ("" if document["same_model"] else ", which is not the study's encoder")
    source = document["source"] + ("" if document["same_data"] else ", which is not the study's data")
    heading = f"The published study (DistilBERT on TweetEval's emotion) compared with {model}, on {source}"
    show(f"\n[bold]{escape(heading)}[/bold]", _epoch_table(document), _end_table(document))
    show(*map(escape, document["verdicts"]))
    show("\n[bold]What the study leaves open, and what differs[/bold]")
    show(*(f"· {escape(sentence)}" for sentence in document["differences"]))
    took = ", ".join(f"{in_words(run['seconds']['total'])} on {engine}" for engine, run in runs.items())
    show(f"\nEverything from texts to metrics took {took}.")
    # Paths must stay copyable, so they are never wrapped.
    typer.echo("\n" + "\n".join(f"The run on {engine} is in {run['run']}" for engine, run in runs.items()))


def _epoch_table(document: Mapping[str, Any]) -> Table:
    names = {"train_accuracy": "train", "validation_accuracy": "valid.", "validation_log_loss": "loss"}
    metrics = {name: METRICS[name.partition("_")[2]] for name in names}
    columns = {"study": {entry["epoch"]: entry for entry in document["study"]["history"]}}
    for engine, run in document["engines"].items():
        columns[engine] = {entry["epoch"]: entry for entry in run["history"]}
    table = framed_table(
        *("epoch", *(f"{column}\n{title}" for column in columns for title in names.values())),
        caption="Accuracy in %, and log loss on validation. The study reports no other metrics.",
        padding=_PADDING,
    )
    table.columns[0].justify = "right"
    for epoch in sorted(set().union(*columns.values())):
        cells = [
            _cell(metric, epochs.get(epoch, {}).get(name))
            for epochs in columns.values()
            for name, metric in metrics.items()
        ]
        table.add_row(str(epoch), *cells)
    return table


def _end_table(document: Mapping[str, Any]) -> Table:
    study, runs = document["study"], document["engines"]
    table = framed_table(
        *("", "the study", *runs),
        caption="± is half the width of the 95 % interval. The study does not say whether it filtered test.",
        padding=_PADDING,
    )
    parts = {split: [run["metrics"][split] for run in runs.values()] for split in _SPLITS}
    if all("filtered" in run for run in runs.values()):
        parts["test, filtered"] = [run["filtered"]["test"] for run in runs.values()]
    printed = {("test", "accuracy"): study["test_accuracy"], ("test", "log_loss"): study["test_log_loss"]}
    for part, measured in parts.items():
        table.add_section()
        style = "bold" if part == "test" else None
        table.add_row(f"{part}, {measured[0]['examples']:,} rows", style=style)
        for metric in headline_metrics():
            title = f"  {metric.title}{', %' if metric.unit == '%' else ''}"
            cells = [_with_interval(metric, metrics) for metrics in measured]
            table.add_row(title, _cell(metric, printed.get((part, metric.key))), *cells, style=style)
    return table


def _cell(metric: Metric, value: float | None) -> str:
    return "-" if value is None else metric.number(value, precise=True)


def _with_interval(metric: Metric, metrics: Mapping[str, Any]) -> str:
    low, high = metrics[f"{metric.key}_ci95"]
    return f"{_cell(metric, metrics[metric.key])} ±{_cell(metric, (high - low) / 2)}"
