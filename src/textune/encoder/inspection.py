"""Checks of a pretrained model's folder, which run before torch is imported.

In: the names of its files, or the folder. Out: its configuration and its weight files, or a `ModelError` that
names the invalid file. Only safetensors are accepted: a pickle can run code when it is read. Does not know
architectures.
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
    "Choose an encoder: DistilBERT, BERT, RoBERTa, ELECTRA, DeBERTa-v2, ModernBERT, XLM-R, ALBERT or a "
    "similar model."
)

_TOKENIZERS = (
    "tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "spm.model", "sentencepiece.bpe.model"
)  # fmt: skip
_PICKLES = ("pytorch_model", "model")
_PICKLE_ENDINGS = (".bin", ".ckpt", ".pkl", ".pt", ".pth")
_COPY_AGAIN = "Copy or download the model again."


def check_model_files(names: Collection[str], *, where: str) -> None:
    """Raise a `ModelError` unless the names include a configuration, safetensors and a tokenizer.

    `where` is the folder or repository as the start of a sentence.
    """
    if CONFIG not in names:
        raise ModelError(
            f"{where} has no {CONFIG}, so it is not a pretrained model.",
            "Use a folder that save_pretrained wrote, with config.json, model.safetensors and the tokenizer.",
        )
    pickles = sorted(name for name in names if name.startswith(_PICKLES) and name.endswith(_PICKLE_ENDINGS))
    has_weights = WEIGHTS in names or INDEX in names
    if pickles and not has_weights:
        raise ModelError(
            f"{where} has its weights only as a pickle ({', '.join(pickles)}). Reading a pickle can run its "
            "author's code, so textune reads only safetensors.",
            "If you trust the author, convert it once: load it with AutoModel.from_pretrained of "
            "transformers, write it and its tokenizer with save_pretrained(FOLDER), and use that folder.",
        )
    if not has_weights:
        raise ModelError(
            f"{where} has no weights: neither {WEIGHTS} nor {INDEX} exists.",
            "Use a complete folder that save_pretrained wrote.",
        )
    if not set(_TOKENIZERS) & set(names):
        raise ModelError(
            f"{where} has no tokenizer: none of {', '.join(_TOKENIZERS)} exists.",
            "Save the model's own tokenizer into the folder: tokenizer.save_pretrained(FOLDER).",
        )


def read_config(path: Path) -> dict[str, Any]:
    """Read a `config.json`; raise a `ModelError` unless it describes an encoder without code of its own."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read as JSON: {error}.", _COPY_AGAIN) from error
    if not isinstance(config, dict) or not isinstance(config.get("model_type"), str):
        raise ModelError(
            f"{path} has no model_type, so the model's architecture is unknown.",
            "Use a folder that save_pretrained of transformers wrote.",
        )
    if "auto_map" in config:
        raise ModelError(
            f"{path} has an auto_map: the model comes with its own Python code, which textune never runs.",
            "Choose a model whose architecture is part of transformers, such as DistilBERT or ModernBERT.",
        )
    for setting in ("is_encoder_decoder", "is_decoder"):
        if config.get(setting):
            raise ModelError(
                f"{path} has {setting} = true: the model '{config['model_type']}' is not a plain encoder.",
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
            # Opening compares the header with the file's length, without reading tensors.
            with safe_open(path, framework="numpy"):
                pass
        except (OSError, SafetensorError) as error:
            raise ModelError(
                f"The weight file {path} is damaged or incomplete: {error}.", _COPY_AGAIN
            ) from error
    return files


def hash_weights(files: Sequence[Path]) -> str:
    """Return the hexadecimal SHA-256 of the bytes of weight files, in this order."""
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
        raise ModelError(f"{index} names no weight files in its folder.", _COPY_AGAIN)
    missing = [name for name in names if not (index.parent / name).exists()]
    if missing:
        raise ModelError(f"{index} names weight files that do not exist: {', '.join(missing)}.", _COPY_AGAIN)
    return names
