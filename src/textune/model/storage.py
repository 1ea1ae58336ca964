"""Classifiers on disk, read strictly: every tensor must be there, and none may be left over.

A classifier with a stock head is a folder that plain transformers loads, with `textune.json` beside its
files. Any other head is in `head.safetensors` and the encoder in a folder `encoder/` of its own: plain
transformers then finds no classifier at all, rather than an encoder to which it would add a random head.
"""

from __future__ import annotations

import json
import stat
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
    field_validator,
)

from textune.data.dataset import SINGLE_LABEL
from textune.encoder import loading
from textune.encoder.padding import find_padding_id
from textune.encoder.prefix import Pooling
from textune.encoder.weights import quiet_transformers
from textune.encoder.windows import WindowReading
from textune.errors import ModelError
from textune.files import foreign_storage_errors, write_json
from textune.model.classifier import EncoderClassifier
from textune.model.heads import Head, LinearHead, StockHead
from textune.tasks.label_kind import LabelKind
from textune.tasks.registry import LABEL_KINDS, label_kind

_FORMAT = 1
_FORMAT_WITH_WINDOWS = 2
"""The format of classifiers that read windows, so that versions that know none refuse to cut the texts."""
_COPY_AGAIN = "Copy the run again from its source."


class _Pooling(BaseModel):
    model_config = ConfigDict(strict=True)

    kind: Literal["cls", "mean"]
    layers: list[int] = Field(min_length=1)


class _Windows(BaseModel):
    model_config = ConfigDict(strict=True)

    overlap: NonNegativeInt
    pooling: Literal["mean", "max", "attention"]
    max_windows: NonNegativeInt


class _Description(BaseModel):
    model_config = ConfigDict(strict=True)

    format: int
    head: Literal["stock", "linear"]
    pooling: _Pooling
    labels: list[str] = Field(min_length=2)
    max_length: PositiveInt
    problem_type: str = SINGLE_LABEL
    pairs: bool = False
    windows: _Windows | None = None

    @field_validator("problem_type")
    @classmethod
    def _is_known(cls, problem_type: str) -> str:
        if problem_type not in LABEL_KINDS:
            raise ValueError(f"'{problem_type}' is not a kind of label")
        return problem_type


