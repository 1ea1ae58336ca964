"""`textune reproduce`, and how its result is shown: the study's figures beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textune.cli.options import Debug, Json, Offline

if TYPE_CHECKING:
    from rich.table import Table


class Engine(StrEnum):
    """What trains the head."""

    TORCH = "torch"
    KERAS = "keras"
    BOTH = "both"


_NOTHING = "-"


def reproduce(
    engine: Annotated[Engine, typer.Option(help="What trains the head; both: where Keras is.")] = Engine.BOTH,
    model: Annotated[
        str | None, typer.Option(help="The encoder.", show_default="the study's, else embedded:minilm")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="The labelled texts.", show_default="the study's, from the Hub")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="The folder for the runs.", show_default="a new one in runs/"),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Override a setting; may be repeated."),
    ] = None,
    curves: Annotated[
        str | None,
        typer.Option(metavar="FILE.svg", help="Draw the learning curves there.", show_default=False),
    ] = None,
    offline: Offline = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Carry out the published case study, and show its figures beside ours."""
    from textune.cli import console
    from textune.workflows.reproducing import reproduce as run_reproduction

    with console.Watcher(quiet=json) as observer:
        document = run_reproduction(
            engine.value,
            model=model,
            data=data,
            out=out,
            settings=settings or (),
            curves=curves,
            offline=offline,
            observer=observer,
        )
    if json:
        console.show_json(document)
    else:
        show_reproduction(document)


def show_reproduction(document: Mapping[str, Any]) -> None:
    """Show what `textune.workflows.reproducing.reproduce` gave."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    console.print(f"\n[bold]{escape(_heading(document))}[/bold]")
    console.print(_epoch_table(document))
    console.print(_end_table(document))
    for sentence in document["verdicts"]:
        console.print(escape(sentence))
    console.print("\n[bold]What the study leaves open, and what differs[/bold]")
    for sentence in document["differences"]:
        console.print(f"· {escape(sentence)}")
    for engine, run in document["engines"].items():
        # Paths are to be copied: they are never wrapped.
        print(f"\nThe run on {engine} is in {run['run']}", end="")  # noqa: T201
    print()  # noqa: T201


def _heading(document: Mapping[str, Any]) -> str:
    model = document["model"] + ("" if document["same_model"] else ", which is not the study's encoder")
    source = document["source"] + ("" if document["same_data"] else ", which are not the study's data")
    return f"The published study (DistilBERT on TweetEval's emotion) beside {model}, on {source}"


def _epoch_table(document: Mapping[str, Any]) -> Table:
    """Return accuracy on train and validation and the log loss on validation, epoch by epoch."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    names = ("train_accuracy", "validation_accuracy", "validation_log_loss")
    columns = {"study": {entry["epoch"]: entry for entry in document["study"]["history"]}}
    for engine, run in document["engines"].items():
        columns[engine] = {entry["epoch"]: entry for entry in run["history"]}
    table = Table(
        caption="Accuracies in %. The study gives figures of these epochs only.",
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("epoch", justify="right")
    for column in columns:
        for title in ("train", "valid.", "log loss"):
            table.add_column(f"{column}\n{title}", justify="right", no_wrap=True)
    for epoch in sorted(set().union(*columns.values())):
        cells = [
            _cell(name, column.get(epoch, {}).get(name)) for column in columns.values() for name in names
        ]
        table.add_row(str(epoch), *cells)
    return table


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return _NOTHING
    return f"{value:.4f}" if name.endswith("log_loss") else f"{value * 100:.2f}"


def _end_table(document: Mapping[str, Any]) -> Table:
    """Return the figures of the weights that are kept, with their intervals."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    study, runs = document["study"], document["engines"]
    table = Table(
        caption="± is half of the 95 % interval. The study does not say whether it filtered its test rows.",
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for title in ("", "the study", *runs):
        table.add_column(title, justify="right" if title else "left", no_wrap=True)
    parts: dict[str, dict[str, Any]] = {
        split: {engine: run["metrics"][split] for engine, run in runs.items()}
        for split in ("train", "validation", "test")
    }
    parts["test, filtered"] = {engine: run["filtered"]["test"] for engine, run in runs.items()}
    of_study = {
        "validation": ("", "", ""),
        "test": (f"{study['test_accuracy'] * 100:.2f} %", "", f"{study['test_log_loss']:.4f}"),
    }
    for part, figures in parts.items():
        rows = next(iter(figures.values()))["examples"]
        for name, title, printed in zip(
            ("accuracy", "macro_f1", "log_loss"),
            (f"{part} ({rows:,} rows): accuracy", "  macro-F1", "  log loss"),
            of_study.get(part, ("", "", "")),
            strict=True,
        ):
            cells = [_with_doubt(metrics, name) for metrics in figures.values()]
            table.add_row(title, printed or _NOTHING, *cells, style="bold" if part == "test" else None)
    return table


def _with_doubt(metrics: Mapping[str, Any], name: str) -> str:
    low, high = metrics[f"{name}_ci95"]
    if name == "log_loss":
        return f"{metrics[name]:.4f} ±{(high - low) / 2:.4f}"
    return f"{metrics[name] * 100:.2f} % ±{(high - low) / 2 * 100:.2f}"
