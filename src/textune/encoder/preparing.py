"""From a recipe to a classifier with an untrained head, and to the features of a split.

The part that training and evaluation share: both must see the same rows through the same encoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from textune.context import Observer
from textune.errors import DataError, RecipeError
from textune.recipe.settings import Recipe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textune.data.sources import Source
    from textune.encoder.loading import ModelFolder
    from textune.encoder.prefix import Placement
    from textune.encoder.tokenization import Tokenized
    from textune.model.classifier import TextClassifier

SPLITS = ("train", "validation", "test")
MAPPED_FROM_BYTES = 64_000_000
"""Features of this size stay in their file, and are read out of it: memory does not grow with the texts."""


@dataclass(frozen=True)
class PreparedTexts:
    """A source after the recipe's `[prepare]` section.

    Attributes:
        tokenized: Train and validation without the rows that are too long in words; test with all rows.
        dropped: Rows that are too long in words, by split; those of test are kept all the same.
        rows: The row number in the source of each row, by split.
        short_test: Which test rows the filter would keep, (rows,), or None without a filter.
    """

    tokenized: Tokenized
    dropped: dict[str, int]
    rows: dict[str, NDArray[np.int64]]
    short_test: NDArray[np.bool_] | None


def load_data(recipe: Recipe, *, offline: bool) -> Source:
    """Load the recipe's source."""
    from textune.data.sources import load_source

    settings = recipe.data
    if not settings.source:
        raise RecipeError(
            "No data is given.",
            "Name a source with --data, for instance --data sample:emotion or --data texts.csv.",
        )
    return load_source(
        settings.source,
        text_column=settings.text_column,
        label_column=settings.label_column,
        validation_fraction=settings.validation_fraction,
        test_fraction=settings.test_fraction,
        split_seed=settings.split_seed,
        offline=offline,
    )


def read_emoji_as_words(recipe: Recipe, source: Source, tokenizer: Any) -> Any:
    """Return the tokenizer, which reads emoji by their names if the recipe says so."""
    if recipe.prepare.emoji == "keep":
        return tokenizer
    from textune.data.emoji import read_emoji

    return read_emoji(tokenizer, source.dataset["train"]["text"])


def prepare_texts(
    source: Source, tokenizer: Any, folder: ModelFolder, *, recipe: Recipe, observer: Observer
) -> PreparedTexts:
    """Filter and tokenize a source as the recipe says."""
    from textune.encoder.tokenization import count_words, filter_by_words, tokenize

    settings, max_length = recipe.prepare, max_length_of(recipe, tokenizer, folder)
    dataset, dropped, short_test = source.dataset, dict.fromkeys(source.dataset, 0), None
    rows = {split: np.arange(len(dataset[split])) for split in dataset}
    if settings.max_words:
        kept, dropped = filter_by_words(dataset, settings.max_words)
        short = {
            split: np.array([count_words(text) <= settings.max_words for text in dataset[split]["text"]])
            for split in dataset
        }
        dataset = type(dataset)({**kept, "test": dataset["test"]})
        rows = {
            split: numbers if split == "test" else numbers[short[split]] for split, numbers in rows.items()
        }
        short_test = short["test"]
        _check_classes(dataset["train"], settings.max_words)
        observer.note(_filter_note(dropped, settings.max_words))
    tokenized = tokenize(dataset, tokenizer, max_length=max_length, padding=settings.padding)
    if tokenized.padded_length:
        observer.note(f"Rows are padded to {tokenized.padded_length} tokens, special tokens included.")
    for split, count in tokenized.truncated.items():
        if count:
            observer.note(f"{count} texts of {split} were cut at {tokenized.max_length} tokens.")
    return PreparedTexts(tokenized, dropped, rows, short_test)


