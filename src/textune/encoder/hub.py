"""Pretrained models from the Hugging Face Hub, or from its cache on this machine.

In: a repository's name and revision. Out: a folder with its configuration, tokenizer and safetensors, and
their commit; or a `HubError` that says what to do. Pickles and Python files are never fetched. Does not know
what is done with the model.
"""

from __future__ import annotations

from pathlib import Path

from textune.data.hub_access import TIMEOUT_SECONDS, access_error, first_line, is_repository_name
from textune.encoder.inspection import CONFIG, check_model_files, read_config
from textune.errors import HubError, ModelError
from textune.files import storage_errors

_FILES = [
    CONFIG, "added_tokens.json", "merges.txt", "model-*.safetensors", "model.safetensors",
    "model.safetensors.index.json", "sentencepiece.bpe.model", "special_tokens_map.json",
    "spiece.model", "spm.model", "tokenizer.json", "tokenizer_config.json", "vocab.json", "vocab.txt"
]  # fmt: skip
_WITHOUT_NETWORK = (
    "Run the command once with a network connection: from then on --offline takes the cached copy. Without a "
    "network, give a local folder with --model FOLDER, or use --model embedded:minilm."
)


def fetch_model(name: str, *, revision: str, offline: bool) -> tuple[Path, str]:
    """Return the folder of a Hub model in the local cache, and its commit hash; download what is missing.

    Where the Hub cannot be reached, a cached copy serves; offline, no connection is opened at all.

    Raises:
        ModelError: The name cannot be a repository's, or the repository holds no model that textune reads.
        HubError: The repository or revision does not exist or is closed, or neither Hub nor cache has it.
        StorageError: The disk is full or the cache may not be written.
    """
    from huggingface_hub import errors

    if not is_repository_name(name):
        raise ModelError(
            f"'{name}' is neither a folder nor a name that the Hub accepts.",
            "Give a Hub name such as distilbert/distilbert-base-uncased, a local folder, or embedded:minilm.",
        )
    if offline:
        return _take_cached(name, revision, reason="--offline forbids asking the Hub")
    try:
        with storage_errors(_cache_folder()):
            return _download(name, revision)
    except errors.GatedRepoError as error:
        raise access_error(name, "model", gated=True) from error
    except errors.RepositoryNotFoundError as error:
        raise access_error(name, "model", gated=False) from error
    except errors.RevisionNotFoundError as error:
        raise HubError(
            f"The Hub model {name} has no revision '{revision}'.",
            "Set model.revision to one of its branches, tags or commits.",
        ) from error
    except (errors.HTTPError, OSError) as error:
        reason = f"The Hub did not answer as it should ({first_line(error)})"
        return _take_cached(name, revision, reason=reason)


def _download(name: str, revision: str) -> tuple[Path, str]:
    from huggingface_hub import HfApi, hf_hub_download, snapshot_download

    # Asked for first and on its own, because this request alone takes a time limit.
    info = HfApi().model_info(name, revision=revision, timeout=TIMEOUT_SECONDS)
    commit = str(info.sha)
    if cached := _find_cached(name, commit):
        return cached, commit
    check_model_files({file.rfilename for file in info.siblings or []}, where=f"The Hub model {name}")
    # The configuration comes before the weights: a model that is refused is not downloaded.
    read_config(Path(hf_hub_download(name, CONFIG, revision=commit)))
    # By the revision's own name, not by the commit: only then does the cache keep what the name stands for.
    folder = Path(snapshot_download(name, revision=revision, allow_patterns=_FILES))
    return folder, folder.name


def _take_cached(name: str, revision: str, *, reason: str) -> tuple[Path, str]:
    folder = _find_cached(name, revision)
    if folder is None:
        raise HubError(
            f"{reason}, and the cache {_cache_folder()} does not hold {name} (revision {revision}), or not "
            "all of it.",
            _WITHOUT_NETWORK,
        )
    return folder, folder.name


def _find_cached(name: str, revision: str) -> Path | None:
    """Return the folder of a revision in the cache if all that is needed is there; open no connection."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        found = snapshot_download(name, revision=revision, allow_patterns=_FILES, local_files_only=True)
        folder = Path(found)
        check_model_files({path.name for path in folder.iterdir()}, where=found)
    except (LocalEntryNotFoundError, ModelError):
        return None
    return folder


def _cache_folder() -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)
