"""Cached features: an encoder runs over the texts of a split once.

In: an encoder with its pooling, and token ids. Out: features (rows, width), computed or read from the cache.
Their key is made from everything that shapes them. Does not know labels or heads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from textune.context import Context
from textune.encoder.batching import blocks_by_length
from textune.encoder.cache import FeatureCache, feature_key
from textune.encoder.loading import ModelFolder
from textune.encoder.placement import Placement, place
from textune.encoder.prefix import Pooling, encode
from textune.encoder.tokenization import TokenizedDataset
from textune.encoder.windows import TextTokens, WindowedTexts

MAPPED_FROM_BYTES = 64_000_000
"""Features of at least this size are mapped from their file, so that memory does not grow with the texts."""


class FeatureEncoder(Protocol):
    """An encoder with its pooling, such as a `EncoderClassifier`."""

    @property
    def encoder(self) -> Any:
        """The transformers base model."""

    @property
    def pooling(self) -> Pooling:
        """How token vectors become features."""

    @property
    def padding_id(self) -> int | None:
        """The id that fills up the shorter rows of a batch, or None if rows must not be padded."""

    @property
    def window_pool(self) -> Any:
        """How vectors of windows become those of texts (`WindowPool`), or None without windows."""


def encode_splits(
    encoder: FeatureEncoder,
    texts: TokenizedDataset,
    *,
    weights: ModelFolder,
    placement: Placement,
    ctx: Context,
) -> dict[str, NDArray[np.float32]]:
    """Return the features of every split; place the encoder only if features are not cached.

    Those of `WindowedTexts` are the features of their windows.
    """
    features, cached = {}, []
    placed = cache(lambda: place(encoder.encoder, placement))
    for split, tokens in texts.tokens.items():
        ctx.stage(f"Encoding {split} ({placement.precision} on {placement.device})")
        features[split], from_cache = _encode_rows(
            encoder,
            tokens.windows if isinstance(tokens, WindowedTexts) else tokens,
            weights_sha256=weights.weights_sha256,
            placement=placement,
            description=f"{weights.name} · {texts.dataset.name} · {split}",
            ctx=ctx,
            placed=placed,
        )
        cached += [split] if from_cache else []
    note_cached(cached, ctx)
    return features


def note_cached(splits: Sequence[str], ctx: Context) -> None:
    """Note which splits' features came from the cache."""
    if splits:
        ctx.note(f"The features of {', '.join(splits)} were read from the cache.")


def encode_tokens(
    encoder: FeatureEncoder,
    tokens: TextTokens,
    *,
    weights_sha256: str,
    placement: Placement,
    description: str,
    ctx: Context,
) -> tuple[NDArray[np.float32], bool]:
    """Return the features of each text, and whether they were cached, which are those of its windows if any.

    `textune cache list` shows the description.
    """
    encode_rows = partial(
        _encode_rows,
        encoder,
        weights_sha256=weights_sha256,
        placement=placement,
        description=description,
        ctx=ctx,
    )
    if not isinstance(tokens, WindowedTexts):
        return encode_rows(tokens)
    from textune.encoder.window_pooling import pool_windows

    features, was_cached = encode_rows(tokens.windows)
    return pool_windows(features, tokens, pool=encoder.window_pool), was_cached


def _encode_rows(
    encoder: FeatureEncoder,
    tokens: Sequence[Sequence[int] | NDArray[np.int32]],
    *,
    weights_sha256: str,
    placement: Placement,
    description: str,
    ctx: Context,
    placed: Callable[[], Any] | None = None,
) -> tuple[NDArray[np.float32], bool]:
    """Return the features of rows; `placed` returns the encoder in its placement."""
    pooling = encoder.pooling
    shape = {
        **feature_shape(encoder, weights_sha256, placement),
        "layers": list(pooling.layers),
        "pooling": pooling.kind,
    }

    worker = placed or cache(lambda: place(encoder.encoder, placement))
    lengths = np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens))
    blocks, done = blocks_by_length(lengths), 0

    def encode_block(into: NDArray[np.float32], block: int) -> None:
        nonlocal done
        rows, before = blocks[block], done
        encode(
            worker(),
            [tokens[row] for row in rows],
            pooling=pooling,
            padding_id=encoder.padding_id,
            placement=placement,
            on_progress=lambda now, _: ctx.advance(before + now, len(tokens), unit="texts"),
            into=into,
            places=rows,
        )
        done += len(rows)

    def resume(missing: Sequence[int]) -> None:
        nonlocal done
        done = len(tokens) - sum(len(blocks[block]) for block in missing)
        ctx.note(f"Resuming: {done:,} of {len(tokens):,} texts were encoded before.")

    def compute() -> NDArray[np.float32]:
        return encode(
            worker(),
            tokens,
            pooling=pooling,
            padding_id=encoder.padding_id,
            placement=placement,
            on_progress=lambda now, total: ctx.advance(now, total, unit="texts"),
        )

    features, key = FeatureCache(), feature_key(shape, tokens)
    size = (len(tokens), len(pooling.layers) * int(encoder.encoder.config.hidden_size))
    size_bytes = 4 * size[0] * size[1]
    if size_bytes >= MAPPED_FROM_BYTES or len(blocks) > 1:
        mapped = features.get_or_write(
            key,
            size,
            encode_block,
            dtype=np.float32,
            description=description,
            blocks=blocks,
            on_resume=resume,
            beyond_limit=True,
        )
        if mapped is not None:
            if size_bytes > features.max_bytes:
                ctx.note(
                    f"The features take {size_bytes / 1e6:,.0f} MB, more than the cache of "
                    f"{features.max_bytes / 1e6:,.0f} MB may hold ($TEXTUNE_CACHE_MEGABYTES), so they are "
                    "not kept: the next command encodes these texts again."
                )
            return mapped
    return features.get_or_compute(key, compute, description=description)


def feature_shape(encoder: FeatureEncoder, weights_sha256: str, placement: Placement) -> dict[str, Any]:
    """Return, as JSON values, everything that shapes the output of an encoder but its pooling."""
    import torch
    import transformers

    # These only name things or set up training; everything else in a configuration may shape features.
    left_out = {"id2label", "label2id", "problem_type", "transformers_version", "dtype", "architectures"}
    config = encoder.encoder.config.to_diff_dict()
    return {
        "config": {key: value for key, value in config.items() if key not in left_out},
        # Without the number of a GPU, so that processes on several GPUs share the features.
        "device": placement.device.partition(":")[0],
        "precision": placement.precision,
        **({"padding": "none"} if encoder.padding_id is None else {}),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "weights": weights_sha256,
    }
