"""The vectors of a text's windows become one vector, which is what a head reads.

In: one vector per window, and how many windows each text has. Out: one vector per text; that of a text of one
window is that window's, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from textune.encoder.batching import Progress
from textune.encoder.windows import WindowedTexts, WindowPooling, WindowRows


@dataclass(frozen=True)
class WindowPool:
    """How windows are pooled; with `attention`, by their product with a learned query, (1, width)."""

    kind: WindowPooling
    query: torch.Tensor | None = None

    def __call__(self, vectors: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
        """Return vectors of texts (texts, width) from those of their windows (windows, width).

        The windows of a text follow each other; `counts` (texts,) says how many each text has.
        """
        if self.kind != "attention":
            return torch.segment_reduce(vectors, self.kind, lengths=counts)
        assert self.query is not None
        weights = attention_weights((vectors @ self.query.T).squeeze(1), counts)
        return torch.segment_reduce(vectors * weights.unsqueeze(1), "sum", lengths=counts)

    def of_one_text(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return the vector (1, width) of the only text, in operations that graphs of exports have."""
        if self.kind == "mean":
            return vectors.mean(dim=0, keepdim=True)
        if self.kind == "max":
            return vectors.amax(dim=0, keepdim=True)
        assert self.query is not None
        return torch.softmax(self.query @ vectors.T, dim=1) @ vectors


def attention_weights(scores: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Return the weights of windows, (windows,), from their scores, (windows,): those of a text sum to 1."""
    real = torch.arange(int(counts.max()), device=counts.device) < counts.unsqueeze(1)
    padded = scores.new_full(real.shape, -torch.inf)
    padded[real] = scores
    return torch.softmax(padded, dim=1)[real]


def pool_windows(
    vectors: NDArray[np.float32], texts: WindowedTexts, *, pool: WindowPool
) -> NDArray[np.float32]:
    """Return the vectors of texts (texts, width) from those of all their windows (windows, width)."""
    return _pooled_in_parts(texts, pool, lambda first, end: vectors[first:end])


def encode_windows(
    encode: Callable[[WindowRows, Progress], NDArray[np.float32]],
    texts: WindowedTexts,
    *,
    pool: WindowPool,
    on_progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Return the vectors of texts (texts, width); the vectors of few windows are in memory at a time.

    `encode` returns the vectors (windows, width) of some windows.
    """
    total = len(texts.windows)

    def encode_part(first: int, end: int) -> NDArray[np.float32]:
        def advance(done: int, _: int) -> None:
            if on_progress:
                on_progress(len(texts) * (first + done) // total, len(texts))

        return encode(texts.windows.take(np.arange(first, end)), advance)

    return _pooled_in_parts(texts, pool, encode_part)


def _pooled_in_parts(
    texts: WindowedTexts, pool: WindowPool, vectors_of: Callable[[int, int], NDArray[np.float32]]
) -> NDArray[np.float32]:
    pooled = []
    for part in texts.parts():
        vectors = vectors_of(int(texts.offsets[part.start]), int(texts.offsets[part.stop]))
        with torch.inference_mode():
            pooled.append(pool(torch.from_numpy(vectors), torch.from_numpy(texts.counts[part])).numpy())
    return np.concatenate(pooled) if pooled else np.empty((0, 0), dtype=np.float32)
