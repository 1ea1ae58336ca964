"""Pretrained models: from a name to a checked folder, and from a folder to a tokenizer and an encoder.

In: a Hub name, a local folder or a name such as `embedded:minilm`. Out: a `ModelFolder` whose files were
checked before torch is imported, its fast tokenizer, and its encoder with or without a classification head.
Code that comes with a model is never run. Does not know texts or training.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.context import UNWATCHED, Context
from textune.data.dataset import SINGLE_LABEL
from textune.encoder import inspection
from textune.encoder.architectures import changes_of, prepare_encoder, read_architecture, usable_positions
from textune.encoder.embedded import (
    EMBEDDED_NAMES,
    PREFIX,
    contents_error,
    find_difference,
    find_embedded,
    locate,
)
from textune.encoder.hub import fetch_model
from textune.encoder.unpacking import unpack
from textune.encoder.weights import load_strictly, quiet_transformers, renew_head
from textune.errors import ModelError

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

# Tokenizers without a limit report 1e30 or another huge number.
_NO_LIMIT = 1_000_000
_USUAL_LIMIT = 512
_SAVE_TOKENIZER = "Save the model's own fast tokenizer into the folder: tokenizer.save_pretrained(FOLDER)."


@dataclass(frozen=True)
class ModelFolder:
    """The complete folder of a pretrained model, and the name by which it was requested.

    Attributes:
        revision: The commit hash on the Hub; empty for other folders.
        weights: The weight file, or its shards in the order of their names.
        config: The contents of `config.json`.
        checked_sha256: The weights' SHA-256 where it was compared with what is expected.
    """

    name: str
    path: Path
    revision: str
    weights: Sequence[Path]
    config: Mapping[str, Any]
    checked_sha256: str = ""

    @cached_property
    def weights_sha256(self) -> str:
        """SHA-256 of the weights, which are read through when it is first asked for."""
        return self.checked_sha256 or inspection.hash_weights(self.weights)


def find_model(name: str, *, revision: str = "main", ctx: Context = UNWATCHED) -> ModelFolder:
    """Find a pretrained model, download it if needed, and check its files.

    The name is a folder, which takes precedence, that of an embedded model, or a Hub name; `revision` is the
    branch, tag or commit of a Hub model. Offline, a Hub model must be in the cache. An embedded model that
    comes in parts is unpacked into textune's cache once.

    Raises:
        ModelError: A file is missing, damaged or refused.
        HubError: The Hub model cannot be downloaded.
        MissingExtraError: The embedded model is not installed.
        StorageError: A download or an unpacked model cannot be written.
    """
    if name.startswith(PREFIX):
        return _open_embedded(name, ctx)
    # Path's own methods raise on unknown users and on names that are too long.
    path = Path(os.path.expanduser(name))  # noqa: PTH111
    if name and os.path.isdir(path):  # noqa: PTH112
        return _open_folder(name, path.absolute(), ctx=ctx)
    is_file = os.path.isfile(path)  # noqa: PTH113
    if is_file or name.startswith((".", "~", "/")) or name.count("/") > 1 or "\\" in name:
        fault = "is a file, not a folder" if is_file else "does not exist"
        raise ModelError(
            f"The model folder {path} {fault}.",
            "Give the folder that holds the model's config.json, a Hub name such as "
            f"distilbert/distilbert-base-uncased, {EMBEDDED_NAMES}.",
        )
    folder, commit = fetch_model(name, revision=revision, ctx=ctx)
    return _open_folder(name, folder, revision=commit, ctx=ctx)


def load_tokenizer(folder: ModelFolder) -> PreTrainedTokenizerFast:
    """Load a model's fast tokenizer; raise a `ModelError` if it is missing or does not fit the model."""
    config = _read_config(folder)
    tokenizer = _open_tokenizer(folder)
    if not tokenizer.is_fast:
        raise ModelError(f"The tokenizer in {folder.path} is not a fast tokenizer.", _SAVE_TOKENIZER)
    if tokenizer.pad_token_id is None:
        raise ModelError(
            f"The tokenizer in {folder.path} has no padding token, so texts cannot form a batch.",
            "Set pad_token in its tokenizer_config.json.",
        )
    # len() includes tokens that were added after pretraining, unlike vocab_size.
    if len(tokenizer) > config.vocab_size:
        raise ModelError(
            f"The tokenizer in {folder.path} has {len(tokenizer)} tokens, but the model has only "
            f"{config.vocab_size}: they do not belong together.",
            _SAVE_TOKENIZER,
        )
    return tokenizer


