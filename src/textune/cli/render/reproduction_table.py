"""The published study's metrics beside ours: by epoch, and at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer
from rich.table import Table

from textune.cli.render.tables import escape, framed_table, show
from textune.context import in_words

_SPLITS = ("train", "validation", "test")
_METRICS = {"accuracy": "accuracy, %", "macro_f1": "macro-F1, %", "log_loss": "log loss"}
_NOTHING = "-"
_PADDING = (0, 1, 0, 0)


def show_reproduction(document: Mapping[str, Any]) -> None:
    """Show the result of `textune.commands.reproduce.reproduce`."""
    runs = document["engines"]
    show(f"\n[bold]{escape(_heading(document))}[/bold]", _epoch_table(document), _end_table(document))
    show(*map(escape, document["verdicts"]))
    show("\n[bold]What the study leaves open, and what differs[/bold]")
    show(*(f"· {escape(sentence)}" for sentence in document["differences"]))
    took = ", ".join(f"{in_words(run['seconds']['total'])} on {engine}" for engine, run in runs.items())
    show(f"\nFrom texts to metrics, that took {took}.")
    # Paths are to be copied: they are never wrapped.
    typer.echo("\n" + "\n".join(f"The run on {engine} is in {run['run']}" for engine, run in runs.items()))


def _heading(document: Mapping[str, Any]) -> str:
    model = document["model"] + ("" if document["same_model"] else ", which is not the study's encoder")
    source = document["source"] + ("" if document["same_data"] else ", which are not the study's data")
    return f"The published study (DistilBERT on TweetEval's emotion) beside {model}, on {source}"


def _epoch_table(document: Mapping[str, Any]) -> Table:
    """Return accuracy on train and validation and the log loss on validation, epoch by epoch."""
    names = {"train_accuracy": "train", "validation_accuracy": "valid.", "validation_log_loss": "loss"}
    columns = {"study": {entry["epoch"]: entry for entry in document["study"]["history"]}}
    for engine, run in document["engines"].items():
        columns[engine] = {entry["epoch"]: entry for entry in run["history"]}
    table = framed_table(
        *("epoch", *(f"{column}\n{title}" for column in columns for title in names.values())),
        caption="Accuracy in %, and log loss on validation. The study gives no other metrics.",
        padding=_PADDING,
    )
    table.columns[0].justify = "right"
    for epoch in sorted(set().union(*columns.values())):
        cells = [
            _cell(name, epochs.get(epoch, {}).get(name)) for epochs in columns.values() for name in names
        ]
        table.add_row(str(epoch), *cells)
    return table


def _end_table(document: Mapping[str, Any]) -> Table:
    """Return the metrics of the saved weights, with their intervals."""
    study, runs = document["study"], document["engines"]
    table = framed_table(
        *("", "the study", *runs),
        caption="± is half of the 95 % interval. The study does not say whether it filtered test.",
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
        for name, title in _METRICS.items():
            cells = [_with_interval(name, metrics) for metrics in measured]
            table.add_row(f"  {title}", _cell(name, printed.get((part, name))), *cells, style=style)
    return table


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return _NOTHING
    return f"{value:.4f}" if name.endswith("log_loss") else f"{value * 100:.2f}"


def _with_interval(name: str, metrics: Mapping[str, Any]) -> str:
    low, high = metrics[f"{name}_ci95"]
    return f"{_cell(name, metrics[name])} ±{_cell(name, (high - low) / 2)}"
