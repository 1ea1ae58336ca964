"""What the model can read of the texts: their length in tokens (D011) and unknown words (D012).

Does not know the tokenizer, only its results.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from textune.audit.checks import AuditInput, check
from textune.audit.findings import Example, Finding, percent
from textune.data.raw import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MANY_CUT = 0.01
_MOSTLY_UNKNOWN = 0.5
_MANY_UNKNOWN = 0.01


@check(needs="encoder", D011="length and truncation")
def find_lengths(audited: AuditInput) -> Iterator[Finding]:
    """Describe the lengths of the texts, and find those that are cut."""
    assert audited.encoder
    tokens, max_length = audited.encoder.tokens, audited.encoder.max_length
    yield describe_lengths(
        audited.examples, tokens.lengths, max_length=max_length, model=audited.encoder.folder.name
    )


@check(needs="encoder", D012="texts unknown to the model")
def find_unknown_texts(audited: AuditInput) -> Iterator[Finding]:
    """Find texts most of whose tokens the model does not know."""
    assert audited.encoder
    unknown, model = audited.encoder.tokens.unknown, audited.encoder.folder.name
    yield from describe_unknown(audited.examples, unknown, model=model)


def describe_lengths(
    examples: Sequence[Example], lengths: NDArray[np.int64], *, max_length: int, model: str
) -> Finding:
    """Return finding D011.

    Args:
        examples: The examples.
        lengths: The number of tokens per example before cutting, special ones included.
        max_length: The maximum number of tokens that the model reads of a text.
        model: The model's name.
    """
    median, high = (int(length) for length in np.percentile(lengths, (50, 95)))
    spread = f"median {median} tokens, 95th percentile {high}, maximum {lengths.max():,}"
    cut = np.flatnonzero(lengths > max_length).tolist()
    if not cut:
        return Finding("D011", "info", f"No text is cut: {spread}; {model} reads {max_length}", 0)
    share = len(cut) / len(lengths)
    return Finding(
        "D011",
        "warning" if share >= _MANY_CUT else "info",
        f"{counted(len(cut), 'text')}, {percent(share)} of all, cut at {max_length} tokens ({spread})",
        len(cut),
        tuple(examples[row].flag(f"{lengths[row]:,} tokens") for row in cut),
        f"The rest of these texts is not read. Choose a model that reads more than {model} (ModernBERT reads "
        "8,192 tokens), or move what matters to the front.",
    )


def describe_unknown(
    examples: Sequence[Example], unknown: NDArray[np.float64], *, model: str
) -> Iterator[Finding]:
    """Yield finding D012, if there are such texts.

    Args:
        examples: The examples.
        unknown: The share of unknown tokens per example.
        model: The model's name.
    """
    lost = np.flatnonzero(unknown >= _MOSTLY_UNKNOWN).tolist()
    if lost:
        share = len(lost) / len(unknown)
        yield Finding(
            "D012",
            "warning" if share >= _MANY_UNKNOWN else "info",
            f"{counted(len(lost), 'text')}, {percent(share)} of all, mostly unknown to {model}",
            len(lost),
            tuple(examples[row].flag(f"{percent(float(unknown[row]))} unknown") for row in lost),
            "The model sees nothing of what its vocabulary lacks. Choose one whose vocabulary has the texts' "
            "script; for emoji, --set prepare.emoji=words reads their names.",
        )
