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


SPLITS = ("train", "validation", "test")
_FIGURES = {"accuracy": "accuracy, %", "macro_f1": "macro-F1, %", "log_loss": "log loss"}
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
    from textune.cli.render import console
    from textune.commands.reproduce import reproduce as run_reproduction

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
    """Show what `textune.commands.reproduce.reproduce` gave."""
    from rich.console import Console
    from rich.markup import escape

    from textune.training.learners import in_words

    runs = document["engines"]
    console = Console(highlight=False)
    console.print(f"\n[bold]{escape(_heading(document))}[/bold]")
    console.print(_epoch_table(document))
    console.print(_end_table(document))
    for sentence in document["verdicts"]:
        console.print(escape(sentence))
    console.print("\n[bold]What the study leaves open, and what differs[/bold]")
    for sentence in document["differences"]:
        console.print(f"· {escape(sentence)}")
    took = ", ".join(f"{in_words(run['seconds']['total'])} on {engine}" for engine, run in runs.items())
    console.print(f"\nFrom texts to figures, that took {took}.")
    for engine, run in runs.items():
        # Paths are to be copied: they are never wrapped.
        print(f"\nThe run on {engine} is in {run['run']}", end="")  # noqa: T201
    print()  # noqa: T201


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
    table = _table("Accuracy in %, and log loss on validation. The study gives these figures only.")
    table.add_column("epoch", justify="right", no_wrap=True)
    for column in columns:
        for title in names.values():
            table.add_column(f"{column}\n{title}", justify="right", no_wrap=True)
    for epoch in sorted(set().union(*columns.values())):
        cells = [_figure(name, told.get(epoch, {}).get(name)) for told in columns.values() for name in names]
        table.add_row(str(epoch), *cells)
    return table


def _end_table(document: Mapping[str, Any]) -> Table:
    """Return the figures of the weights that are kept, with their intervals."""
    study, runs = document["study"], document["engines"]
    table = _table("± is half of the 95 % interval. The study does not say if it filtered test.")
    for title in ("", "the study", *runs):
        table.add_column(title, justify="right" if title else "left", no_wrap=True)
    parts = {split: [run["metrics"][split] for run in runs.values()] for split in SPLITS}
    if all("filtered" in run for run in runs.values()):
        parts["test, filtered"] = [run["filtered"]["test"] for run in runs.values()]
    printed = {("test", "accuracy"): study["test_accuracy"], ("test", "log_loss"): study["test_log_loss"]}
    for part, measured in parts.items():
        table.add_section()
        style = "bold" if part == "test" else None
        table.add_row(f"{part}, {measured[0]['examples']:,} rows", style=style)
        for name, title in _FIGURES.items():
            cells = [_with_doubt(name, metrics) for metrics in measured]
            table.add_row(f"  {title}", _figure(name, printed.get((part, name))), *cells, style=style)
    return table


def _table(caption: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(
        caption=caption, caption_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return _NOTHING
    return f"{value:.4f}" if name.endswith("log_loss") else f"{value * 100:.2f}"


def _with_doubt(name: str, metrics: Mapping[str, Any]) -> str:
    low, high = metrics[f"{name}_ci95"]
    return f"{_figure(name, metrics[name])} ±{_figure(name, (high - low) / 2)}"
