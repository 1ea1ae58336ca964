"""From a recipe to its data, its pretrained encoder, and a classifier with an untrained head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textune.context import Context, Observer
from textune.data.sources import load_dataset
from textune.errors import ModelError, RecipeError
from textune.recipe.settings import ModelSettings, Recipe

if TYPE_CHECKING:
    from textune.data.dataset import Dataset
    from textune.encoder.loading import ModelFolder
    from textune.encoder.placement import Placement
    from textune.encoder.tokenization import TokenizedDataset
    from textune.model.classifier import TextClassifier
    from textune.training.processes import Processes


def load_parts(recipe: Recipe, *, offline: bool, observer: Observer) -> tuple[Dataset, ModelFolder, Any]:
    """Load what can be wrong before anything slow begins: the data, the model's files, the tokenizer."""
    from textune.encoder.loading import find_model, load_tokenizer
    from textune.keras.encoder import check_keras_knows

    observer.stage("Loading the data")
    dataset = load_dataset(recipe.data, Context(observer, offline))
    for note in dataset.notes:
        observer.note(note)
    observer.stage("Loading the model")
    folder = find_model(recipe.model.name, revision=recipe.model.revision, offline=offline)
    if recipe.train.engine == "keras":
        check_keras_knows(folder)
    return dataset, folder, load_tokenizer(folder)


def load_encoder_of(
    recipe: Recipe,
    folder: ModelFolder,
    tokenizer: Any,
    texts: TokenizedDataset,
    observer: Observer,
) -> tuple[TextClassifier, Placement, Processes]:
    """Load the encoder under an untrained head; return it with where it runs and who shares the work."""
    from textune.encoder.placement import Placement, choose_placement
    from textune.training.processes import Processes

    classifier = build_classifier(
        folder,
        tokenizer,
        settings=recipe.model,
        label_names=texts.dataset.label_names,
        max_length=texts.max_length,
        seed=recipe.train.seed,
        observer=observer,
    )
    placement, processes = choose_placement(recipe.model.precision), Processes()
    if recipe.train.engine == "keras":
        return classifier, Placement("cpu", "fp32", "eager"), processes
    if processes.device is not None:
        placement = replace(placement, device=str(processes.device))
    return classifier, placement, processes


def build_classifier(
    folder: ModelFolder,
    tokenizer: Any,
    *,
    settings: ModelSettings,
    label_names: Sequence[str],
    max_length: int,
    seed: int,
    observer: Observer,
) -> TextClassifier:
    """Load an encoder and put an untrained head on it."""
    from textune.encoder.loading import load_classifier, load_encoder
    from textune.encoder.prefix import Pooling
    from textune.model.classifier import TextClassifier
    from textune.model.heads import LinearHead, StockHead, stock_pooling

    names = tuple(label_names)
    if settings.head == "stock":
        model = load_classifier(folder, label_names=names, seed=seed)
        classifier = TextClassifier(
            tokenizer=tokenizer,
            encoder=model.base_model,
            pooling=stock_pooling(model.config),
            head=StockHead(model, dropout=settings.dropout),
            label_names=names,
            max_length=max_length,
            stock=model,
        )
        _check_stock_head(classifier, folder.name)
        return classifier
    encoder = load_encoder(folder)
    layers = _existing_layers(settings.layers, encoder.config.num_hidden_layers, observer)
    return TextClassifier(
        tokenizer=tokenizer,
        encoder=encoder,
        pooling=Pooling("cls" if settings.pooling == "cls" else "mean", layers),
        head=LinearHead(encoder.config.hidden_size * len(layers), len(names)),
        label_names=names,
        max_length=max_length,
    )


def _existing_layers(layers: Sequence[int], depth: int, observer: Observer) -> tuple[int, ...]:
    existing = tuple(layer for layer in layers if -depth - 1 <= layer <= depth)
    if not existing:
        raise RecipeError(
            f"model.layers = {list(layers)} names none of the model's {depth} layers.",
            f"Layers are counted from 1 to {depth}, or from -1 (the last) backwards; 0 is the embeddings.",
        )
    if len(existing) < len(layers):
        observer.note(
            f"The model has {depth} layers: of model.layers = {list(layers)}, {list(existing)} are used."
        )
    return existing


def _check_stock_head(classifier: TextClassifier, name: str) -> None:
    """Raise a `ModelError` unless the head on pooled features gives what the whole model gives."""
    import torch

    from textune.encoder.batching import pad_tensors
    from textune.encoder.placement import Placement
    from textune.model.classifier import head_logits

    rows = classifier.tokenize(["a short text", "and one that is somewhat longer than the first"])
    features = classifier.features(rows, placement=Placement("cpu", "fp32", "eager"))
    ids, mask = pad_tensors(rows, padding_id=classifier.tokenizer.pad_token_id)
    with torch.inference_mode():
        expected = classifier.stock.eval()(input_ids=ids, attention_mask=mask).logits
    try:
        found = head_logits(classifier.head, torch.from_numpy(features))
    # What an architecture's own code does with a single vector where it expects many has no bounds.
    except Exception:
        found = torch.full_like(expected, torch.nan)
    if not torch.allclose(found, expected, atol=1e-4):
        raise ModelError(
            f"The stock head of {name} reads more of the encoder's output than one vector a text, so it "
            "cannot be trained on that one.",
            "Use a linear head: --set model.head=linear",
        )