def max_length_of(recipe: Recipe, tokenizer: Any, folder: ModelFolder) -> int:
    """Return the tokens after which a text is cut: the recipe's, else the model's own limit.

    Raises:
        RecipeError: The recipe's is too small for any text, or more than the model takes.
    """
    from textune.encoder.loading import token_limit

    wanted, limit = recipe.prepare.max_length, token_limit(tokenizer, folder.config)
    shortest = tokenizer.num_special_tokens_to_add() + 1
    if 0 < wanted < shortest:
        raise RecipeError(
            f"prepare.max_length = {wanted} leaves no room for text beside the special tokens.",
            f"Set it to {shortest} or more, or to 0 for the model's own limit.",
        )
    if wanted > limit:
        raise RecipeError(
            f"prepare.max_length = {wanted} is more than the model's {limit} tokens.",
            f"Set it to {limit} or less, or to 0 for the model's own limit.",
        )
    return wanted or limit


def encode_splits(
    classifier: TextClassifier,
    texts: PreparedTexts,
    *,
    weights: ModelFolder,
    placement: Placement,
    source: str,
    observer: Observer,
) -> dict[str, NDArray[np.float32]]:
    """Return the features of every split, out of the cache where it has them."""
    from textune.encoder.tokenization import real_tokens

    features, cached = {}, []
    placed = classifier.placed(placement)
    for split, rows in texts.tokenized.dataset.items():
        observer.stage(f"Encoding {split} ({placement.precision} on {placement.device})")
        features[split], from_cache = encode_tokens(
            placed,
            real_tokens(rows),
            weights_sha256=weights.weights_sha256,
            placement=placement,
            description=f"{weights.name} · {source} · {split}",
            observer=observer,
        )
        cached += [split] if from_cache else []
    if cached:
        observer.note(f"The encoder's output for {', '.join(cached)} was read from the cache.")
    return features


def encode_tokens(
    classifier: TextClassifier,
    tokens: Sequence[Sequence[int]],
    *,
    weights_sha256: str,
    placement: Placement,
    description: str,
    observer: Observer,
) -> tuple[NDArray[np.float32], bool]:
    """Return the features of token ids without padding, and whether they came out of the cache."""
    from textune.encoder.cache import FeatureCache, feature_key

    pooling = classifier.pooling
    shape = {
        **feature_shape(classifier, weights_sha256, placement),
        "layers": list(pooling.layers),
        "pooling": pooling.kind,
    }
    compute = partial(
        classifier.features,
        tokens,
        placement=placement,
        on_progress=lambda done, total: observer.advance(done, total, unit="texts"),
    )
    cache, key, size = FeatureCache(), feature_key(shape, tokens), (len(tokens), classifier.feature_width)
    if 4 * size[0] * size[1] >= MAPPED_FROM_BYTES:
        found = cache.get_or_write(
            key, size, lambda array: compute(into=array), dtype=np.float32, description=description
        )
        if found is not None:
            return found
    return cache.get_or_compute(key, compute, description=description)


def feature_shape(classifier: TextClassifier, weights_sha256: str, placement: Placement) -> dict[str, Any]:
    """Return all that shapes what an encoder gives for token ids, as JSON values."""
    import torch
    import transformers

    # What only names things or sets up training does not shape features; all else in a configuration may.
    config = {
        key: value
        for key, value in classifier.encoder.config.to_diff_dict().items()
        if key
        not in {"id2label", "label2id", "problem_type", "transformers_version", "dtype", "architectures"}
    }
    return {
        "config": config,
        # Without the number of a GPU: processes on several of them share what one has computed.
        "device": placement.device.partition(":")[0],
        "precision": placement.precision,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "weights": weights_sha256,
    }


def _check_classes(train: Any, max_words: int) -> None:
    names, present = train.features["label"].names, set(train["label"])
    lost = [name for label, name in enumerate(names) if label not in present]
    if lost:
        raise DataError(
            f"No text of {', '.join(lost)} in train has {max_words} words or fewer, so it cannot be learned.",
            "Raise prepare.max_words, or set it to 0 to keep all rows.",
        )


def _filter_note(dropped: dict[str, int], max_words: int) -> str:
    if not any(dropped.values()):
        return f"No row has more than {max_words} words: the filter drops none."
    left_out = sum(count for split, count in dropped.items() if split != "test")
    return (
        f"{left_out} rows of train and validation have more than {max_words} words and are left out; "
        f"{dropped['test']} rows of test do, and are left out of the filtered test figures only."
    )
