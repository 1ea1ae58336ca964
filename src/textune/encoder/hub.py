"""Pretrained models from the Hugging Face Hub, or from its cache on this computer.

In: a repository's name and revision. Out: a folder with its configuration, tokenizer and safetensors, and
their commit; or a `HubError` that says what to do. Pickles and Python files are never downloaded. Does not
know what the model is for.
"""

from __future__ import annotations

from pathlib import Path

from textune.context import Context
from textune.data.hub_access import TIMEOUT_SECONDS, access_error, connection_errors, is_repository_name
from textune.encoder.embedded import EMBEDDED_NAMES
from textune.encoder.inspection import CONFIG, check_model_files, read_config
from textune.errors import HubError, ModelError
from textune.files import storage_errors
from textune.wording import first_line

_FILES = [
    CONFIG, "added_tokens.json", "merges.txt", "model-*.safetensors", "model.safetensors",
    "model.safetensors.index.json", "sentencepiece.bpe.model", "special_tokens_map.json",
    "spiece.model", "spm.model", "tokenizer.json", "tokenizer_config.json", "vocab.json", "vocab.txt"
]  # fmt: skip
_WITHOUT_NETWORK = (
    "Run the command once with a network connection; after that, --offline uses the cached copy. Without a "
    f"network, use a local folder (--model FOLDER), or --model {EMBEDDED_NAMES}."
)


def fetch_model(name: str, *, revision: str, ctx: Context) -> tuple[Path, str]:
    """Return the folder of a Hub model in the local cache, and its commit hash; download what is missing.

    If the Hub cannot be reached, a cached copy is used; offline, no connection is opened.

    Raises:
        ModelError: The Hub does not accept the name, or the repository has no model that textune reads.
        HubError: The repository or revision does not exist or is closed, or neither Hub nor cache has it.
        StorageError: The disk is full, or the cache is not writable.
    """
    from huggingface_hub import errors

    if not is_repository_name(name):
        raise ModelError(
            f"'{name}' is neither a folder nor a name that the Hub accepts.",
            "Give a Hub name such as distilbert/distilbert-base-uncased, a local folder, or "
            f"{EMBEDDED_NAMES}.",
        )
    if ctx.offline:
        return _take_cached(name, revision, reason="--offline does not allow a connection to the Hub")
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
    # A ValueError is an answer that is not JSON, such as a network's login page.
    except (errors.HTTPError, *connection_errors(), ValueError, OSError) as error:
        reason = f"The Hub did not answer as expected ({first_line(error)})"
        return _take_cached(name, revision, reason=reason)


def _download(name: str, revision: str) -> tuple[Path, str]:
    from huggingface_hub import HfApi, hf_hub_download, snapshot_download

    # A request of its own, because only this one takes a timeout.
    info = HfApi().model_info(name, revision=revision, timeout=TIMEOUT_SECONDS)
    commit = str(info.sha)
    if cached := _find_cached(name, commit):
        return cached, commit
    check_model_files({file.rfilename for file in info.siblings or []}, where=f"The Hub model {name}")
    # The configuration comes first: the weights of a refused model are not downloaded.
    read_config(Path(hf_hub_download(name, CONFIG, revision=commit)))
    # By the revision's name, not by the commit: only then does the cache store what the name refers to.
    folder = Path(snapshot_download(name, revision=revision, allow_patterns=_FILES))
    return folder, folder.name


def _take_cached(name: str, revision: str, *, reason: str) -> tuple[Path, str]:
    folder = _find_cached(name, revision)
    if folder is None:
        raise HubError(
            f"{reason}, and the cache {_cache_folder()} has no complete copy of {name} (revision {revision})."
            "",
            _WITHOUT_NETWORK,
        )
    return folder, folder.name


def _find_cached(name: str, revision: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(
            snapshot_download(name, revision=revision, allow_patterns=_FILES, local_files_only=True)
        )
        check_model_files({path.name for path in folder.iterdir()}, where=str(folder))
    except (LocalEntryNotFoundError, ModelError):
        return None
    return folder


def _cache_folder() -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)
