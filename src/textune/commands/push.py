"""`textune push`: a run's classifier and its model card to the Hub, in one commit."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.commands.report import write_card
from textune.context import Observer, Silence
from textune.errors import HubError, RequestError, StorageError
from textune.run.layout import Run, open_run

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_LOG_IN = (
    "Make a token with write access at https://huggingface.co/settings/tokens, and log in with "
    "`hf auth login`, or set HF_TOKEN."
)


@dataclass(frozen=True)
class Pushed:
    """What was uploaded.

    Attributes:
        repository: The repository's full name, `owner/name`.
        url: Where it is to be looked at.
        files: The names of the files.
        licence: The licence that the card names; empty where it names none.
    """

    repository: str
    url: str
    files: tuple[str, ...]
    licence: str


def push(
    run: str | Path,
    repository: str,
    *,
    private: bool = False,
    token: str = "",
    observer: Observer | None = None,
) -> Pushed:
    """Upload a run's classifier and its model card; the texts and the report stay here.

    Args:
        run: A finished run's folder.
        repository: The model repository, `owner/name`; made where it does not exist.
        private: Whether a repository that is made is private.
        token: A token with write access; by default the one in HF_TOKEN or of `hf auth login`.
        observer: Hears how it goes.

    Raises:
        RequestError: The run, its card or the repository's name is wrong.
        HubError: The Hub cannot be reached, or refuses.
    """
    observer = observer or Silence()
    finished = open_run(Path(run).expanduser())
    _check_name(repository)
    _check_online()
    found_token = token or _stored_token()
    if not finished.card.exists():
        write_card(finished)
    card = _read_card(finished)
    with _hub_errors(repository):
        from huggingface_hub import HfApi

        api = HfApi(token=found_token)
        observer.stage(f"Uploading to {repository}")
        made = api.create_repo(repository, private=private or None, exist_ok=True)
        if private and not api.model_info(str(made.repo_id)).private:
            raise RequestError(
                f"{made.repo_id} exists already and is public, so nothing was uploaded.",
                f"Make it private at {made}/settings, or name another repository.",
            )
        with _told_warnings(observer):
            files = _upload(api, finished, str(made.repo_id), card)
    return Pushed(str(made.repo_id), str(made), files, _licence_of(card))


def _upload(api: HfApi, run: Run, repository: str, card: str) -> tuple[str, ...]:
    from huggingface_hub import CommitOperationAdd

    from textune.report.card import PLACEHOLDER

    found = (file for file in sorted(run.model.rglob("*")) if file.is_file())
    files = {file.relative_to(run.model).as_posix(): file for file in found}
    operations = [CommitOperationAdd(name, str(file)) for name, file in files.items()]
    named = card.replace(PLACEHOLDER, repository).encode()
    operations.append(CommitOperationAdd("README.md", named))
    api.create_commit(repository, operations, commit_message="Add a classifier trained with textune")
    return (*files, "README.md")


def _check_name(repository: str) -> None:
    from huggingface_hub.utils import HFValidationError, validate_repo_id

    try:
        validate_repo_id(repository)
    except HFValidationError as error:
        raise RequestError(
            f"'{repository}' is no name that the Hub accepts.",
            "Give it as owner/name, for instance me/emotion.",
        ) from error


def _check_online() -> None:
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise HubError(
            "Offline mode is on, and an upload needs the Hub.", "Unset HF_HUB_OFFLINE, and try again."
        )


def _stored_token() -> str:
    from huggingface_hub import get_token

    found = get_token()
    if not found:
        raise HubError("There is no token to log in to the Hub with.", _LOG_IN)
    return str(found)


def _read_card(run: Run) -> str:
    """Return the text of the model card, which its owner may have changed.

    Raises:
        RequestError: It is no text, or its metadata cannot be read.
    """
    from huggingface_hub import ModelCard

    try:
        text = run.card.read_text(encoding="utf-8")
        ModelCard(text)
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise RequestError(
            f"The model card {run.card} cannot be read: {reason}.",
            "Mend the block between the two lines of `---` at its top, or delete the file: it is made anew.",
        ) from error
    return text


def _licence_of(card: str) -> str:
    from huggingface_hub import ModelCard

    return str(ModelCard(card).data.get("license") or "")


@contextmanager
def _told_warnings(observer: Observer) -> Iterator[None]:
    """Tell what the Hub warns of, such as of a licence that is missing, as notes."""
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        yield
    for each in told:
        observer.note(" ".join(str(each.message).split()))


@contextmanager
def _hub_errors(repository: str) -> Iterator[None]:
    """Turn what the Hub and the network say into a `HubError` that says how to go on."""
    from huggingface_hub import errors

    try:
        yield
    except errors.HfHubHTTPError as error:
        raise _refused(error, repository) from error
    except ValueError as error:
        raise HubError(
            f"The Hub does not accept what was uploaded to {repository}: {_in_short(error)}.",
            "Mend the model card if it is about its metadata: README.md in the run's folder.",
        ) from error
    except (errors.HTTPError, OSError, RuntimeError) as error:
        if isinstance(error, StorageError):
            raise
        raise HubError(
            f"The Hub at {_endpoint()} cannot be reached ({_in_short(error)}).",
            "Check the connection, and run the command again: what was uploaded already is not sent twice.",
        ) from error


def _refused(error: Any, repository: str) -> HubError:
    status = getattr(error.response, "status_code", 0)
    if status == 401:
        return HubError("The Hub does not accept the token: it is wrong, or has expired.", _LOG_IN)
    if status in {403, 404}:
        return HubError(
            f"The token may not write to {repository}.",
            "Name a repository of your own or of an organisation that you may write to, and use a token with "
            "write access: https://huggingface.co/settings/tokens.",
        )
    return HubError(f"The Hub answered with an error ({_in_short(error)}).", "Try again later.")


def _endpoint() -> str:
    from huggingface_hub import constants

    return str(constants.ENDPOINT)


def _in_short(error: Exception) -> str:
    # What a library wraps says less than what it wraps.
    cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(cause).__name__
