"""A text classifier: an encoder, how its output is pooled, and a head. From token ids to logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from textune.data.pairs import check_texts_fit
from textune.encoder.architectures import has_segments
from textune.encoder.batching import MODEL_INPUTS, Progress, pad_tensors
from textune.encoder.memory import read_in_parts
from textune.encoder.placement import Placement, place
from textune.encoder.prefix import Pooling, encode
from textune.encoder.tokenization import read_tokens, tokenize_texts
from textune.encoder.truncation import TokenIds, TokenizedTexts
from textune.encoder.window_pooling import WindowPool, encode_windows
from textune.encoder.windows import TextTokens, WindowedTexts, WindowReading
from textune.formats.text_pairs import AnyText, TextPair
from textune.model.heads import Head
from textune.tasks.label_kind import LabelKind
from textune.tasks.single_label import SINGLE

_EXAMPLES = ("a short text", "and one that is somewhat longer than the first")
_ROWS_AT_ONCE = 8192


@dataclass(frozen=True)
class EncoderClassifier:
    """An encoder with a head, and the pooling of the encoder's output for the head.

    Attributes:
        encoder: The transformers base model.
        label_names: The classes' names, in the order of the logits.
        max_length: The maximum number of tokens that are read of a text at once.
        padding_id: The id that fills up the shorter rows of a batch; None: a batch has texts of one length.
        pairs: Whether it classifies pairs of texts, rather than single ones.
        stock: The sequence-classification model that shares encoder and head, if the head is stock.
        kind: What a label is: one per text, or several.
        windows: How longer texts are read; None: they are truncated.
    """

    tokenizer: Any
    encoder: Any
    pooling: Pooling
    head: Head
    label_names: tuple[str, ...]
    max_length: int
    padding_id: int | None
    stock: Any = None
    kind: LabelKind = SINGLE
    pairs: bool = False
    windows: WindowReading | None = None

    @cached_property
    def segments(self) -> bool:
        """Whether the encoder tells the texts of a pair apart by segment ids."""
        return self.pairs and has_segments(self.encoder.config, self.tokenizer)

    @property
    def limits(self) -> dict[str, int]:
        """How much of a text is read at most, as `describe_truncation` takes it."""
        return {
            "max_tokens": self.max_length,
            "max_windows": 0 if self.windows is None else self.windows.max_windows,
        }

    @property
    def window_pool(self) -> WindowPool | None:
        """How vectors of windows become those of texts, or None without windows."""
        if self.windows is None:
            return None
        return WindowPool(self.windows.pooling, getattr(self.head, "window_query", None))

    def tokenize(self, texts: Sequence[AnyText]) -> TokenizedTexts:
        """Return the token ids of each text without padding, in windows or truncated after `max_length`.

        A `DataError` says that these are pairs, and the classifier is for single texts, or the reverse.
        """
        check_texts_fit(texts, pairs=self.pairs)
        return read_tokens(
            texts, self.tokenizer, max_length=self.max_length, windows=self.windows, segments=self.segments
        )

    def truncate(self, texts: Sequence[AnyText]) -> TokenIds:
        """Return the token ids of each text, truncated after `max_length` even if there are windows."""
        return tokenize_texts(texts, self.tokenizer, max_length=self.max_length, segments=self.segments)[0]

    def inputs(self, rows: TokenIds) -> dict[str, torch.Tensor]:
        """Return the model's inputs of token ids by name, always padded, to compare computations."""
        tensors = pad_tensors(rows, padding_id=self.tokenizer.pad_token_id)
        return dict(zip(MODEL_INPUTS, tensors, strict=False))

    def examples(self) -> TokenIds:
        """Return the token ids of two texts, or pairs, on which two ways to compute are compared."""
        first, second = _EXAMPLES
        return self.truncate([TextPair(first, second), TextPair(second, first)] if self.pairs else _EXAMPLES)

    def placed(self, placement: Placement) -> EncoderClassifier:
        """Return the classifier with its encoder on the device and in the arithmetic of a placement."""
        return replace(self, encoder=place(self.encoder, placement))

    def features(
        self,
        rows: TextTokens,
        *,
        placement: Placement,
        on_progress: Progress | None = None,
        head: nn.Module | None = None,
    ) -> NDArray[np.float32]:
        """Return the features (texts, width) of texts' token ids.

        With a `head` on the placement's device, return its logits (texts, classes) of texts without windows.
        """
        encode_rows = partial(
            encode, self.encoder, pooling=self.pooling, padding_id=self.padding_id, placement=placement
        )
        if not isinstance(rows, WindowedTexts):
            return encode_rows(rows, on_progress=on_progress, head=head)
        assert self.window_pool is not None
        return encode_windows(
            lambda windows, advance: encode_rows(windows, on_progress=advance),
            rows,
            pool=self.window_pool,
            on_progress=on_progress,
        )

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return probabilities (rows, classes) of features (rows, width)."""
        return self.kind.probabilities(self.logits(features))

    def logits(self, features: NDArray[np.float32]) -> torch.Tensor:
        """Return logits (rows, classes) of features (rows, width)."""
        parts = map(torch.from_numpy, read_in_parts(features))
        return torch.cat([head_logits(self.head, part) for part in parts])


def head_logits(head: nn.Module, features: torch.Tensor, counts: torch.Tensor | None = None) -> torch.Tensor:
    """Return a head's logits (rows, classes) in evaluation mode; the head's mode is left as it was.

    For `counts` see `LinearHead.forward`.
    """
    was_training = head.training
    head.eval()
    try:
        with torch.inference_mode():
            if counts is not None:
                logits: torch.Tensor = head(features, counts)
                return logits
            return torch.cat([head(part) for part in torch.split(features, _ROWS_AT_ONCE)])
    finally:
        head.train(was_training)
