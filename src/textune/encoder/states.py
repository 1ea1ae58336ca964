"""The frozen layers' output for every token of a split: computed once, stored on disk, read when needed.

In: a prefix (`suffix.build_prefix`) and token ids. Out: `TokenStates`, 16 bits per value, mapped from a file
in which texts follow each other without padding. Does not know labels or training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textune.encoder.batching import Progress, blocks_by_length
from textune.encoder.cache import FeatureCache
from textune.encoder.memory import MappedPages
from textune.encoder.placement import Placement
from textune.encoder.prefix import run_batches
from textune.encoder.suffix import run_prefix
from textune.encoder.windows import numbers_of

STORED = torch.bfloat16
"""The type of stored values: half the size of float32 with the same range, and usually the suffix's type."""


@dataclass(frozen=True)
class TokenStates:
    """Hidden states of all tokens of some texts: `values` (tokens, width) in bfloat16.

    Attributes:
        offsets: The start of each text, and the end of the last, (texts + 1,).
        order: The numbers (rows,) of the selected texts in their order; None selects all.
        pages: The pages of the values, if they are mapped.
    """

    values: torch.Tensor
    offsets: NDArray[np.int64]
    order: NDArray[np.int64] | None = None
    pages: MappedPages = field(default_factory=lambda: MappedPages(None))

    def subset(self, rows: Sequence[int]) -> TokenStates:
        """Return the states of some rows, in that order, numbered from 0."""
        return replace(self, order=self._places(rows))

    def _places(self, rows: Sequence[int]) -> NDArray[np.int64]:
        numbers = np.asarray(rows, dtype=np.int64)
        return numbers if self.order is None else self.order[numbers]

    def padded(self, rows: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the states (rows, longest, width) and the attention mask (rows, longest) of some rows."""
        places = [int(place) for place in self._places(rows)]
        lengths = [int(self.offsets[place + 1] - self.offsets[place]) for place in places]
        states = self.values.new_zeros((len(rows), max(lengths), self.values.shape[1]))
        mask = torch.zeros(states.shape[:2], dtype=torch.long)
        for number, (place, length) in enumerate(zip(places, lengths, strict=True)):
            start = int(self.offsets[place])
            states[number, :length] = self.values[start : start + length]
            mask[number, :length] = 1
        self.pages.use(sum(lengths) * self.values.shape[1] * self.values.element_size())
        return states, mask


def cached_states(
    cache: FeatureCache,
    key: str,
    prefix: Any,
    rows: Sequence[Sequence[int] | NDArray[np.int32]],
    *,
    padding_id: int | None,
    placement: Placement,
    description: str,
    on_progress: Progress | None = None,
) -> tuple[TokenStates, bool] | None:
    """Return the states of each text's token ids, and whether they were cached; None if they do not fit.

    The prefix comes from `build_prefix`, in this placement; the key comes from `feature_key`.
    """
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)])

    def encode_batch(inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        return run_prefix(prefix, inputs).to(STORED)

    blocks, done = blocks_by_length(lengths), 0

    def resume(missing: Sequence[int]) -> None:
        nonlocal done
        done = len(rows) - sum(len(blocks[block]) for block in missing)

    def write(array: NDArray[np.int16], block: int) -> None:
        nonlocal done
        pages, texts, before = MappedPages(array), blocks[block], done
        batches = run_batches(
            encode_batch,
            [rows[text] for text in texts],
            padding_id=padding_id,
            placement=placement,
            module=prefix,
            on_progress=on_progress and (lambda now, _: on_progress(before + now, len(rows))),
        )
        for batch, states in batches:
            values = states.view(torch.int16).numpy()
            for text, text_values in zip(texts[batch], values, strict=True):
                array[offsets[text] : offsets[text + 1]] = text_values[: lengths[text]]
            pages.use(values.nbytes)
        done += len(texts)

    stored = cache.get_or_write(
        key,
        (int(offsets[-1]), int(prefix.config.hidden_size)),
        write,
        dtype=np.int16,
        description=description,
        blocks=[numbers_of(offsets, block) for block in blocks],
        on_resume=resume,
    )
    if stored is None:
        return None
    array, was_cached = stored
    return TokenStates(torch.from_numpy(array).view(STORED), offsets, pages=MappedPages(array)), was_cached
