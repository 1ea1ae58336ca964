"""`textune audit` on the command line: its options, and its findings as a table or as JSON."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from textune.cli.options import Debug, Json, Offline

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from textune.audit.findings import Finding, FoundRow
    from textune.commands.audit import AuditResult

_WRONG = 2
"""The exit code for data that are wrong, with --strict."""
_STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_TEXT_CHARACTERS = 200
_JOINER = "\u200d"


def audit(
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="A Hub name, a folder, a file, or sample:emotion.")
    ],
    model: Annotated[
        str | None,
        typer.Option(
            help="The encoder that judges labels and lengths.", show_default="embedded:minilm, if installed"
        ),
    ] = None,
    suspects: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="The CSV file for doubtful labels.",
            show_default="a new one named after the data",
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 2 if there is an error.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out what needs an encoder.")] = False,
    cleanlab: Annotated[
        bool, typer.Option("--cleanlab", help="Let the package cleanlab choose the suspects.")
    ] = False,
    rows: Annotated[int, typer.Option(min=0, help="Rows to show of each finding.")] = 3,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Override a setting; may be repeated."),
    ] = None,
    offline: Offline = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Check labelled texts: duplicates, labels, leaks, lengths, characters, splits."""
    from textune.cli.render import console
    from textune.commands.audit import AUTO
    from textune.commands.audit import audit as run_audit

    with console.Watcher(quiet=json) as observer:
        result = run_audit(
            data,
            model=model,
            settings=settings or (),
            quick=quick,
            cleanlab=cleanlab,
            suspects=suspects or AUTO,
            offline=offline,
            observer=observer,
        )
    if json:
        console.show_json(result.to_json())
    else:
        show_audit(result, rows=rows)
    if strict and result.has_errors:
        raise typer.Exit(_WRONG)


def show_audit(result: AuditResult, *, rows: int) -> None:
    """Show what an audit has found, and the command to try next.

    Args:
        result: What it has found.
        rows: The most rows to show of each finding.
    """
    from rich.console import Console

    console = Console(highlight=False)
    console.print()
    console.print(_heading(result))
    console.print(_table(result.findings, rows))
    _print_rest(console, result)
    # Paths and commands are to be copied: they are never wrapped.
    print(f"\n{_next_step(result)}")  # noqa: T201


def printable(text: str) -> str:
    r"""Return a text on one line, with what a terminal could take for a command written out.

    Example:
        >>> print(printable("so\n happy\x1b[2J"))
        so happy\x1b[2J
    """
    line = " ".join(text[:_TEXT_CHARACTERS].split())
    return "".join(
        letter if letter.isprintable() or letter == _JOINER else ascii(letter)[1:-1] for letter in line
    )


def _heading(result: AuditResult) -> RenderableType:
    from rich.text import Text

    sizes = ", ".join(f"{count:,} {split}" for split, count in result.rows.items()) or "no usable row"
    parts = [result.source, sizes, f"{len(result.label_names)} classes"]
    return Text(" · ".join(parts), style="bold")


def _table(findings: Sequence[Finding], rows: int) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, expand=True)
    table.add_column("check", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("what was found", ratio=1)
    for severity, group in groupby(findings, key=lambda finding: finding.severity):
        for finding in group:
            style = _STYLES[severity]
            cell: list[RenderableType] = [Text(finding.title, style="bold" if severity != "info" else "")]
            if severity != "info":
                cell += [*_example_rows(finding.rows, rows), Text(finding.advice, style="italic"), Text("")]
            table.add_row(Text(finding.id, style=style), Text(severity, style=style), Group(*cell))
    return table


def _example_rows(rows: Sequence[FoundRow], limit: int) -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    from textune.data.raw import counted

    if not rows or not limit:
        return
    grid = Table.grid(padding=(0, 2), expand=True)
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(no_wrap=True, max_width=34)
    grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1, style="dim")
    for row in rows[:limit]:
        grid.add_row(f"{row.split} {row.place}", Text(printable(row.note)), Text(printable(row.text)))
    yield grid
    if len(rows) > limit:
        yield Text(f"and {counted(len(rows) - limit, 'more row')} (--rows N, or --json)", style="dim")


def _print_rest(console: Console, result: AuditResult) -> None:
    """Print what was not found, and what was not looked for."""
    from rich.text import Text

    from textune.audit.findings import CHECKS, SEVERITIES
    from textune.data.raw import counted

    nouns = {"error": "error", "warning": "warning", "info": "note"}
    counts = {
        severity: sum(finding.severity == severity for finding in result.findings) for severity in SEVERITIES
    }
    listed = ", ".join(counted(counts[severity], nouns[severity]) for severity in SEVERITIES)
    console.print(Text(f"{listed}.", style="bold"))
    found = {finding.id for finding in result.findings}
    clean = [name for id, name in CHECKS.items() if id not in found and id not in result.left_out]
    if clean:
        console.print(Text(f"Nothing found: {', '.join(clean)}.", style="dim"))
    for reason in dict.fromkeys(result.left_out.values()):
        names = ", ".join(CHECKS[id] for id, why in result.left_out.items() if why == reason)
        console.print(Text(f"Not looked for: {names} ({reason}).", style="dim"))


def _next_step(result: AuditResult) -> str:
    source = shlex.quote(result.source)
    if any(finding.id in {"D001", "D002"} for finding in result.findings):
        return f"Mend what training refuses, then look again:\n  textune audit {source}"
    model = f" --model {shlex.quote(result.model)}" if result.model else ""
    train = f"  textune train{model} --data {source}"
    if result.suspects_file is not None:
        return (
            f"Read {result.suspects_file} from the top and mend the labels in the data, then train:\n{train}"
        )
    return f"{'Mend the errors, then train' if result.has_errors else 'Train on it'}:\n{train}"
