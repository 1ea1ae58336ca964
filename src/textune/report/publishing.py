"""Uploads of a run's classifier and its model card to the Hub, in one commit.

The texts and the report stay on this computer. A `HubError` says what to do.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from textune.context import Context
from textune.data.hub_access import is_repository_name
from textune.errors import HubError, RequestError, StorageError
from textune.report.card import PLACEHOLDER
from textune.run.layout import Run
from textune.wording import first_line

_LOG_IN = (
    "Create a token with write access at https://huggingface.co/settings/tokens, and log in with "
    "`hf auth login`, or set HF_TOKEN."
)


@dataclass(frozen=True)
class Pushed:
    """An upload to a repository `owner/name`: the files' names, and the licence of the card or ''."""

    repository: str
    url: str
    files: tuple[str, ...]
    licence: str


def check_upload(repository: str, token: str) -> str:
    """Return the token to use: `token`, or if that is empty, the one from HF_TOKEN or `hf auth login`.

    An invalid name is a `RequestError`; offline mode and a missing token are a `HubError`.
    """
    from huggingface_hub import constants, get_token

    if not is_repository_name(repository):
        raise RequestError(
            f"'{repository}' is not a valid repository name.",
            "Give it as owner/name, for instance me/emotion.",
        )
    if constants.HF_HUB_OFFLINE:
        raise HubError(
            "Offline mode is on, and an upload needs the Hub.", "Unset HF_HUB_OFFLINE, and try again."
        )
    stored = token or get_token()
    if not stored:
        raise HubError("No token for the Hub was found.", _LOG_IN)
    return str(stored)


def upload(run: Run, repository: str, *, token: str, private: bool, ctx: Context) -> Pushed:
    """Upload the classifier of a finished run and its model card.

    A repository that does not exist is created; `private` hides it from others. `ctx` gets the progress and
    the Hub's warnings.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    card, licence = _read_card(run)
    with _hub_errors(repository), _warnings_as_notes(ctx):
        api = HfApi(token=token)
        ctx.stage(f"Uploading to {repository}")
        url = api.create_repo(repository, private=private or None, exist_ok=True)
        name = str(url.repo_id)
        if private and not api.model_info(name).private:
            raise RequestError(
                f"{name} exists already and is public, so nothing was uploaded.",
                f"Make it private at {url}/settings, or name another repository.",
            )
        paths = [file for file in sorted(run.model.rglob("*")) if file.is_file()]
        files = {file.relative_to(run.model).as_posix(): str(file) for file in paths}
        contents = {**files, "README.md": card.replace(PLACEHOLDER, name).encode()}
        operations = [CommitOperationAdd(file, content) for file, content in contents.items()]
        api.create_commit(name, operations, commit_message="Add a classifier trained with textune")
    return Pushed(name, str(url), tuple(contents), licence)


def _read_card(run: Run) -> tuple[str, str]:
    """Return the text of the model card, which its owner may have changed, and the licence that it names."""
    from huggingface_hub import ModelCard

    try:
        text = run.card.read_text(encoding="utf-8")
        return text, str(ModelCard(text).data.get("license") or "")
    except Exception as error:
        raise RequestError(
            f"The model card {run.card} cannot be read: {first_line(error)}.",
            "Fix the block between the two lines of `---` at its top, or delete the file to renew it.",
        ) from error


@contextmanager
def _warnings_as_notes(ctx: Context) -> Iterator[None]:
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        ctx.note(" ".join(str(warning.message).split()))


@contextmanager
def _hub_errors(repository: str) -> Iterator[None]:
    from huggingface_hub import constants, errors

    try:
        yield
    except errors.HfHubHTTPError as error:
        raise _refusal(error, repository) from error
    except ValueError as error:
        raise HubError(
            f"The Hub does not accept what was uploaded to {repository}: {_reason(error)}.",
            "If the metadata is at fault, fix the model card: README.md in the run folder.",
        ) from error
    except (errors.HTTPError, OSError, RuntimeError) as error:
        if isinstance(error, StorageError):
            raise
        raise HubError(
            f"The Hub at {constants.ENDPOINT} cannot be reached ({_reason(error)}).",
            "Check the connection, and run the command again: what was uploaded already is not sent twice.",
        ) from error


def _refusal(error: Any, repository: str) -> HubError:
    status = getattr(error.response, "status_code", 0)
    if status == 401:
        return HubError("The Hub does not accept the token: it is wrong, or has expired.", _LOG_IN)
    if status in {403, 404}:
        return HubError(
            f"The token may not write to {repository}.",
            "Name a repository of your own or of an organisation that you may write to, and use a token with "
            "write access: https://huggingface.co/settings/tokens.",
        )
    return HubError(f"The Hub answered with an error ({_reason(error)}).", "Try again later.")


def _reason(error: Exception) -> str:
    # A library's wrapper says less than the error inside it.
    cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
    return first_line(cause).rstrip(".")
