"""Checks of a pretrained model's folder, made before torch is imported.

In: the names of its files, or the folder. Out: its configuration and its weight files, or a `ModelError` that
names the file at fault. Only safetensors are accepted: a pickle runs code when it is read. Does not know
where the folder comes from, nor what an architecture is made of.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from textune.errors import ModelError

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
TAKES_ENCODERS = (
    "textune takes encoders: DistilBERT, BERT, RoBERTa, ELECTRA, DeBERTa-v2, ModernBERT, XLM-R, ALBERT "
    "and their like."
)

_TOKENIZERS = (
    "tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "spm.model", "sentencepiece.bpe.model"
)  # fmt: skip
_PICKLES = ("pytorch_model", "model")
_PICKLE_ENDINGS = (".bin", ".ckpt", ".pkl", ".pt", ".pth")
_COPY_AGAIN = "Copy or download the model again."


def check_model_files(names: Collection[str], *, where: str) -> None:
    """Raise a `ModelError` unless configuration, weights in safetensors and tokenizer are among the names.

    `where` is the folder or repository, in words that begin a sentence.
    """
    if CONFIG not in names:
        raise ModelError(
            f"{where} holds no {CONFIG}, so it is not a pretrained model.",
            "Give the folder that save_pretrained wrote: config.json, model.safetensors and the tokenizer.",
        )
    pickles = sorted(name for name in names if name.startswith(_PICKLES) and name.endswith(_PICKLE_ENDINGS))
    has_weights = WEIGHTS in names or INDEX in names
    if pickles and not has_weights:
        raise ModelError(
            f"{where} holds its weights only as a pickle ({', '.join(pickles)}). Reading a pickle can run "
            "any code that its author put in, so textune reads safetensors alone.",
            "If you trust the author, convert it once: load it with AutoModel.from_pretrained of "
            "transformers, write it and its tokenizer with save_pretrained(FOLDER), and give that folder.",
        )
    if not has_weights:
        raise ModelError(
            f"{where} holds no weights: neither {WEIGHTS} nor {INDEX} is there.",
            "Give the folder that `save_pretrained` wrote, whole.",
        )
    if not set(_TOKENIZERS) & set(names):
        raise ModelError(
            f"{where} holds no tokenizer: none of {', '.join(_TOKENIZERS)} is there.",
            "Save the model's own tokenizer into the folder: tokenizer.save_pretrained(FOLDER).",
        )


def read_config(path: Path) -> dict[str, Any]:
    """Read a `config.json`; raise a `ModelError` unless it is of an encoder that needs no code of its own."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read as JSON: {error}.", _COPY_AGAIN) from error
    if not isinstance(config, dict) or not isinstance(config.get("model_type"), str):
        raise ModelError(
            f"{path} names no model_type, so the model's architecture is unknown.",
            "Give a folder that `save_pretrained` of transformers wrote.",
        )
    if "auto_map" in config:
        raise ModelError(
            f"{path} has an auto_map: the model comes with Python code of its own, which textune never runs.",
            "Choose a model whose architecture is part of transformers, such as DistilBERT or ModernBERT.",
        )
    for setting in ("is_encoder_decoder", "is_decoder"):
        if config.get(setting):
            raise ModelError(
                f"{path} says {setting} = true: the model '{config['model_type']}' is not a plain encoder.",
                TAKES_ENCODERS,
            )
    return config


def find_weights(folder: Path) -> list[Path]:
    """Return a folder's weight files, sorted; raise a `ModelError` if one is missing or damaged."""
    from safetensors import SafetensorError, safe_open

    is_sharded = (folder / INDEX).exists() and not (folder / WEIGHTS).exists()
    names = _shard_names(folder / INDEX) if is_sharded else [WEIGHTS]
    files = [folder / name for name in names]
    for path in files:
        try:
            # Opening compares what the header promises with the file's length; no tensor is read.
            with safe_open(path, framework="numpy"):
                pass
        except (OSError, SafetensorError) as error:
            raise ModelError(
                f"The weight file {path} is damaged or cut short: {error}.", _COPY_AGAIN
            ) from error
    return files


def hash_weights(files: Sequence[Path]) -> str:
    """Return the SHA-256, in hexadecimal, over the bytes of weight files in the order given."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            hashlib.file_digest(file, lambda: digest)
    return digest.hexdigest()


def _shard_names(index: Path) -> list[str]:
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        inside = all(Path(name).name == name for name in names)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{index} is not an index of weight files.", _COPY_AGAIN) from error
    if not names or not inside:
        raise ModelError(f"{index} names no weight files beside it.", _COPY_AGAIN)
    missing = [name for name in names if not (index.parent / name).exists()]
    if missing:
        raise ModelError(f"{index} names weight files that are not there: {', '.join(missing)}.", _COPY_AGAIN)
    return names
