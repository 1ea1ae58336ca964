"""The pool's features, which are encoded in the background, block by block, while they are used already.

The pool is in random order, so whatever is encoded is a random sample of it. Every block is cached on its
own: a second start reads what the first one has encoded. Memory holds one layer's mean in float32. Does not
know answers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textune.context import Context
from textune.formats.text_pairs import AnyText, has_pairs, sides_of
from textune.recipe.settings import Recipe
from textune.tasks.label_kind import LabelKind
from textune.training.named_start import as_words

if TYPE_CHECKING:
    from textune.encoder.placement import Placement
    from textune.labelling.loop_head import LoopHead
    from textune.model.classifier import EncoderClassifier

BLOCK_TEXTS = 512
"""How many texts are encoded, and cached, at once."""
_FIRST_TEXTS = 64
"""The size of the first block: it is what a person waits for."""


@dataclass(frozen=True)
class LoopEncoder:
    """A pretrained encoder, and how it is run; `sha256` is that of its weights."""

    classifier: EncoderClassifier
    placement: Placement
    sha256: str
    name: str

    @property
    def width(self) -> int:
        """The number of features per text."""
        return len(self.classifier.pooling.layers) * int(self.classifier.encoder.config.hidden_size)

    def features(self, texts: Sequence[AnyText], ctx: Context) -> NDArray[np.float32]:
        """Return the features (texts, width) of texts, from the cache if they are there."""
        from textune.encoder.features import encode_tokens

        features, _ = encode_tokens(
            self.classifier,
            self.classifier.tokenize(texts).rows,
            weights_sha256=self.sha256,
            placement=self.placement,
            description=f"{self.name} · {len(texts)} texts to label",
            ctx=ctx,
        )
        return features

    def of_names(self, names: Sequence[str]) -> NDArray[np.float32] | None:
        """Return the features (names, width) of labels' names, read as texts; None where texts are pairs."""
        if self.classifier.pairs:
            return None
        rows = self.classifier.truncate([as_words(name) for name in names])
        return self.classifier.features(rows, placement=self.placement)

    def with_head(self, head: LoopHead, label_names: Sequence[str], kind: LabelKind) -> EncoderClassifier:
        """Return the classifier that the encoder and a head make."""
        return replace(self.classifier, head=head.linear_head(), label_names=tuple(label_names), kind=kind)


def load_loop_encoder(recipe: Recipe, texts: Sequence[AnyText], ctx: Context) -> LoopEncoder:
    """Load the encoder of a recipe with a linear head, to read these texts and others like them."""
    from textune.encoder.emoji import read_emoji
    from textune.encoder.loading import find_model, load_tokenizer, token_limit
    from textune.encoder.placement import choose_placement
    from textune.encoder.tokenization import max_length_of
    from textune.model.building import build_classifier

    ctx.stage("Loading the model")
    folder = find_model(recipe.model.name, revision=recipe.model.revision, ctx=ctx)
    tokenizer = load_tokenizer(folder)
    if recipe.prepare.emoji == "words":
        tokenizer = read_emoji(tokenizer, chain.from_iterable(map(sides_of, texts)))
    pairs = has_pairs(texts[:1])
    classifier = build_classifier(
        folder,
        tokenizer,
        settings=recipe.model,
        label_names=("", " "),
        max_length=max_length_of(
            recipe.prepare, tokenizer, token_limit(tokenizer, folder.config), pairs=pairs
        ),
        pairs=pairs,
        seed=0,
        ctx=ctx,
    )
    placement = choose_placement(recipe.model.precision)
    return LoopEncoder(classifier.placed(placement), placement, folder.weights_sha256, folder.name)


class PoolFeatures:
    """The features of a pool's first texts, as far as they are encoded.

    Args:
        texts: The pool's texts, in its order.
        encoder: The encoder; `start` or `encode_all` runs it.
    """

    def __init__(self, texts: Sequence[AnyText], encoder: LoopEncoder) -> None:
        self._texts, self.encoder = texts, encoder
        self._of_name: dict[str, NDArray[np.float32]] = {}
        self._matrix = np.empty((len(texts), encoder.width), dtype=np.float32)
        self._lengths = np.empty(len(texts), dtype=np.float32)
        self._count = 0
        self._thread: threading.Thread | None = None
        self._has_block = threading.Condition()
        self._stops = False
        self.error: BaseException | None = None

    @property
    def count(self) -> int:
        """How many texts, from the first, are encoded."""
        return self._count

    @property
    def matrix(self) -> NDArray[np.float32]:
        """The features (count, width) of the texts that are encoded."""
        return self._matrix[: self._count]

    @property
    def lengths(self) -> NDArray[np.float32]:
        """The Euclidean lengths (count,) of the features."""
        return self._lengths[: self._count]

    def of_names(self, names: Sequence[str]) -> NDArray[np.float32] | None:
        """Return the features (names, width) of labels' names, read as texts; None where texts are pairs."""
        new = [name for name in names if name not in self._of_name]
        if new:
            rows = self.encoder.of_names(new)
            if rows is None:
                return None
            self._of_name.update(zip(new, rows, strict=True))
        return np.stack([self._of_name[name] for name in names])

    def encode_all(self, ctx: Context) -> None:
        """Encode all texts, unless `stop` is called; `ctx` gets the progress."""
        starts = [0, *range(_FIRST_TEXTS, len(self._texts), BLOCK_TEXTS), len(self._texts)]
        silent = Context(offline=ctx.offline)
        for start, end in pairwise(starts):
            if self._stops:
                return
            if end > start:
                self._add(self.encoder.features(self._texts[start:end], silent))
                ctx.advance(end, len(self._texts), unit="texts")

    def start(self, on_end: Callable[[], None] = lambda: None) -> None:
        """Encode in the background."""

        def work() -> None:
            try:
                self.encode_all(Context())
            except BaseException as error:  # Whoever waits for features gets it.
                self.error = error
            with self._has_block:
                self._has_block.notify_all()
            on_end()

        self._thread = threading.Thread(target=work, name="encode-pool", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the encoding after the block that is being encoded."""
        self._stops = True
        if self._thread is not None:
            self._thread.join()

    def wait_for(self, count: int) -> None:
        """Wait until some texts are encoded; raise the error that ended the encoding, if any."""
        with self._has_block:
            self._has_block.wait_for(
                lambda: self._count >= min(count, len(self._texts)) or self.error is not None
            )
        if self.error is not None:
            raise self.error

    def _add(self, features: NDArray[np.float32]) -> None:
        start, end = self._count, self._count + len(features)
        self._matrix[start:end] = features
        self._lengths[start:end] = np.maximum(np.linalg.norm(features, axis=1), 1e-6)
        with self._has_block:
            self._count = end
            self._has_block.notify_all()
