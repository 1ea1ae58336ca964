"""Classifiers on disk.

In: a `TextClassifier` and a folder, or a folder alone. Out: files, or the classifier that they hold, read
strictly: every tensor must be there, and none may be left over.

A classifier with a stock head is a folder that plain transformers loads, with `textune.json` beside its
files. Any other head is kept in `head.safetensors` and the encoder in a folder `encoder/` of its own: plain
transformers then finds no classifier at all, rather than an encoder to which it would add a random head.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from textune.encoder import loading
from textune.encoder.prefix import Pooling
from textune.encoder.weights import quiet_transformers
from textune.errors import ModelError
from textune.files import write_json
from textune.model.classifier import TextClassifier
from textune.model.heads import LinearHead, StockHead
from textune.model.objective import PROBLEM_TYPE

_FORMAT = 1


def save_classifier(classifier: TextClassifier, folder: Path) -> None:
    """Write a classifier's weights, configuration and tokenizer into an empty or new folder."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder if classifier.stock is not None else folder / "encoder"
    model = classifier.stock if classifier.stock is not None else classifier.encoder
    model.config.id2label = dict(enumerate(classifier.label_names))
    model.config.label2id = {name: number for number, name in enumerate(classifier.label_names)}
    model.config.problem_type = PROBLEM_TYPE
    with quiet_transformers():
        model.save_pretrained(place)
    # The tokenizer carries the limit that training used, so that plain transformers cuts where textune does.
    classifier.tokenizer.model_max_length = classifier.max_length
    classifier.tokenizer.save_pretrained(place)
    if isinstance(classifier.head, LinearHead):
        from safetensors.torch import save_file

        save_file(
            {name: tensor.contiguous() for name, tensor in classifier.head.state_dict().items()},
            folder / "head.safetensors",
        )
    write_json(folder / "textune.json", _description(classifier))


def load_classifier(folder: Path) -> TextClassifier:
    """Read a classifier that `save_classifier` wrote.

    Raises:
        ModelError: A file is missing or damaged, or a tensor is missing or left over.
    """
    try:
        described = json.loads((folder / "textune.json").read_text(encoding="utf-8"))
        known = described["format"] == _FORMAT
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{folder} holds no classifier of textune's: textune.json cannot be read.",
            "Give the folder of a run that `textune train` finished.",
        ) from error
    if not known:
        raise ModelError(
            f"{folder} was written in format {described['format']}, this version of textune reads {_FORMAT}.",
            "Install the version of textune that wrote it.",
        )
    names = tuple(described["labels"])
    stock = described["head"] == "stock"
    source = loading.find_model(str(folder if stock else folder / "encoder"))
    tokenizer = loading.load_tokenizer(source)
    model = (
        loading.load_classifier(source, label_names=names, seed=0, new_head=False)
        if stock
        else loading.load_encoder(source)
    )
    return TextClassifier(
        tokenizer=tokenizer,
        encoder=model.base_model if stock else model,
        pooling=Pooling(described["pooling"]["kind"], tuple(described["pooling"]["layers"])),
        head=StockHead(model) if stock else _load_linear_head(folder / "head.safetensors", len(names)),
        label_names=names,
        max_length=described["max_length"],
        stock=model if stock else None,
    )


def _description(classifier: TextClassifier) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "head": "stock" if classifier.stock is not None else "linear",
        "pooling": {"kind": classifier.pooling.kind, "layers": list(classifier.pooling.layers)},
        "labels": list(classifier.label_names),
        "max_length": classifier.max_length,
    }


def _load_linear_head(path: Path, classes: int) -> LinearHead:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state = load_file(path)
        head = LinearHead(state["output.weight"].shape[1], classes)
        head.load_state_dict(state, strict=True)
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise ModelError(
            f"The head {path} cannot be read: {error}.", "Copy the run again from where it came."
        ) from error
    return head.eval()