def save_classifier(classifier: EncoderClassifier, folder: Path) -> None:
    """Write a classifier's weights, configuration and tokenizer into an empty or new folder."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    place = folder if classifier.stock is not None else folder / "encoder"
    model = classifier.stock if classifier.stock is not None else classifier.encoder
    model.config.id2label = dict(enumerate(classifier.label_names))
    model.config.label2id = {name: number for number, name in enumerate(classifier.label_names)}
    model.config.problem_type = classifier.kind.problem_type
    # The tokenizer carries the limit that training used, so that plain transformers cuts where textune does.
    classifier.tokenizer.model_max_length = classifier.max_length
    with foreign_storage_errors(), quiet_transformers():
        model.save_pretrained(place)
        classifier.tokenizer.save_pretrained(place)
        if isinstance(classifier.head, LinearHead):
            state = {name: tensor.contiguous() for name, tensor in classifier.head.state_dict().items()}
            save_file(state, folder / "head.safetensors")
    windows = classifier.windows
    description = _Description(
        format=_FORMAT_WITH_WINDOWS if windows else _FORMAT,
        head="stock" if classifier.stock is not None else "linear",
        pooling=_Pooling(kind=classifier.pooling.kind, layers=list(classifier.pooling.layers)),
        labels=list(classifier.label_names),
        max_length=classifier.max_length,
        problem_type=classifier.kind.problem_type,
        pairs=classifier.pairs,
        windows=_Windows(**asdict(windows)) if windows else None,
    )
    write_json(folder / "textune.json", description.model_dump(exclude_none=True))
    # safetensors writes files that only their owner may read: they get the mode of the other files.
    mode = (folder / "textune.json").stat().st_mode
    for weights in folder.rglob("*.safetensors"):
        weights.chmod(stat.S_IMODE(mode))


def load_classifier(folder: Path) -> EncoderClassifier:
    """Read what `save_classifier` wrote; raise a `ModelError` for what is missing, damaged or left over."""
    described = _read_description(folder)
    names, pooling = tuple(described.labels), described.pooling
    stock = described.head == "stock"
    # Absolute, as a relative name of a folder that is missing could be that of a model on the Hub.
    source = loading.find_model(str((folder if stock else folder / "encoder").absolute()))
    tokenizer = loading.load_tokenizer(source)
    model: Any
    head: Head
    if stock:
        model = loading.load_stock_model(
            source, label_names=names, seed=0, new_head=False, problem_type=described.problem_type
        )
        head = StockHead(model)
    else:
        model = loading.load_encoder(source, new_head=False)
        head = _load_linear_head(folder / "head.safetensors", len(names))
        attends = described.windows is not None and described.windows.pooling == "attention"
        if attends != (head.window_query is not None):
            raise ModelError(f"The head in {folder} does not pool windows as it should.", _COPY_AGAIN)
        width = model.config.hidden_size * len(pooling.layers)
        if head.output.in_features != width:
            raise ModelError(
                f"The head in {folder} takes {head.output.in_features} features, and its encoder gives "
                f"{width}: they do not belong together.",
                _COPY_AGAIN,
            )
    encoder = model.base_model if stock else model
    read = Pooling(pooling.kind, tuple(pooling.layers))
    return EncoderClassifier(
        tokenizer=tokenizer,
        encoder=encoder,
        pooling=read,
        head=head.eval(),
        label_names=names,
        max_length=described.max_length,
        padding_id=find_padding_id(encoder, tokenizer, pooling=read, max_length=described.max_length),
        stock=model if stock else None,
        kind=label_kind(described.problem_type),
        pairs=described.pairs,
        windows=_windows_of(described),
    )


def read_max_length(folder: Path) -> int:
    """Return the maximum number of tokens per text of a stored classifier; errors as `load_classifier`."""
    return _read_description(folder).max_length


def read_takes_pairs(folder: Path) -> bool:
    """Return whether a stored classifier takes pairs of texts; errors as `load_classifier`."""
    return _read_description(folder).pairs


def read_kind(folder: Path) -> LabelKind:
    """Return the kind of label of a stored classifier; errors as `load_classifier`."""
    return label_kind(_read_description(folder).problem_type)


def read_windows(folder: Path) -> WindowReading | None:
    """Return how a stored classifier reads long texts, or None if it truncates them."""
    return _windows_of(_read_description(folder))


def _windows_of(described: _Description) -> WindowReading | None:
    return WindowReading(**described.windows.model_dump()) if described.windows else None


def _read_description(folder: Path) -> _Description:
    try:
        values = json.loads((folder / "textune.json").read_text(encoding="utf-8"))
        known = values["format"] in (_FORMAT, _FORMAT_WITH_WINDOWS)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(
            f"{folder} is not a classifier of textune: textune.json cannot be read.",
            "Give the folder of a finished run.",
        ) from error
    if not known:
        raise ModelError(
            f"{folder} has format {values['format']}, but this version of textune reads format {_FORMAT} "
            f"and {_FORMAT_WITH_WINDOWS}.",
            "Install the version of textune that wrote it.",
        )
    try:
        return _Description.model_validate(values)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise ModelError(
            f"{folder / 'textune.json'} is damaged: {place}: {fault['msg']}.", _COPY_AGAIN
        ) from error


def _load_linear_head(path: Path, classes: int) -> LinearHead:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state = load_file(path)
        head = LinearHead(state["output.weight"].shape[1], classes, attends="window_query" in state)
        head.load_state_dict(state, strict=True)
    except (OSError, SafetensorError, KeyError, IndexError, RuntimeError) as error:
        raise ModelError(f"The head {path} cannot be read: {error}.", _COPY_AGAIN) from error
    return head
