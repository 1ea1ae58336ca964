"""`textune export`, and how its result is shown; what `textune predict` asks about exports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from textune.commands.export import ExportResult
    from textune.export.parity import Row

PredictRuntime = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="What classifies: torch, onnx, openvino, onnx-int8 ...",
        show_default="the fastest that gives the run's own probabilities",
    ),
]


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.")],
    runtime: Annotated[str, typer.Option(metavar="onnx|openvino", help="What is to run the classifier.")],
    int8: Annotated[bool, typer.Option("--int8", help="Compute in 8 bits where that is faster.")] = False,
    bf16: Annotated[
        bool, typer.Option("--bf16", help="Compute in bf16, with OpenVINO on processors that have it.")
    ] = False,
    out: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="The folder to make.", show_default="RUN/exports/RUNTIME"),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Keep the export even if it is less accurate than allowed.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Write a run's classifier for a faster runtime, and check it against the run."""
    from textune.cli.render import console
    from textune.commands.export import export as run_export

    with console.Watcher(quiet=json) as observer:
        result = run_export(
            run, runtime=runtime, int8=int8, bf16=bf16, out=out, force=force, observer=observer
        )
    if json:
        console.show_json(result.document)
    else:
        show_export(result)


def show_export(result: ExportResult) -> None:
    """Show an export beside the model that it came from."""
    from rich.console import Console

    console = Console(highlight=False)
    console.print()
    console.print(_table(result))
    for sentence in result.remarks:
        console.print(f"\n{sentence}")
    # Paths are to be copied: they are never wrapped.
    print(f"\nThe export is in {result.path}.")  # noqa: T201


def _table(result: ExportResult) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(
        title=f"{result.texts:,} texts of the run's test split, {result.cores} cores",
        title_style="bold",
        title_justify="left",
        caption="Beside torch: texts with the same label, the largest change of a\n"
        "probability, the change of macro-F1 in points. ms: one text alone.",
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for name in ("", "MB", "same\nlabels", "largest\nchange", "macro-F1", "texts/s", "ms"):
        table.add_column(name, justify="left" if not name else "right", no_wrap=True)
    for row in result.rows:
        table.add_row(*_cells(row), style="bold" if row is result.rows[-1] else None)
    return table


def _cells(row: Row) -> list[str]:
    speed = [f"{row.speed.texts_per_second:,.0f}", f"{row.speed.latency_ms:.1f}"]
    size = f"{row.bytes / 1e6:.1f}"
    if row.name == "torch":
        return [row.name, size, "", "", f"{row.macro_f1 * 100:.1f} %", *speed]
    difference = row.agreement.macro_f1_difference
    change, low, high = (f"{value * 100:+.1f}" for value in (difference.value, *difference.ci95))
    return [
        row.name,
        size,
        f"{row.agreement.labels * 100:.2f} %",
        f"{row.agreement.largest_difference:.0e}",
        f"{change} [{low}, {high}]",
        *speed,
    ]
