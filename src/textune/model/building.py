"""From a pretrained model and a recipe's settings to a classifier with an untrained head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textune.context import Context
from textune.errors import ModelError, RecipeError
from textune.recipe.settings import ModelSettings
from textune.tasks.label_kind import LabelKind
from textune.tasks.single_label import SINGLE

if TYPE_CHECKING:
    from textune.encoder.loading import ModelFolder
    from textune.encoder.prefix import Pooling
    from textune.encoder.windows import WindowReading
    from textune.model.classifier import EncoderClassifier


def build_classifier(
    folder: ModelFolder,
    tokenizer: Any,
    *,
    settings: ModelSettings,
    label_names: Sequence[str],
    kind: LabelKind = SINGLE,
    max_length: int,
    pairs: bool = False,
    windows: WindowReading | None = None,
    seed: int,
    ctx: Context,
) -> EncoderClassifier:
    """Load an encoder and put an untrained head on it; `seed` decides the weights of a stock head.

    It takes `pairs` of texts, or else single ones.

    Raises:
        ModelError: The weights do not fit, the stock head needs more than one vector per text, or a text has
            no score of its own.
        RecipeError: The model has none of the recipe's layers.
    """
    from textune.encoder.loading import load_encoder, load_stock_model
    from textune.encoder.prefix import Pooling
    from textune.model.classifier import EncoderClassifier
    from textune.model.heads import LinearHead, StockHead, stock_pooling

    names = tuple(label_names)
    if settings.head == "stock":
        model = load_stock_model(folder, label_names=names, seed=seed, problem_type=kind.problem_type)
        pooling = stock_pooling(model.config)
        classifier = EncoderClassifier(
            tokenizer=tokenizer,
            encoder=model.base_model,
            pooling=pooling,
            head=StockHead(model, dropout=settings.dropout),
            label_names=names,
            max_length=max_length,
            padding_id=_find_padding_id(model.base_model, tokenizer, pooling, max_length, ctx),
            stock=model,
            kind=kind,
            pairs=pairs,
            windows=windows,
        )
        _check_stock_head(classifier, folder.name)
        return classifier
    encoder = load_encoder(folder)
    layers = _existing_layers(settings.layers, encoder.config.num_hidden_layers, ctx)
    pooling = Pooling("cls" if settings.pooling == "cls" else "mean", layers)
    return EncoderClassifier(
        tokenizer=tokenizer,
        encoder=encoder,
        pooling=pooling,
        head=LinearHead(
            encoder.config.hidden_size * len(layers),
            len(names),
            attends=windows is not None and windows.pooling == "attention",
        ),
        label_names=names,
        max_length=max_length,
        padding_id=_find_padding_id(encoder, tokenizer, pooling, max_length, ctx),
        kind=kind,
        pairs=pairs,
        windows=windows,
    )


def _find_padding_id(
    encoder: Any, tokenizer: Any, pooling: Pooling, max_length: int, ctx: Context
) -> int | None:
    from textune.encoder.padding import find_padding_id

    padding_id = find_padding_id(encoder, tokenizer, pooling=pooling, max_length=max_length)
    if padding_id is None:
        ctx.note(
            f"Padding changes what '{encoder.config.model_type}' makes of a text, so no text is padded: only "
            "texts of equal length are computed together, which is slower."
        )
    return padding_id


def _existing_layers(layers: Sequence[int], depth: int, ctx: Context) -> tuple[int, ...]:
    existing = tuple(layer for layer in layers if -depth - 1 <= layer <= depth)
    if not existing:
        raise RecipeError(
            f"model.layers = {list(layers)} names none of the model's {depth} layers.",
            f"Layers are counted from 1 to {depth}, or from -1 (the last) backwards; 0 is the embeddings.",
        )
    if len(existing) < len(layers):
        ctx.note(
            f"The model has {depth} layers: of model.layers = {list(layers)}, {list(existing)} are used."
        )
    return existing


def _check_stock_head(classifier: EncoderClassifier, name: str) -> None:
    import torch

    from textune.encoder.placement import Placement
    from textune.model.classifier import head_logits

    rows = classifier.examples()
    features = classifier.features(rows, placement=Placement("cpu", "fp32", "eager"))
    with torch.inference_mode():
        stock = classifier.stock.eval()
        expected = torch.cat([stock(**classifier.inputs([row])).logits for row in rows])
    try:
        logits = head_logits(classifier.head, torch.from_numpy(features))
    # An architecture's own code may fail in any way on a single vector where it expects many.
    except Exception:
        logits = torch.full_like(expected, torch.nan)
    if not torch.allclose(logits, expected, atol=1e-4):
        raise ModelError(
            f"The stock head of {name} reads more of the encoder's output than one vector per text, so it "
            "cannot be trained on that vector.",
            "Use a linear head: --set model.head=linear",
        )
