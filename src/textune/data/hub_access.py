"""What models and datasets of the Hugging Face Hub share: names, errors and their reasons."""

from __future__ import annotations

from importlib import import_module
from typing import Literal

from textune.errors import HubError

TIMEOUT_SECONDS = 10.0


def is_repository_name(name: str) -> bool:
    """Return whether the Hub accepts a name for a repository."""
    from huggingface_hub.utils import HFValidationError, validate_repo_id

    # Earlier versions of huggingface_hub accept letters of all alphabets, and ask the Hub for them.
    if not name.isascii():
        return False
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return True


def connection_errors() -> tuple[type[Exception], ...]:
    """Return what is raised where the Hub gives no answer, or its address is not a valid one.

    They are those of huggingface_hub's HTTP client: httpx before its version 2, httpx2 since.
    """
    from huggingface_hub.errors import HTTPError

    client = import_module(HTTPError.__module__)
    return client.TransportError, client.InvalidURL


def access_error(name: str, kind: Literal["model", "dataset"], *, gated: bool) -> HubError:
    """Return the error for a repository that is gated, or that this user cannot see."""
    if gated:
        page = name if kind == "model" else f"datasets/{name}"
        return HubError(
            f"The Hub {kind} {name} is gated: its owner asks you to accept certain terms first.",
            f"Accept them at https://huggingface.co/{page}, log in with `hf auth login`, and try again.",
        )
    return HubError(
        f"'{name}' is neither a folder here nor a {kind} on the Hub that you may read.",
        f"Check the spelling. A private {kind} needs `hf auth login` first.",
    )
