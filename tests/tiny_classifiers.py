"""Tiny classifiers with random heads, as they are before they are saved or predict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from textune.encoder.loading import find_model, load_encoder, load_stock_model, load_tokenizer
from textune.encoder.padding import find_padding_id
from textune.encoder.prefix import Pooling
from textune.model.classifier import EncoderClassifier
from textune.model.heads import LinearHead, StockHead, stock_pooling
from textune.model.storage import save_classifier
from textune.run.lifecycle import complete_run, new_run
from textune.run.origin import Origin
from textune.tasks.multi_label import MULTI

EMOTIONS = ("anger", "joy", "sadness")


def stock_classifier(
    folder: Path, *, labels: Sequence[str] = EMOTIONS, max_length: int = 16, pairs: bool = False
) -> EncoderClassifier:
    """Return the encoder of a folder with the head of its architecture."""
    source = find_model(str(folder))
    model, tokenizer = load_stock_model(source, label_names=labels, seed=0), load_tokenizer(source)
    pooling = stock_pooling(model.config)
    return EncoderClassifier(
        tokenizer=tokenizer,
        encoder=model.base_model,
        pooling=pooling,
        head=StockHead(model),
        label_names=tuple(labels),
        max_length=max_length,
        padding_id=find_padding_id(model.base_model, tokenizer, pooling=pooling, max_length=max_length),
        stock=model,
        pairs=pairs,
    )


def label_classifier(folder: Path, *, labels: Sequence[str] = EMOTIONS) -> EncoderClassifier:
    """Return a classifier with a stock head, whose probabilities of several labels differ a lot."""
    classifier = stock_classifier(folder, labels=labels)
    torch.nn.init.normal_(classifier.stock.classifier.weight, generator=torch.Generator().manual_seed(0))
    return replace(classifier, kind=MULTI)


def save_run(path: Path, classifier: EncoderClassifier) -> Path:
    """Write a finished run that holds a classifier and nothing that a training gave; return its folder."""
    with new_run(path, recipe="", origin=Origin()) as run:
        save_classifier(classifier, run.model)
        complete_run(run, {})
    return path


def linear_classifier(
    folder: Path, *, labels: Sequence[str] = EMOTIONS, max_length: int = 16, layers: tuple[int, ...] = (-1, 1)
) -> EncoderClassifier:
    """Return the encoder of a folder with a linear head on the means of some of its layers."""
    source = find_model(str(folder))
    encoder, tokenizer, pooling = load_encoder(source), load_tokenizer(source), Pooling("mean", layers)
    head = LinearHead(encoder.config.hidden_size * len(layers), len(labels))
    generator = torch.Generator().manual_seed(0)
    torch.nn.init.normal_(head.output.weight, generator=generator)
    torch.nn.init.normal_(head.output.bias, generator=generator)
    return EncoderClassifier(
        tokenizer=tokenizer,
        encoder=encoder,
        pooling=pooling,
        head=head,
        label_names=tuple(labels),
        max_length=max_length,
        padding_id=find_padding_id(encoder, tokenizer, pooling=pooling, max_length=max_length),
    )