def token_limit(tokenizer: PreTrainedTokenizerFast, config: Mapping[str, Any]) -> int:
    """Return the maximum number of tokens, special tokens included, that a model takes."""
    from transformers import CONFIG_MAPPING

    complete = CONFIG_MAPPING[config["model_type"]].from_dict(dict(config))
    padding_id = tokenizer.pad_token_id if complete.pad_token_id is None else complete.pad_token_id
    positions = usable_positions(complete, padding_id=padding_id)
    known = [limit for limit in (tokenizer.model_max_length, positions) if limit and limit < _NO_LIMIT]
    return min(known, default=_USUAL_LIMIT)


def complete_config(folder: ModelFolder) -> PretrainedConfig:
    """Return a model's configuration with the defaults of its architecture."""
    from transformers import CONFIG_MAPPING

    return CONFIG_MAPPING[folder.config["model_type"]].from_dict(dict(folder.config))


def import_architecture(folder: ModelFolder) -> None:
    """Import transformers' code of a model's architecture."""
    from transformers import CONFIG_MAPPING, MODEL_MAPPING

    MODEL_MAPPING[CONFIG_MAPPING[folder.config["model_type"]]]


def load_stock_model(
    folder: ModelFolder,
    *,
    label_names: Sequence[str],
    seed: int,
    new_head: bool = True,
    problem_type: str = SINGLE_LABEL,
) -> PreTrainedModel:
    """Load a model with the classification head of its architecture, in float32 and evaluation mode.

    With `new_head`, the head gets new weights from the seed even if the folder holds a classifier; otherwise
    the folder must hold exactly the model's tensors. The global random state does not change.

    Raises:
        ModelError: The architecture is unknown or not an encoder, or the weights do not fit it.
    """
    from transformers import AutoModelForSequenceClassification

    config = _read_config(folder)
    config.id2label = dict(enumerate(label_names))
    config.label2id = {name: number for number, name in enumerate(label_names)}
    config.problem_type = problem_type
    model = load_strictly(
        AutoModelForSequenceClassification,
        folder.path,
        config=config,
        seed=seed,
        new_head=new_head,
        own_code=bool(folder.config.get("auto_map")),
    )
    was_classifier = any(
        name.endswith("ForSequenceClassification") for name in folder.config.get("architectures") or []
    )
    prepare_encoder(model.base_model, path=folder.path)
    # Only a classifier's head is replaced. A masked language model's head is pretrained, and some
    # architectures (ModernBERT) classify on top of it.
    if new_head and was_classifier:
        renew_head(model, seed=seed)
    return model


def load_encoder(folder: ModelFolder, *, new_head: bool = True) -> PreTrainedModel:
    """Load a model without a head, in float32 and evaluation mode; see `load_stock_model`.

    With `new_head`, the folder may lack a pooler or have a head. A missing pooler always gets the same
    weights; the hidden states do not depend on it.
    """
    from transformers import AutoModel

    config = _read_config(folder)
    model = load_strictly(
        AutoModel,
        folder.path,
        config=config,
        seed=0,
        new_head=new_head,
        own_code=bool(folder.config.get("auto_map")),
    )
    prepare_encoder(model, path=folder.path)
    return model


def _open_embedded(name: str, ctx: Context) -> ModelFolder:
    model = find_embedded(name)
    if model.parts:
        path = unpack(model, ctx)
    else:
        (path,) = locate(model)
        if difference := find_difference({path / name: sha256 for name, sha256 in model.sha256.items()}):
            raise contents_error(model, difference)
    return _open_folder(name, path, checked_sha256=model.sha256[inspection.WEIGHTS])


def _open_folder(
    name: str, path: Path, *, revision: str = "", checked_sha256: str = "", ctx: Context = UNWATCHED
) -> ModelFolder:
    inspection.check_model_files({entry.name for entry in path.iterdir()}, where=f"The folder {path}")
    config = inspection.read_config(path / inspection.CONFIG)
    folder = ModelFolder(name, path, revision, inspection.find_weights(path), config, checked_sha256)
    for sentence in changes_of(config):
        ctx.note(sentence)
    return folder


def _read_config(folder: ModelFolder) -> PretrainedConfig:
    config = read_architecture(folder.config, path=folder.path / inspection.CONFIG)
    if config.pad_token_id is None:
        config.pad_token_id = _open_tokenizer(folder).pad_token_id
    return config


def _open_tokenizer(folder: ModelFolder) -> PreTrainedTokenizerFast:
    from transformers import AutoTokenizer

    with quiet_transformers():
        try:
            return AutoTokenizer.from_pretrained(folder.path, local_files_only=True, trust_remote_code=False)
        # The tokenizers library raises bare Exceptions.
        except Exception as error:
            raise ModelError(
                f"The tokenizer in {folder.path} cannot be loaded: {error}.", _SAVE_TOKENIZER
            ) from error
