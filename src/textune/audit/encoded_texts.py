"""Examples as a pretrained encoder reads them: their tokens and their features, each computed once.

In: examples and a recipe that names the encoder. Out: token counts and features for the checks that need
them. Does not know what is checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from textune.audit.findings import Example
from textune.context import Context

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textune.encoder.loading import ModelFolder
    from textune.recipe.recipes import Recipe

_TOKENIZED_AT_ONCE = 5000


@dataclass(frozen=True)
class TokenCounts:
    """The tokens of every example.

    Attributes:
        cut: The token ids that the encoder reads.
        lengths: The number of tokens before cutting, special ones included, (examples,).
        unknown: The share of tokens that the encoder does not know, (examples,).
    """

    cut: list[list[int]]
    lengths: NDArray[np.int64]
    unknown: NDArray[np.float64]


class EncodedTexts:
    """Examples as a pretrained encoder reads them.

    Args:
        examples: The examples, split after split.
        label_names: The name of each label id.
        recipe: Names the encoder, and how texts are prepared for it.
        ctx: The context of the command.
    """

    def __init__(
        self, examples: Sequence[Example], label_names: Sequence[str], recipe: Recipe, ctx: Context
    ) -> None:
        self._examples, self._label_names, self._recipe, self._ctx = examples, label_names, recipe, ctx

    @property
    def name(self) -> str:
        """The encoder's name as it was requested."""
        return self._recipe.model.name

    @cached_property
    def folder(self) -> ModelFolder:
        """The encoder's files."""
        from textune.encoder.loading import find_model

        self._ctx.stage("Loading the model")
        model = self._recipe.model
        return find_model(model.name, revision=model.revision, offline=self._ctx.offline)

    @cached_property
    def max_length(self) -> int:
        """The maximum number of tokens that the encoder reads of a text."""
        from textune.encoder.loading import token_limit
        from textune.encoder.tokenization import max_length_of

        limit = token_limit(self._tokenizer, self.folder.config)
        return max_length_of(self._recipe.prepare, self._tokenizer, limit)

    @cached_property
    def tokens(self) -> TokenCounts:
        """The tokens of every example."""
        tokenizer, max_length = self._tokenizer, self.max_length
        self._ctx.stage("Measuring lengths")
        cut: list[list[int]] = []
        lengths: list[int] = []
        unknown: list[float] = []
        special = tokenizer.num_special_tokens_to_add()
        for start in range(0, len(self._examples), _TOKENIZED_AT_ONCE):
            texts = [example.text for example in self._examples[start : start + _TOKENIZED_AT_ONCE]]
            for text, ids in zip(texts, tokenizer(texts, verbose=False)["input_ids"], strict=True):
                lengths.append(len(ids))
                # If the tokenizer finds no token in a text, the encoder sees nothing of it either.
                own = len(ids) - special
                unknown.append(ids.count(tokenizer.unk_token_id) / own if own > 0 else 1.0)
                if len(ids) > max_length:
                    ids = tokenizer(text, truncation=True, max_length=max_length)["input_ids"]
                cut.append(list(ids))
            self._ctx.advance(len(cut), len(self._examples), unit="texts")
        return TokenCounts(cut, np.array(lengths, dtype=np.int64), np.array(unknown))

    @cached_property
    def features(self) -> NDArray[np.float32]:
        """The features, (examples, width), from the cache if a training or an audit has left them there."""
        from textune.encoder.features import encode_tokens
        from textune.encoder.placement import choose_placement
        from textune.model.building import build_classifier

        tokens, ctx, recipe = self.tokens.cut, self._ctx, self._recipe
        ctx.stage("Loading the encoder")
        classifier = build_classifier(
            self.folder,
            self._tokenizer,
            settings=recipe.model,
            label_names=self._label_names,
            max_length=self.max_length,
            seed=recipe.train.seed,
            ctx=ctx,
        )
        placement = choose_placement(recipe.model.precision)
        placed = classifier.placed(placement)
        parts = []
        for split in dict.fromkeys(example.split for example in self._examples):
            ctx.stage(f"Encoding {split} ({placement.precision} on {placement.device})")
            features, _ = encode_tokens(
                placed,
                [ids for ids, example in zip(tokens, self._examples, strict=True) if example.split == split],
                weights_sha256=self.folder.weights_sha256,
                placement=placement,
                description=f"{self.folder.name} · {recipe.data.source} · {split}",
                ctx=ctx,
            )
            parts.append(features)
        return np.concatenate(parts)

    @cached_property
    def _tokenizer(self) -> Any:
        from textune.encoder.emoji import read_emoji
        from textune.encoder.loading import load_tokenizer

        tokenizer = load_tokenizer(self.folder)
        if self._recipe.prepare.emoji == "words":
            return read_emoji(tokenizer, [row.text for row in self._examples if row.split == "train"])
        return tokenizer
