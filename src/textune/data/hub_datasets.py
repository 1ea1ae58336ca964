"""Data sets from the Hugging Face Hub, and from the copies that earlier downloads have left.

In: a name, `owner/name` or `owner/name:configuration`. Out: a `DatasetDict`, or a `HubError` or `DataError`
that says how to go on. No code out of the Hub is run: `datasets` reads data files only. Does not look at
columns, texts or labels.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from textune.errors import DataError, HubError, TextuneError

if TYPE_CHECKING:
    from datasets import DatasetDict

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+(?::[^/\\]+)?", re.ASCII)
_TIMEOUT_SECONDS = 10
_GO_ON = "Fetch it where there is a network, save it with save_to_disk, and give that folder's path."


def is_hub_name(name: str) -> bool:
    """Tell whether a name has the form of a data set on the Hub.

    Example:
        >>> is_hub_name("cardiffnlp/tweet_eval:emotion"), is_hub_name("emotion")
        (True, False)
    """
    return _NAME.fullmatch(name) is not None


def fetch_dataset(name: str, *, offline: bool = False) -> tuple[DatasetDict, tuple[str, ...]]:
    """Return a data set, and notes on where it came from.

    Args:
        name: `owner/name`, or `owner/name:configuration`.
        offline: Read the copy in the local cache, and attempt no connection.

    Raises:
        HubError: The Hub cannot be reached, or does not give the data set out.
        DataError: It has no such configuration, or holds nothing that can be read.
    """
    import datasets
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    repository, _, configuration = name.partition(":")
    try:
        validate_repo_id(repository)
    except HFValidationError as error:
        raise DataError(
            f"'{repository}' is no file or folder, nor a name that the Hub could have.", "Check the name."
        ) from error
    offline = offline or datasets.config.HF_HUB_OFFLINE
    unreachable = "" if offline else _why_unreachable(repository)
    with quiet_datasets(), _connections(allowed=not offline and not unreachable):
        try:
            builder = datasets.load_dataset_builder(repository, configuration or None)
            builder.download_and_prepare()
            loaded = builder.as_dataset()
        except Exception as error:  # What can go wrong on the way is open-ended; `_explained` sorts it.
            raise _explained(error, name, offline=offline, unreachable=unreachable) from error
    if "packaged_modules.cache" in type(builder).__module__:
        reason = " as the Hub cannot be reached" if unreachable else ""
        return loaded, (f"{name} was read from the copy that an earlier download has left{reason}.",)
    return loaded, ()


def _why_unreachable(repository: str) -> str:
    """Return why the Hub cannot be reached; empty if it answers, whatever the answer.

    It is asked once here, because `datasets` would go on trying for half a minute.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils import httpx

    try:
        HfApi().dataset_info(repository, timeout=_TIMEOUT_SECONDS)
    # A ValueError is an answer that is no JSON: what a network's login page gives.
    except (httpx.TransportError, httpx.InvalidURL, ValueError) as error:
        return _first_line(error)
    except HfHubHTTPError:
        return ""
    return ""


@contextmanager
def quiet_datasets() -> Iterator[None]:
    """Silence the progress bars and warnings of `datasets`: what matters is said in notes."""
    import datasets

    verbosity, shown = datasets.logging.get_verbosity(), not datasets.are_progress_bars_disabled()
    datasets.logging.set_verbosity_error()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        datasets.logging.set_verbosity(verbosity)
        if shown:
            datasets.enable_progress_bars()


@contextmanager
def _connections(*, allowed: bool) -> Iterator[None]:
    """Keep both libraries from connecting, if so asked.

    They read HF_HUB_OFFLINE once, at import, which may be over; no argument of theirs does the same.
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


def _explained(error: Exception, name: str, *, offline: bool, unreachable: str) -> TextuneError:
    """Return what an exception on the way to a data set means for the person who asked for it."""
    import datasets
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils import httpx

    repository, _, configuration = name.partition(":")
    reason = _first_line(error)
    if isinstance(error, datasets.exceptions.DatasetNotFoundError):
        return _access_error(repository, gated="gated" in reason)
    if isinstance(error, ValueError) and re.search("config", str(error), re.IGNORECASE):
        return _configuration_error(repository, configuration, str(error))
    if offline:
        return HubError(
            f"There is no copy of '{name}' on this computer, and the Hub is not asked: offline mode is on.",
            f"Run this once without --offline (or HF_HUB_OFFLINE) where there is a network. Or: {_GO_ON}",
        )
    if unreachable or isinstance(error, ConnectionError | TimeoutError | httpx.TransportError):
        return HubError(
            f"The Hub cannot be reached for '{name}', and there is no copy on this computer "
            f"({unreachable or reason}).",
            f"Check the network, then try again. Or: {_GO_ON}",
        )
    if isinstance(error, HfHubHTTPError):
        return HubError(f"The Hub answered with an error for '{name}' ({reason}).", "Try again later.")
    return DataError(
        f"'{name}' is on the Hub, and cannot be read ({_first_line(error.__cause__ or error)}).",
        "Its data files may be of no known kind or damaged, or the disk full. Loading scripts are not run.",
    )


def _access_error(repository: str, *, gated: bool) -> HubError:
    if gated:
        return HubError(
            f"The Hub gives '{repository}' only to those who have asked for it.",
            f"Ask for it on https://huggingface.co/datasets/{repository}, then log in: hf auth login",
        )
    return HubError(
        f"The Hub has no data set '{repository}' that you may read, and there is no such folder here.",
        "Check the name. For a private one, log in: hf auth login",
    )


def _configuration_error(repository: str, configuration: str, reason: str) -> DataError:
    # Online and offline alike, datasets lists them in brackets and nowhere else.
    names = re.findall(r"'([^']+)'", " ".join(re.findall(r"\[[^\]]*\]", reason)))
    listed = ", ".join(names) or "unknown"
    if not configuration:
        return DataError(
            f"'{repository}' has several configurations: {listed}.",
            f"Name one of them, for instance {repository}:{names[0] if names else 'NAME'}",
        )
    nearest = difflib.get_close_matches(configuration, names, n=1, cutoff=0.5)
    return DataError(
        f"'{repository}' has no configuration '{configuration}'. Those that can be had are: {listed}.",
        f"Did you mean {repository}:{nearest[0]}?" if nearest else "Name one of these after the colon.",
    )


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
