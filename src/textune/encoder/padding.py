"""Does padding change what an encoder makes of a text? This is measured whenever a model is loaded.

In: an encoder in fp32, and how its output is pooled. Out: the id that fills up the shorter rows of a batch,
or None if rows of different lengths must not share one. Some architectures read padding as if it were text:
FNet mixes all tokens of a row and has no mask, and ConvBERT's convolutions reach beyond the end of a text.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.encoder.placement import Placement
from textune.encoder.prefix import Pooling, encode
from textune.errors import ModelError
from textune.wording import first_line

_SAME = 1e-4
"""The maximum difference of two fp32 computations of a feature, relative to the text's largest feature."""
_SHORT, _LONG = "a short text", "and another one that is many words longer than the first " * 16
_MOST_TOKENS = 128
"""The length of the long text: beside one, some architectures compute otherwise than beside a short one."""
_OTHER_MODEL = "Choose another model, such as DistilBERT or ModernBERT."


def find_padding_id(encoder: Any, tokenizer: Any, *, pooling: Pooling, max_length: int) -> int | None:
    """Return the padding token's id, or None if an encoder gives a text other features once it is padded.

    The encoder, in fp32 on the CPU, runs over a few words alone, and beside many.

    Raises:
        ModelError: The encoder fails on these texts, or a text's features depend on chance.
    """
    kind, padding_id = encoder.config.model_type, int(tokenizer.pad_token_id)
    if kind == "reformer":
        raise ModelError(
            "'reformer' draws random numbers when it reads a longer text, so a text has no score of its own.",
            _OTHER_MODEL,
        )
    most = min(max_length, _MOST_TOKENS)
    short, long = tokenizer([_SHORT, _LONG], truncation=True, max_length=most)["input_ids"]
    short = short[: max(1, len(long) - 1)]
    placement = Placement("cpu", "fp32", encoder.config._attn_implementation)
    features = partial(encode, encoder, pooling=pooling, placement=placement)
    try:
        alone = features([short], padding_id=None)[0]
        if _are_same(features([short, long], padding_id=padding_id)[0], alone):
            return padding_id
        beside_its_length = features([short, long[: len(short)]], padding_id=None)[0]
    # An architecture's own code can fail in any way.
    except Exception as error:
        raise ModelError(f"'{kind}' cannot read a short text: {first_line(error)}", _OTHER_MODEL) from error
    if not _are_same(beside_its_length, alone):
        raise ModelError(
            f"'{kind}' gives a text other features beside other texts of its length, so a text has no score "
            "of its own.",
            _OTHER_MODEL,
        )
    return None


def _are_same(features: NDArray[np.float32], others: NDArray[np.float32]) -> bool:
    """Return whether the features of a text are the same; those that are not numbers count as the same."""
    return not np.abs(features - others).max() > _SAME * np.abs(others).max()
