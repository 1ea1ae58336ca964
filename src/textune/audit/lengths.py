"""What the chosen model can read of the texts: their length in tokens, and words that it does not know.

In: examples, and what the model's tokenizer made of them. Out: findings D011 and D012. Does not know the
tokenizer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from textune.audit.findings import Example, Finding, found_row, percent
from textune.data.raw import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MANY_CUT = 0.01
_MOSTLY_UNKNOWN = 0.5
_MANY_UNKNOWN = 0.01


def find_lengths(
    examples: Sequence[Example], lengths: NDArray[np.int64], *, max_length: int, model: str
) -> Finding:
    """Describe the texts' lengths, and find those that are cut (D011).

    Args:
        examples: The examples.
        lengths: The tokens of every example, special ones included, uncut.
        max_length: The most tokens that are read of a text.
        model: The model's name.
    """
    median, high = (int(length) for length in np.percentile(lengths, (50, 95)))
    spread = f"{median} tokens in the median, {high} at the 95th percentile, {lengths.max():,} at most"
    cut = np.flatnonzero(lengths > max_length).tolist()
    if not cut:
        return Finding(
            "D011",
            "info",
            f"No text is cut: {spread}; {model} reads {max_length}",
            0,
            (),
            "Nothing to do.",
        )
    share = len(cut) / len(lengths)
    return Finding(
        "D011",
        "warning" if share >= _MANY_CUT else "info",
        f"{counted(len(cut), 'text')}, {percent(share)} of all, cut at {max_length} tokens ({spread})",
        len(cut),
        tuple(found_row(examples[row], f"{lengths[row]:,} tokens") for row in cut),
        f"What comes after is not read. Choose a model that reads more than {model} (ModernBERT reads 8,192 "
        "tokens), or bring what matters to the front.",
    )


def find_unknown(examples: Sequence[Example], unknown: NDArray[np.float64], *, model: str) -> list[Finding]:
    """Find texts most of whose tokens the model does not know (D012).

    Args:
        examples: The examples.
        unknown: The share of every example's tokens that stand for something unknown.
        model: The model's name.
    """
    lost = np.flatnonzero(unknown >= _MOSTLY_UNKNOWN).tolist()
    if not lost:
        return []
    share = len(lost) / len(unknown)
    return [
        Finding(
            "D012",
            "warning" if share >= _MANY_UNKNOWN else "info",
            f"{counted(len(lost), 'text')}, {percent(share)} of all, mostly unknown to {model}",
            len(lost),
            tuple(found_row(examples[row], f"{percent(float(unknown[row]))} unknown") for row in lost),
            "The model sees nothing of what its vocabulary lacks. Choose one whose vocabulary has the texts' "
            "script; for emoji, --set prepare.emoji=words reads their names.",
        )
    ]
