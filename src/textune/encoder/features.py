"""Features out of the cache: an encoder runs over the texts of a split once, whoever asks again.

In: an encoder with its pooling, and token ids. Out: features (rows, width), computed or read from the cache.
The key is made of everything that shapes them. Does not know labels or heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from textune.context import Context
from textune.encoder.batching import Progress
from textune.encoder.cache import FeatureCache, feature_key

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textune.encoder.loading import ModelFolder
    from textune.encoder.placement import Placement
    from textune.encoder.prefix import Pooling
    from textune.encoder.tokenization import TokenizedDataset

MAPPED_FROM_BYTES = 64_000_000
"""Features of this size stay in their file, and are read out of it: memory does not grow with the texts."""


class FeatureEncoder(Protocol):
    """An encoder with its pooling, placed where it is to run; a `TextClassifier` is one."""

    @property
    def encoder(self) -> Any:
        """The transformers base model."""

    @property
    def pooling(self) -> Pooling:
        """How token vectors become features."""

    @property
    def feature_width(self) -> int:
        """How many features a text has."""

    def features(
        self,
        rows: Sequence[Sequence[int] | NDArray[np.int32]],
        *,
        placement: Placement,
        on_progress: Progress | None = None,
        into: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Return the features (rows, width) of token ids, in the array `into` where one is given."""


def encode_splits(
    encoder: FeatureEncoder,
    texts: TokenizedDataset,
    *,
    weights: ModelFolder,
    placement: Placement,
    ctx: Context,
) -> dict[str, NDArray[np.float32]]:
    """Return the features of every split, out of the cache where it has them."""
    features, cached = {}, []
    for split, tokens in texts.tokens.items():
        ctx.stage(f"Encoding {split} ({placement.precision} on {placement.device})")
        features[split], from_cache = encode_tokens(
            encoder,
            tokens,
            weights_sha256=weights.weights_sha256,
            placement=placement,
            description=f"{weights.name} · {texts.dataset.name} · {split}",
            ctx=ctx,
        )
        cached += [split] if from_cache else []
    note_cached(cached, ctx)
    return features


def note_cached(splits: Sequence[str], ctx: Context) -> None:
    """Say which splits' features came out of the cache."""
    if splits:
        ctx.note(f"The encoder's output for {', '.join(splits)} was read from the cache.")


def encode_tokens(
    encoder: FeatureEncoder,
    tokens: Sequence[Sequence[int] | NDArray[np.int32]],
    *,
    weights_sha256: str,
    placement: Placement,
    description: str,
    ctx: Context,
) -> tuple[NDArray[np.float32], bool]:
    """Return the features of token ids without padding, and whether they came out of the cache."""
    pooling = encoder.pooling
    shape = {
        **feature_shape(encoder.encoder.config, weights_sha256, placement),
        "layers": list(pooling.layers),
        "pooling": pooling.kind,
    }
    compute = partial(
        encoder.features,
        tokens,
        placement=placement,
        on_progress=lambda done, total: ctx.advance(done, total, unit="texts"),
    )
    cache, key, size = FeatureCache(), feature_key(shape, tokens), (len(tokens), encoder.feature_width)
    if 4 * size[0] * size[1] >= MAPPED_FROM_BYTES:
        mapped = cache.get_or_write(
            key, size, lambda array: compute(into=array), dtype=np.float32, description=description
        )
        if mapped is not None:
            return mapped
    return cache.get_or_compute(key, compute, description=description)


def feature_shape(config: Any, weights_sha256: str, placement: Placement) -> dict[str, Any]:
    """Return everything that shapes an encoder's output for token ids, as JSON values.

    Args:
        config: The encoder's configuration, as transformers has it.
        weights_sha256: The hash of its weights.
        placement: Where it runs.
    """
    import torch
    import transformers

    # What only names things or sets up training does not shape features; all else in a configuration may.
    left_out = {"id2label", "label2id", "problem_type", "transformers_version", "dtype", "architectures"}
    return {
        "config": {key: value for key, value in config.to_diff_dict().items() if key not in left_out},
        # Without the number of a GPU: processes on several of them share what one has computed.
        "device": placement.device.partition(":")[0],
        "precision": placement.precision,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "weights": weights_sha256,
    }
