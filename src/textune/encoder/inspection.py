"""Checks of a pretrained model's folder, which run before torch is imported.

In: the names of its files, or the folder. Out: its configuration and its weight files, or a `ModelError` that
names the invalid file. Only safetensors are accepted: a pickle can run code when it is read. Does not know
architectures.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from textune.errors import ModelError
from textune.wording import listed

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
TAKES_ENCODERS = (
    "Choose an encoder: DistilBERT, BERT, RoBERTa, ELECTRA, DeBERTa-v2, ModernBERT, XLM-R, ALBERT or a "
    "similar model."
)

# transformers 5 has lost this: its from_pretrained ignores both arguments.
_CONVERT = (
    "Convert it once, in an environment of its own: pip install 'transformers<5' torch {extra}; in Python, "
    "AutoModel.from_pretrained(FOLDER, {argument}).save_pretrained(NEW), and "
    "AutoTokenizer.from_pretrained(FOLDER).save_pretrained(NEW), both of transformers. Then use NEW."
)
_FRAMEWORKS = {
    "tf": {"title": "TensorFlow", "extra": "tensorflow tf-keras", "argument": "from_tf=True"},
    "flax": {"title": "Flax", "extra": "flax", "argument": "from_flax=True"},
}
_TOKENIZERS = (
    "tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "spm.model", "sentencepiece.bpe.model"
)  # fmt: skip
_PICKLES = ("pytorch_model", "model")
_PICKLE_ENDINGS = (".bin", ".ckpt", ".pkl", ".pt", ".pth")
# What each kind of weights is called, its files, and what to do about it.
_OTHER_WEIGHTS = (
    (
        "for TensorFlow",
        ("tf_model*.h5", "*.ckpt.index", "*.ckpt.data-*"),
        _CONVERT.format(**_FRAMEWORKS["tf"]),
    ),
    ("for Flax", ("flax_model*.msgpack",), _CONVERT.format(**_FRAMEWORKS["flax"])),
    (
        "of an adapter, which changes another model",
        ("adapter_model.*",),
        "Merge it into its model with PEFT (merge_and_unload), and write the result and its tokenizer "
        "with save_pretrained(FOLDER).",
    ),
    (
        "for another program",
        ("*.onnx", "*.gguf", "*.h5", "*.keras", "*.msgpack", "*.ot", "*.mlmodel", "*.xml", "saved_model.pb"),
        "If they were made from a model of transformers, use that model's folder with its safetensors.",
    ),
    (
        "under another name",
        ("*.safetensors",),
        f"If they are all of the model's weights, rename the file to {WEIGHTS}.",
    ),
)
_COPY_AGAIN = "Copy or download the model again."


def check_model_files(names: Collection[str], *, where: str) -> None:
    """Raise a `ModelError` unless the names include a configuration, safetensors and a tokenizer.

    `where` is the folder or repository as the start of a sentence.
    """
    has_weights = WEIGHTS in names or INDEX in names
    other = None if has_weights else _find_other_weights(names)
    if CONFIG not in names and other is not None:
        raise ModelError(f"{where} has no {CONFIG}, and holds only weights {other[0]}.", other[1])
    if CONFIG not in names:
        raise ModelError(
            f"{where} has no {CONFIG}, so it is not a pretrained model.",
            "Use a folder that save_pretrained wrote, with config.json, model.safetensors and the tokenizer.",
        )
    pickles = sorted(name for name in names if name.startswith(_PICKLES) and name.endswith(_PICKLE_ENDINGS))
    if pickles and not has_weights:
        raise ModelError(
            f"{where} has its weights only as a pickle ({', '.join(pickles)}). Reading a pickle can run its "
            "author's code, so textune reads only safetensors.",
            "If you trust the author, convert it once: load it with AutoModel.from_pretrained of "
            "transformers, write it and its tokenizer with save_pretrained(FOLDER), and use that folder.",
        )
    if not has_weights and other is not None:
        raise ModelError(f"{where} holds only weights {other[0]}. textune reads {WEIGHTS}.", other[1])
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
    if config.get("auto_map"):
        _check_own_code(path, config["model_type"])
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
            with safe_open(path, framework="numpy") as file:
                written_by = (file.metadata() or {}).get("format")
        except (OSError, SafetensorError) as error:
            raise ModelError(
                f"The weight file {path} is damaged or incomplete: {error}.", _COPY_AGAIN
            ) from error
        if written_by in _FRAMEWORKS:
            raise ModelError(
                f"The tensors in {path} are those of a {_FRAMEWORKS[written_by]['title']} model, which have "
                "other names and shapes.",
                _CONVERT.format(**_FRAMEWORKS[written_by]),
            )
    return files


def _check_own_code(path: Path, architecture: str) -> None:
    """Raise a `ModelError` if transformers lacks the architecture of a model that comes with its own code."""
    from transformers import __version__
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    if architecture not in CONFIG_MAPPING_NAMES:
        raise ModelError(
            f"{path} has an auto_map: the model needs its own Python code, which textune never runs, because "
            f"transformers {__version__} does not know its architecture '{architecture}'.",
            "Choose a model whose architecture is part of transformers, such as DistilBERT or ModernBERT.",
        )


def hash_weights(files: Sequence[Path]) -> str:
    """Return the hexadecimal SHA-256 of the bytes of weight files, in this order."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            hashlib.file_digest(file, lambda: digest)
    return digest.hexdigest()


def _find_other_weights(names: Collection[str]) -> tuple[str, str] | None:
    """Return what weights there are that textune does not read, with their files, and what to do."""
    for what, patterns, advice in _OTHER_WEIGHTS:
        files = sorted(name for name in names if any(fnmatch(name, pattern) for pattern in patterns))
        if files:
            return f"{what} ({listed(files, most=3)})", advice
    return None


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
