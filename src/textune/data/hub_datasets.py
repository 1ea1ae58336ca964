"""Datasets from the Hugging Face Hub, or from its cache on this computer.

In: a name, `owner/name` or `owner/name:configuration`. Out: a `DatasetDict`, or a `HubError` or `DataError`
that says what to do. No code from the Hub runs: `datasets` reads data files only. Does not look at columns,
texts or labels.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textune.context import Context
from textune.data.hub_access import TIMEOUT_SECONDS, access_error, connection_errors, is_repository_name
from textune.errors import DataError, HubError, TextuneError
from textune.wording import first_line

if TYPE_CHECKING:
    from datasets import DatasetBuilder, DatasetDict, DownloadManager

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+(?::[^/\\]+)?", re.ASCII)
_GO_ON = (
    "Download it on a computer with a network, save it with save_to_disk, and give the path of that folder."
)


def is_hub_name(name: str) -> bool:
    """Return whether a name has the form of a dataset on the Hub.

    Example:
        >>> is_hub_name("cardiffnlp/tweet_eval:emotion"), is_hub_name("emotion")
        (True, False)
    """
    return _NAME.fullmatch(name) is not None


def fetch_dataset(name: str, ctx: Context) -> tuple[DatasetDict, tuple[str, ...]]:
    """Return a dataset, and notes about where it came from; offline, use the local cache.

    Raises:
        HubError: The Hub cannot be reached, or does not provide the dataset.
        DataError: It has no such configuration, or cannot be read.
    """
    import datasets

    repository, _, configuration = name.partition(":")
    if not is_repository_name(repository):
        raise DataError(
            f"'{repository}' is neither a file or folder nor a name that the Hub accepts.", "Check the name."
        )
    ctx = replace(ctx, offline=ctx.offline or datasets.config.HF_HUB_OFFLINE)
    unreachable = "" if ctx.offline else _why_unreachable(repository)
    with quiet_datasets(), _connections(allowed=not ctx.offline and not unreachable):
        try:
            builder = datasets.load_dataset_builder(repository, configuration or None)
            manager = _downloads(builder)
            if manager is not None:
                _check_label_names(builder, manager, name)
            builder.download_and_prepare(dl_manager=manager)
            loaded = builder.as_dataset()
        except TextuneError:
            raise
        except Exception as error:  # Anything can go wrong here; `_explained` sorts it.
            raise _explained(error, name, ctx, unreachable=unreachable) from error
    if "packaged_modules.cache" in type(builder).__module__:
        reason = " because the Hub cannot be reached" if unreachable else ""
        return loaded, (f"{name} was read from the copy of an earlier download{reason}.",)
    return loaded, ()


def _downloads(builder: DatasetBuilder) -> DownloadManager | None:
    """Return the downloads of a dataset whose Parquet files have not been prepared yet."""
    from datasets import DownloadConfig, DownloadManager

    if not type(builder).__module__.endswith("parquet.parquet") or Path(builder.cache_dir).is_dir():
        return None
    options = DownloadConfig(use_etag=False, token=builder.token, storage_options=builder.storage_options)
    return DownloadManager(builder.dataset_name, download_config=options, base_path=builder.base_path)


def _check_label_names(builder: DatasetBuilder, manager: DownloadManager, name: str) -> None:
    """Raise a `DataError` if a file stores other label names than those by which `datasets` reads all files.

    Those are the names in the card or in the first file; nothing is said (see
    `findings/datasets-parquet-label-names.sh`).
    """
    from datasets import ClassLabel, Features
    from pyarrow import parquet

    known = {key: kind for key, kind in (builder.info.features or {}).items() if isinstance(kind, ClassLabel)}
    for split, paths in builder.config.data_files.items():
        for path, remote in zip(manager.download(list(paths)), paths, strict=True):
            stored = Features.from_arrow_schema(parquet.read_schema(path))
            for column, kind in stored.items():
                if isinstance(kind, ClassLabel) and known.setdefault(column, kind) != kind:
                    raise DataError(
                        f"'{name}': {remote.rpartition('/')[2]} (split {split}) stores other names for the "
                        f"ids of '{column}' than the rest, by whose names its labels would be read.",
                        "Download its files into a folder, and give that as the source: textune reads each "
                        "file by its own names.",
                    )


def _why_unreachable(repository: str) -> str:
    """Return why the Hub cannot be reached, or an empty string; `datasets` would retry for half a minute."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    # A ValueError is an answer that is not JSON, such as a network's login page.
    no_answer: tuple[type[Exception], ...] = (*connection_errors(), ValueError)
    try:
        HfApi().dataset_info(repository, timeout=TIMEOUT_SECONDS)
    except no_answer as error:
        return first_line(error)
    except HfHubHTTPError:
        pass
    return ""


