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

from textune.audit.example_features import ExampleFeatures
from textune.audit.findings import Example, split_sizes
from textune.context import Context
from textune.encoder.architectures import has_segments
from textune.encoder.emoji import read_emoji
from textune.encoder.loading import ModelFolder, complete_config, find_model, load_tokenizer, token_limit
from textune.encoder.tokenization import TokenRows, max_length_of, tokenize_texts
from textune.encoder.windows import parts_by_characters
from textune.formats.text_pairs import has_pairs, sides_of
from textune.recipe.recipes import Recipe


@dataclass(frozen=True)
class TokenCounts:
    """The token ids of every example, truncated as the encoder reads them.

    `lengths` (examples,) counts tokens before truncation, special tokens included; `unknown` (examples,) is
    the share of unknown tokens.
    """

    cut: TokenRows
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
        cut: list[TokenRows] = []
        lengths: list[int] = []
        unknown: list[float] = []
        special = tokenizer.num_special_tokens_to_add(pair=self._are_pairs)
        segments = self._are_pairs and has_segments(complete_config(self.folder), tokenizer)
        for part in parts_by_characters([example.text for example in self.examples]):
            tokenizer("", truncation=False, verbose=False)  # As `read_tokens` does.
            encodings = tokenizer.backend_tokenizer.encode_batch(
                [tuple(text) for text in part] if self._are_pairs else part
            )
            rows = [encoding.ids for encoding in encodings]
            lengths += map(len, rows)
            # A text in which the tokenizer finds no token is lost on the encoder.
            owns = ((ids.count(tokenizer.unk_token_id), len(ids) - special) for ids in rows)
            unknown += [lost / own if own > 0 else 1.0 for lost, own in owns]
            segment_ids = [encoding.type_ids for encoding in encodings] if segments else None
            if max(map(len, rows)) > max_length:
                cut.append(tokenize_texts(part, tokenizer, max_length=max_length, segments=segments)[0])
            else:
                cut.append(TokenRows(rows, segment_ids))
            self.ctx.advance(len(lengths), len(self.examples), unit="texts")
        return TokenCounts(TokenRows.joined(cut), np.array(lengths, dtype=np.int64), np.array(unknown))

    @cached_property
    def features(self) -> ExampleFeatures:
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
        parts, end = [], 0
        for split, count in split_sizes(self.examples).items():
            ctx.stage(f"Encoding {split} ({placement.precision} on {placement.device})")
            start, end = end, end + count
            features, _ = encode_tokens(
                placed,
                tokens.between(start, end),
                weights_sha256=self.folder.weights_sha256,
                placement=placement,
                description=f"{self.folder.name} · {recipe.data.source} · {split}",
                ctx=ctx,
            )
            parts.append(features)
        return ExampleFeatures(parts)

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
