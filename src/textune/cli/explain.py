"""`textune explain`: a text with its words coloured by what they did to the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from textune.cli.options import Debug, Json, RunFolder

if TYPE_CHECKING:
    from textune.explain.attribution import Explanation

_LISTED = 8
_BAR = 20
_FOR, _AGAINST = (74, 144, 226), (245, 124, 0)
"""Blue and orange, which most colour-blind people tell apart."""


def explain(
    run: RunFolder,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The text.")],
    method: Annotated[
        str, typer.Option(help="occlusion, or integrated-gradients (extra: explain).")
    ] = "occlusion",
    label: Annotated[
        str | None, typer.Option(help="The label to explain.", show_default="the most probable one")
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show which words of a text carried the decision."""
    from textune.cli.render.console import Watcher, show_json
    from textune.commands.explain import explain as run_explanation

    with Watcher(quiet=json) as observer:
        explanation = run_explanation(run, text, method=method, label=label, observer=observer)
    if json:
        show_json(explanation.to_json())
    else:
        show_explanation(explanation)


def show_explanation(explanation: Explanation) -> None:
    """Show a label, the text with its words coloured, and the words that weigh most."""
    console = Console(highlight=False)
    console.print(f"[bold]{escape(explanation.label)}[/bold]  {explanation.score:.1%}\n")
    console.print(coloured(explanation))
    console.print()
    console.print(_word_table(explanation))
    console.print(
        f"\n[dim]Points: by how much the word raises the probability of {escape(explanation.label)}. "
        "Blue speaks for it, orange against.[/dim]"
    )


def coloured(explanation: Explanation) -> Text:
    """Return the text, each word on a colour as strong as its weight."""
    text = Text(explanation.text)
    largest = _largest(explanation)
    for word in explanation.words:
        strength = abs(word.weight) / largest
        if strength > 0.1:
            red, green, blue = (
                round(255 - strength * (255 - part)) for part in (_FOR if word.weight > 0 else _AGAINST)
            )
            text.stylize(f"black on rgb({red},{green},{blue})", word.start, word.end)
    return text


def _word_table(explanation: Explanation) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("word")
    table.add_column("points", justify="right")
    table.add_column("")
    heaviest = sorted(explanation.words, key=lambda word: -abs(word.weight))[:_LISTED]
    for word in heaviest:
        length = round(abs(word.weight) / _largest(explanation) * _BAR)
        colour = _FOR if word.weight > 0 else _AGAINST
        bar = Text("█" * length, style=f"rgb({','.join(map(str, colour))})")
        table.add_row(escape(word.word), f"{word.weight * 100:+.1f}", bar)
    return table


def _largest(explanation: Explanation) -> float:
    return max((abs(word.weight) for word in explanation.words), default=0.0) or 1.0
