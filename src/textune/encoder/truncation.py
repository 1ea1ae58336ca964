"""Which texts are longer than a model reads, and how many of them there are in words.

In: what the tokenizers library made of texts. Out: the token ids, and which of them lack the end of a text.
Needs only NumPy, so that exports run without torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.wording import counted

TokenIds = Sequence[Sequence[int] | NDArray[np.int32]]
"""The token ids of each text, special tokens included, without padding."""


@dataclass(frozen=True)
class TokenizedTexts:
    """The token ids of texts, and which of the texts were truncated (texts,)."""

    rows: TokenIds
    truncated: NDArray[np.bool_]


def which_truncated(encodings: Sequence[Any]) -> NDArray[np.bool_]:
    """Return which texts were truncated (texts,), from their encodings by the tokenizers library.

    A tokenizer that truncates keeps what it cuts off, so no text need be tokenized a second time.
    """
    return np.array([bool(encoding.overflowing) for encoding in encodings], dtype=np.bool_)


def describe_truncation(truncated: int, texts: int, *, max_tokens: int, of: str = "") -> str:
    """Return a sentence: how many texts, such as those of a split, a model does not read to the end.

    Example:
        >>> describe_truncation(1, 3200, max_tokens=128)
        '1 of 3,200 texts is longer than the 128 tokens that the model reads; the rest of it is not read.'
    """
    are, rest = ("is", "it") if truncated == 1 else ("are", "each")
    among = f"{counted(texts, 'text')}{f' of {of}' if of else ''}"
    return (
        f"{truncated:,} of {among} {are} longer than the {max_tokens:,} tokens that the model reads; the "
        f"rest of {rest} is not read."
    )
