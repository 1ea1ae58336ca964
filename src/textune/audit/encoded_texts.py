"""Examples as a pretrained encoder reads them: their tokens and their features, each computed once.

Does not know what is checked with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.audit.findings import Example
from textune.context import Context
from textune.encoder.architectures import has_segments
from textune.encoder.emoji import read_emoji
from textune.encoder.loading import ModelFolder, complete_config, find_model, load_tokenizer, token_limit
from textune.encoder.tokenization import max_length_of, tokenize_texts
from textune.encoder.truncation import TokenIds, with_segments
from textune.formats.text_pairs import has_pairs, sides_of
from textune.recipe.recipes import Recipe

_TOKENIZED_AT_ONCE = 5000


@dataclass(frozen=True)
class TokenCounts:
    """The token ids of every example, truncated as the encoder reads them.

    `lengths` (examples,) counts tokens before truncation, special tokens included; `unknown` (examples,) is
    the share of unknown tokens.
    """

    cut: TokenIds
    lengths: NDArray[np.int64]
    unknown: NDArray[np.float64]


@dataclass(frozen=True)
class EncodedTexts:
    """Examples, split after split, as the encoder of a recipe reads them."""

    examples: Sequence[Example]
    label_names: Sequence[str]
    recipe: Recipe
    ctx: Context

    @cached_property
    def folder(self) -> ModelFolder:
        """The encoder's files."""
        self.ctx.stage("Loading the model")
        model = self.recipe.model
        return find_model(model.name, revision=model.revision, ctx=self.ctx)

    @cached_property
    def max_length(self) -> int:
        """The maximum number of tokens that the encoder reads per text."""
        limit = token_limit(self._tokenizer, self.folder.config)
        return max_length_of(self.recipe.prepare, self._tokenizer, limit, pairs=self._are_pairs)

    @cached_property
    def tokens(self) -> TokenCounts:
        """The tokens of every example."""
        tokenizer, max_length = self._tokenizer, self.max_length
        self.ctx.stage("Measuring lengths")
        cut: list[Any] = []
        lengths: list[int] = []
        unknown: list[float] = []
        special = tokenizer.num_special_tokens_to_add(pair=self._are_pairs)
        segments = self._are_pairs and has_segments(complete_config(self.folder), tokenizer)
        for start in range(0, len(self.examples), _TOKENIZED_AT_ONCE):
            texts = [example.text for example in self.examples[start : start + _TOKENIZED_AT_ONCE]]
            sides = map(list, zip(*map(sides_of, texts), strict=True))
            for text, encoding in zip(texts, tokenizer(*sides, verbose=False).encodings, strict=True):
                ids = encoding.ids
                lengths.append(len(ids))
                # A text in which the tokenizer finds no token is lost on the encoder.
                own = len(ids) - special
                unknown.append(ids.count(tokenizer.unk_token_id) / own if own > 0 else 1.0)
                if len(ids) > max_length:
                    rows, _ = tokenize_texts([text], tokenizer, max_length=max_length, segments=segments)
                    cut.append(rows[0])
                else:
                    cut.append(with_segments(ids, encoding.type_ids) if segments else ids)
            self.ctx.advance(len(cut), len(self.examples), unit="texts")
        return TokenCounts(cut, np.array(lengths, dtype=np.int64), np.array(unknown))

    @cached_property
    def features(self) -> NDArray[np.float32]:
        """The features (examples, width), from the cache if a training or an audit left them there."""
        from textune.encoder.features import encode_tokens
        from textune.encoder.placement import choose_placement
        from textune.model.building import build_classifier

        tokens, ctx, recipe = self.tokens.cut, self.ctx, self.recipe
        ctx.stage("Loading the encoder")
        classifier = build_classifier(
            self.folder,
            self._tokenizer,
            settings=recipe.model,
            label_names=self.label_names,
            max_length=self.max_length,
            pairs=self._are_pairs,
            seed=recipe.train.seed,
            ctx=ctx,
        )
        placement = choose_placement(recipe.model.precision)
        placed = classifier.placed(placement)
        parts = []
        for split in dict.fromkeys(example.split for example in self.examples):
            ctx.stage(f"Encoding {split} ({placement.precision} on {placement.device})")
            features, _ = encode_tokens(
                placed,
                [ids for ids, example in zip(tokens, self.examples, strict=True) if example.split == split],
                weights_sha256=self.folder.weights_sha256,
                placement=placement,
                description=f"{self.folder.name} · {recipe.data.source} · {split}",
                ctx=ctx,
            )
            parts.append(features)
        return np.concatenate(parts)

    @property
    def _are_pairs(self) -> bool:
        return has_pairs(example.text for example in self.examples[:1])

    @cached_property
    def _tokenizer(self) -> Any:
        tokenizer = load_tokenizer(self.folder)
        if self.recipe.prepare.emoji == "words":
            texts = [row.text for row in self.examples if row.split == "train"]
            return read_emoji(tokenizer, chain.from_iterable(map(sides_of, texts)))
        return tokenizer
