"""What the model can read of the texts, by the tokenizer: length in tokens (D011), unknown words (D012)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from textune.audit.checks import AuditInput, check
from textune.audit.findings import Finding, percent
from textune.wording import counted

_MANY_CUT = 0.01
_MOSTLY_UNKNOWN = 0.5
_MANY_UNKNOWN = 0.01


@check(needs="encoder", D011="length and truncation")
def find_lengths(audited: AuditInput) -> Iterator[Finding]:
    """Describe the lengths of the texts in tokens, and find truncated texts."""
    assert audited.encoder
    lengths, max_length = audited.encoder.tokens.lengths, audited.encoder.max_length
    model = audited.encoder.folder.name
    median, high = (int(length) for length in np.percentile(lengths, (50, 95)))
    spread = f"median {median} tokens, 95th percentile {high}, maximum {lengths.max():,}"
    cut = np.flatnonzero(lengths > max_length).tolist()
    if not cut:
        yield Finding("D011", "info", f"No text is truncated: {spread}; {model} reads {max_length}", 0)
        return
    share = len(cut) / len(lengths)
    yield Finding(
        "D011",
        "warning" if share >= _MANY_CUT else "info",
        f"{counted(len(cut), 'text')}, {percent(share)} of all, truncated to {max_length} tokens ({spread})",
        len(cut),
        tuple(audited.examples[row].flag(f"{lengths[row]:,} tokens") for row in cut),
        f"The model does not read the rest of these texts. Read them in windows (--set "
        f"prepare.long_texts=windows), choose a model that reads more than {model} (ModernBERT reads 8,192 "
        "tokens), or move what matters to the front.",
    )


@check(needs="encoder", D012="texts unknown to the model")
def find_unknown_texts(audited: AuditInput) -> Iterator[Finding]:
    """Find texts whose tokens are mostly unknown to the model."""
    assert audited.encoder
    unknown, model = audited.encoder.tokens.unknown, audited.encoder.folder.name
    lost = np.flatnonzero(unknown >= _MOSTLY_UNKNOWN).tolist()
    if lost:
        share = len(lost) / len(unknown)
        yield Finding(
            "D012",
            "warning" if share >= _MANY_UNKNOWN else "info",
            f"{counted(len(lost), 'text')}, {percent(share)} of all, mostly unknown to {model}",
            len(lost),
            tuple(audited.examples[row].flag(f"{percent(float(unknown[row]))} unknown") for row in lost),
            "The model cannot see what its vocabulary lacks. Choose a model whose vocabulary covers the "
            "script of these texts. For emoji, --set prepare.emoji=words reads their names.",
        )
