"""A text classifier: an encoder, how its output is pooled, and a head. From token ids to logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
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
from textune.encoder.tokenization import tokenize_texts
from textune.encoder.truncation import TokenIds, TokenizedTexts
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
        max_length: The maximum number of tokens that are read of a text.
        padding_id: The id that fills up the shorter rows of a batch; None: a batch has texts of one length.
        pairs: Whether it classifies pairs of texts, rather than single ones.
        stock: The sequence-classification model that shares encoder and head, if the head is stock.
        kind: What a label is: one per text, or several.
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

    @cached_property
    def segments(self) -> bool:
        """Whether the encoder tells the texts of a pair apart by segment ids."""
        return self.pairs and has_segments(self.encoder.config, self.tokenizer)

    def tokenize(self, texts: Sequence[AnyText]) -> TokenizedTexts:
        """Return the token ids of each text, truncated after `max_length`, without padding.

        A `DataError` says that these are pairs, and the classifier is for single texts, or the reverse.
        """
        check_texts_fit(texts, pairs=self.pairs)
        rows = tokenize_texts(texts, self.tokenizer, max_length=self.max_length, segments=self.segments)
        return TokenizedTexts(*rows)

    def inputs(self, rows: TokenIds) -> dict[str, torch.Tensor]:
        """Return the model's inputs of token ids by name, always padded, to compare computations."""
        tensors = pad_tensors(rows, padding_id=self.tokenizer.pad_token_id)
        return dict(zip(MODEL_INPUTS, tensors, strict=False))

    def examples(self) -> TokenIds:
        """Return the token ids of two texts, or pairs, on which two ways to compute are compared."""
        first, second = _EXAMPLES
        return self.tokenize(
            [TextPair(first, second), TextPair(second, first)] if self.pairs else _EXAMPLES
        ).rows

    def placed(self, placement: Placement) -> EncoderClassifier:
        """Return the classifier with its encoder on the device and in the arithmetic of a placement."""
        return replace(self, encoder=place(self.encoder, placement))

    def features(
        self,
        rows: TokenIds,
        *,
        placement: Placement,
        on_progress: Progress | None = None,
        into: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Return the features (rows, width) of token ids, in the array `into` if there is one."""
        return encode(
            self.encoder,
            rows,
            pooling=self.pooling,
            padding_id=self.padding_id,
            placement=placement,
            on_progress=on_progress,
            into=into,
        )

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return probabilities (rows, classes) of features (rows, width)."""
        parts = map(torch.from_numpy, read_in_parts(features))
        return self.kind.probabilities(torch.cat([head_logits(self.head, part) for part in parts]))


def head_logits(head: nn.Module, features: torch.Tensor) -> torch.Tensor:
    """Return a head's logits (rows, classes) in evaluation mode; the head's mode is left as it was."""
    was_training = head.training
    head.eval()
    try:
        with torch.inference_mode():
            return torch.cat([head(part) for part in torch.split(features, _ROWS_AT_ONCE)])
    finally:
        head.train(was_training)