@contextmanager
def quiet_datasets() -> Iterator[None]:
    """Silence the progress bars and warnings of `datasets`."""
    import datasets

    verbosity, had_bars = datasets.logging.get_verbosity(), not datasets.are_progress_bars_disabled()
    datasets.logging.set_verbosity_error()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        datasets.logging.set_verbosity(verbosity)
        if had_bars:
            datasets.enable_progress_bars()


@contextmanager
def _connections(*, allowed: bool) -> Iterator[None]:
    """Keep both libraries from connecting unless it is allowed.

    They read HF_HUB_OFFLINE only at import, and have no argument for it.
    """
    import datasets
    import huggingface_hub

    modules = (datasets.config, huggingface_hub.constants)
    before = [module.HF_HUB_OFFLINE for module in modules]
    try:
        for module in modules:
            module.HF_HUB_OFFLINE = module.HF_HUB_OFFLINE or not allowed
        yield
    finally:
        for module, value in zip(modules, before, strict=True):
            module.HF_HUB_OFFLINE = value


def _explained(error: Exception, name: str, ctx: Context, *, unreachable: str) -> TextuneError:
    import datasets
    from huggingface_hub.errors import HfHubHTTPError

    repository, _, configuration = name.partition(":")
    reason = first_line(error)
    if isinstance(error, datasets.exceptions.DatasetNotFoundError):
        return access_error(repository, "dataset", gated="gated" in reason)
    if isinstance(error, ValueError) and re.search("config", str(error), re.IGNORECASE):
        return _configuration_error(repository, configuration, str(error))
    if ctx.offline:
        return HubError(
            f"There is no copy of '{name}' on this computer, and offline mode is on.",
            f"Run this once with a network, without --offline or HF_HUB_OFFLINE. Or: {_GO_ON}",
        )
    if unreachable or isinstance(error, (ConnectionError, TimeoutError, *connection_errors())):
        return HubError(
            f"The Hub cannot be reached ({unreachable or reason}), and there is no copy of '{name}' on this "
            "computer.",
            f"Check the network, then try again. Or: {_GO_ON}",
        )
    if isinstance(error, HfHubHTTPError):
        return HubError(f"The Hub answered with an error for '{name}' ({reason}).", "Try again later.")
    return DataError(
        f"'{name}' is on the Hub, but cannot be read ({first_line(error.__cause__ or error)}).",
        "Its files may be damaged or of an unknown kind, or the disk may be full. Loading scripts are not "
        "run.",
    )


def _configuration_error(repository: str, configuration: str, reason: str) -> DataError:
    # datasets lists the configurations in brackets, online and offline.
    names = re.findall(r"'([^']+)'", " ".join(re.findall(r"\[[^\]]*\]", reason)))
    listed = ", ".join(names) or "unknown"
    if not configuration:
        return DataError(
            f"'{repository}' has several configurations: {listed}.",
            f"Name one after a colon, for instance {repository}:{names[0] if names else 'NAME'}",
        )
    nearest = difflib.get_close_matches(configuration, names, n=1, cutoff=0.5)
    return DataError(
        f"'{repository}' has no configuration '{configuration}'. Available: {listed}.",
        f"Did you mean {repository}:{nearest[0]}?" if nearest else "Name one of these after the colon.",
    )
