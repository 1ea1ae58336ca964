"""Some rows of the log, one per text, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.formats.text_pairs import AnyText
from textune.logbook.logged_request import LoggedRequest, LogHeader


@dataclass(frozen=True, eq=False)
class LogBlock:
    """Texts that a server classified, with what they have in common.

    Attributes:
        header: What the texts have in common.
        seconds: When each was answered, in seconds since 1970, (texts,).
        requests: The id of each text's request, (texts,).
        numbers: The place of each in its request, (texts,).
        truncated: Which were truncated, (texts,).
        logits: (texts, classes), float32.
        features: What the head reads, (texts, width), in 16 bits as a rule; None: the log has none.
        texts: The texts, if they were kept.
    """

    header: LogHeader
    seconds: NDArray[np.float64]
    requests: Sequence[str]
    numbers: NDArray[np.int32]
    truncated: NDArray[np.bool_]
    logits: NDArray[np.float32]
    features: NDArray[np.floating[Any]] | None
    texts: Sequence[AnyText] | None

    def __len__(self) -> int:
        return len(self.seconds)


def block_of(header: LogHeader, requests: Sequence[LoggedRequest]) -> LogBlock:
    """Return the texts of one or more requests."""
    counts = [len(request.logits) for request in requests]
    features = [request.features for request in requests if request.features is not None]
    return LogBlock(
        header,
        seconds=np.repeat([request.seconds for request in requests], counts),
        requests=[request.id for request, count in zip(requests, counts, strict=True) for _ in range(count)],
        numbers=np.concatenate([np.arange(count, dtype=np.int32) for count in counts]),
        truncated=np.concatenate([request.truncated for request in requests]),
        logits=np.concatenate([request.logits for request in requests]),
        features=np.concatenate(features) if header.width else None,
        texts=[text for request in requests for text in request.texts or ()] if header.has_texts else None,
    )
