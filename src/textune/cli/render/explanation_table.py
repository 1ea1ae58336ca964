"""A text whose words are coloured by their effect on the decision, and a table of the strongest words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from textune.cli.render.table_looks import bare_table, escape, show

if TYPE_CHECKING:
    from textune.explain.attribution import Explanation

_LISTED = 8
_BAR = 20
_FOR, _AGAINST = (74, 144, 226), (245, 124, 0)
"""Blue and orange, which most colour-blind people can tell apart."""


def show_explanation(explanation: Explanation) -> None:
    """Show a label, the text with its words coloured, and the words with the largest weights.

    The other labels of a text that can have several follow.
    """
    for number, each in enumerate((explanation, *(explanation.others or ()))):
        if number:
            show("")
        _show_label(each)


def _show_label(explanation: Explanation) -> None:
    show(
        f"[bold]{escape(explanation.label)}[/bold]  {explanation.score:.1%}\n",
        coloured(explanation),
        "",
        _word_table(explanation),
        f"\n[dim]Points: how much the word raises the probability of {escape(explanation.label)}. "
        "Blue words support it, orange words oppose it.[/dim]",
    )


def coloured(explanation: Explanation) -> Text:
    """Return the text with each word on a colour as strong as its weight."""
    text = Text(explanation.text)
    for word in explanation.words:
        strength = abs(word.weight) / _largest(explanation)
        if strength > 0.1:
            colour = (round(255 - strength * (255 - part)) for part in _colour(word.weight))
            text.stylize(f"black on rgb({','.join(map(str, colour))})", word.start, word.end)
    return text


def _word_table(explanation: Explanation) -> Table:
    table = bare_table("word", "points")
    table.add_column("")
    for word in sorted(explanation.words, key=lambda word: -abs(word.weight))[:_LISTED]:
        length = round(abs(word.weight) / _largest(explanation) * _BAR)
        bar = Text("█" * length, style=f"rgb({','.join(map(str, _colour(word.weight)))})")
        table.add_row(escape(word.word), f"{word.weight * 100:+.1f}", bar)
    return table


def _colour(weight: float) -> tuple[int, int, int]:
    return _FOR if weight > 0 else _AGAINST


def _largest(explanation: Explanation) -> float:
    return max((abs(word.weight) for word in explanation.words), default=0.0) or 1.0
