"""Batches of token ids: which rows go together, how they are padded, and how threads share them.

In: token ids of texts, without padding. Out: row numbers by batch, and padded arrays. Needs only NumPy, so
that exports run without torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Progress = Callable[[int, int], None]
"""Called with the number of texts that are done, and their total number."""
Result = TypeVar("Result")

MODEL_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
"""What a model calls its inputs, in the order of `pad_rows`; the last one only for pairs with segment ids."""

ROWS_PER_BLOCK = 16_384
"""Rows that are encoded between two moments at which a kill loses nothing: some seconds of work."""

_MAX_ROWS = 32
MAX_TOKENS = 2048
"""The maximum number of tokens per batch, padding included, unless another is asked for."""


def batches_by_length(
    lengths: Sequence[int] | NDArray[np.int64],
    *,
    max_rows: int = _MAX_ROWS,
    max_tokens: int = MAX_TOKENS,
    padded: bool = True,
) -> list[list[int]]:
    """Group row numbers into batches of similar length, longest first; of equal length unless `padded`.

    A batch has at most `max_tokens`, padding included; a longer row is a batch of its own.

    Example:
        >>> batches_by_length([3, 9, 4], max_rows=2)
        [[1, 2], [0]]
        >>> batches_by_length([3, 9, 3], padded=False)
        [[1], [0, 2]]
    """
    sizes = [int(length) for length in lengths]
    batches: list[list[int]] = []
    for row in sorted(range(len(sizes)), key=lambda row: (-sizes[row], row)):
        # The first row of a batch is its longest, and sets its width.
        width = sizes[batches[-1][0]] if batches else 0
        fits = batches and len(batches[-1]) < min(max_rows, max_tokens // max(1, width))
        if fits and (padded or sizes[row] == width):
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def blocks_by_length(lengths: NDArray[np.int64], *, most: int = 0) -> list[NDArray[np.int64]]:
    """Group row numbers into blocks of so many rows (0: `ROWS_PER_BLOCK`), the longest first.

    A block is finished as a whole.

    Example:
        >>> [block.tolist() for block in blocks_by_length(np.array([3, 9, 4]), most=2)]
        [[1, 2], [0]]
    """
    most = most or ROWS_PER_BLOCK
    order = np.argsort(-lengths, kind="stable")
    return [order[start : start + most] for start in range(0, max(1, len(order)), most)]


def pad_rows(
    rows: Sequence[Sequence[int] | NDArray[Any]], *, padding_id: int | None, width: int | None = None
) -> tuple[NDArray[np.int64], ...]:
    """Return `input_ids` and `attention_mask`, both (rows, width), for each text's token ids.

    Rows of token ids and segment ids, (tokens, 2), also give `token_type_ids` (rows, width). By default, the
    width is that of the longest row. Without a `padding_id`, shorter rows are a `ValueError`.

    Example:
        >>> pad_rows([[5, 6], [7]], padding_id=0)[0].tolist()
        [[5, 6], [7, 0]]
    """
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    real = np.arange(lengths.max(initial=0) if width is None else width) < lengths[:, np.newaxis]
    if padding_id is None and not real.all():
        raise ValueError("these rows must not be padded, and their lengths differ")
    input_ids = np.full(real.shape, padding_id or 0, dtype=np.int64)
    mask = real.astype(np.int64)
    if not len(rows):
        return input_ids, mask
    tokens = np.concatenate([np.asarray(row, dtype=np.int64) for row in rows])
    if tokens.ndim == 1:
        input_ids[real] = tokens
        return input_ids, mask
    token_type_ids = np.zeros_like(input_ids)
    input_ids[real], token_type_ids[real] = tokens.T
    return input_ids, mask, token_type_ids


def pad_tensors(
    rows: Sequence[Sequence[int] | NDArray[Any]], *, padding_id: int | None
) -> tuple[torch.Tensor, ...]:
    """Return what `pad_rows` returns as torch tensors."""
    import torch

    return tuple(map(torch.from_numpy, pad_rows(rows, padding_id=padding_id)))


def run_in_threads(
    work: Callable[[list[int]], Result], batches: Sequence[list[int]], *, threads: int
) -> Iterator[tuple[list[int], Result]]:
    """Yield batches with their results as they finish; each thread works on its own batch."""
    if threads == 1 or len(batches) < 2:
        for batch in batches:
            yield batch, work(batch)
        return
    with ThreadPoolExecutor(threads) as executor:
        try:
            futures = {executor.submit(work, batch): batch for batch in batches}
            for future in as_completed(futures):
                yield futures.pop(future), future.result()
        finally:
            executor.shutdown(cancel_futures=True)
