"""A text whose words are coloured by their effect on the decision, and a table of the strongest words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from textune.cli.render.table_looks import bare_table, escape, show

if TYPE_CHECKING:
    from textune.explain.attribution import Explanation, Word

_LISTED = 8
_BAR = 20
_FOR, _AGAINST = (74, 144, 226), (245, 124, 0)
"""Blue and orange, which most colour-blind people can tell apart."""


def show_explanation(explanation: Explanation) -> None:
    """Show a label, the text with its words coloured, and the words with the largest weights.

    The two texts of a pair are shown apart. The other labels of a text that can have several follow.
    """
    for number, each in enumerate((explanation, *(explanation.others or ()))):
        if number:
            show("")
        _show_label(each)


def _show_label(explanation: Explanation) -> None:
    rather = "  (other: the text belongs to none of the classes)" if explanation.other else ""
    show(f"[bold]{escape(explanation.label)}[/bold]  {explanation.score:.1%}{rather}")
    for number, (text, words) in enumerate(explanation.sides):
        if len(explanation.sides) > 1:
            show(f"\n[dim]{('First', 'Second')[number]} text[/dim]")
        else:
            show("")
        largest = explanation.largest_weight
        show(coloured(text, words, largest=largest), "", _word_table(words, largest=largest))
    show(
        f"\n[dim]Points: how much the word raises the probability of {escape(explanation.label)}. "
        "Blue words support it, orange words oppose it.[/dim]"
    )


def coloured(text: str, words: Sequence[Word], *, largest: float) -> Text:
    """Return a text with each word on a colour as strong as its weight, compared with the largest one."""
    shown = Text(text)
    for word in words:
        strength = abs(word.weight) / largest
        if strength > 0.1:
            colour = (round(255 - strength * (255 - part)) for part in _colour(word.weight))
            shown.stylize(f"black on rgb({','.join(map(str, colour))})", word.start, word.end)
    return shown


def _word_table(words: Sequence[Word], *, largest: float) -> Table:
    table = bare_table("word", "points")
    table.add_column("")
    for word in sorted(words, key=lambda word: -abs(word.weight))[:_LISTED]:
        length = round(abs(word.weight) / largest * _BAR)
        bar = Text("█" * length, style=f"rgb({','.join(map(str, _colour(word.weight)))})")
        table.add_row(escape(word.word), f"{word.weight * 100:+.1f}", bar)
    return table


def _colour(weight: float) -> tuple[int, int, int]:
    return _FOR if weight > 0 else _AGAINST
