"""The findings of an audit: a table, the checks that found nothing, and the next command."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from textune.audit.checks import check_titles
from textune.audit.findings import SEVERITIES
from textune.cli.render.table_looks import framed_table, show
from textune.encoder.embedded import model_option
from textune.formats.text_pairs import as_shown
from textune.wording import counted

if TYPE_CHECKING:
    from textune.audit.findings import AuditResult, Finding, FlaggedRow

_STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_TEXT_CHARACTERS = 200
_JOINER = "\u200d"


def show_audit(result: AuditResult, *, rows: int, settings: Sequence[str] = ()) -> None:
    """Show the findings of an audit, each with at most `rows` rows, and the next command to run.

    `settings` are what the audit was told of the data, which the next command needs, too.
    """
    sizes = ", ".join(f"{count:,} {split}" for split, count in result.rows.items()) or "no usable row"
    heading = f"{result.source} · {sizes} · {len(result.label_names)} classes"
    show("", Text(heading, style="bold"), _table(result.findings, rows), *_rest(result))
    # Paths and commands must stay copyable, so they are never wrapped.
    typer.echo(f"\n{_next_step(result, settings)}")


def printable(text: str) -> str:
    r"""Return a text on one line, with the characters escaped that a terminal could take for a command.

    Example:
        >>> print(printable("so\n happy\x1b[2J"))
        so happy\x1b[2J
    """
    line = " ".join(text[:_TEXT_CHARACTERS].split())
    return "".join(
        letter if letter.isprintable() or letter == _JOINER else ascii(letter)[1:-1] for letter in line
    )


def _table(findings: Sequence[Finding], rows: int) -> Table:
    table = framed_table("check", "", expand=True)
    table.columns[1].justify = "left"
    table.add_column("finding", ratio=1)
    for finding in findings:
        style, is_note = _STYLES[finding.severity], finding.severity == "info"
        cell: list[RenderableType] = [Text(finding.title, style="" if is_note else "bold")]
        if not is_note:
            cell += [*_example_rows(finding.rows, rows), Text(finding.advice, style="italic"), Text("")]
        table.add_row(Text(finding.id, style=style), Text(finding.severity, style=style), Group(*cell))
    return table


def _example_rows(rows: Sequence[FlaggedRow], limit: int) -> Iterator[RenderableType]:
    if not rows or not limit:
        return
    grid = Table.grid(padding=(0, 2), expand=True)
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(no_wrap=True, max_width=34)
    grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1, style="dim")
    for row in rows[:limit]:
        grid.add_row(
            f"{row.split} {row.place}", Text(printable(row.note)), Text(printable(as_shown(row.text)))
        )
    yield grid
    if len(rows) > limit:
        yield Text(f"and {counted(len(rows) - limit, 'more row')} (--rows N, or --json)", style="dim")


def _rest(result: AuditResult) -> Iterator[Text]:
    nouns = {"error": "error", "warning": "warning", "info": "note"}
    counts = Counter(finding.severity for finding in result.findings)
    listed = ", ".join(counted(counts[severity], nouns[severity]) for severity in SEVERITIES)
    yield Text(f"{listed}.", style="bold")
    reported = {finding.id for finding in result.findings}
    titles = check_titles()
    clean = [title for id, title in titles.items() if id not in reported and id not in result.left_out]
    if clean:
        yield Text(f"Nothing found: {', '.join(clean)}.", style="dim")
    for reason in dict.fromkeys(result.left_out.values()):
        names = ", ".join(titles[id] for id, why in result.left_out.items() if why == reason)
        yield Text(f"Skipped: {names} ({reason}).", style="dim")


def _next_step(result: AuditResult, settings: Sequence[str]) -> str:
    source = " ".join([shlex.quote(result.source), *(f"--set {shlex.quote(each)}" for each in settings)])
    if any(finding.id in {"D001", "D002"} and finding.severity == "error" for finding in result.findings):
        return f"Fix what training refuses, then audit again:\n  textune audit {source}"
    model = f" --model {shlex.quote(result.model)}" if result.model else model_option()
    train = f"  textune train{model} --data {source}"
    if result.suspects_file is not None:
        return f"Review {result.suspects_file} from the top, fix the labels in the data, then train:\n{train}"
    return f"{'Fix the errors, then train' if result.has_errors else 'Train on it'}:\n{train}"
