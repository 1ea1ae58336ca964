"""`textune push`: upload a run's classifier and its model card to the Hub in one commit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textune.context import Context, Observer
from textune.run.layout import open_run

if TYPE_CHECKING:
    from textune.report.publishing import Pushed


def push(
    run: str | Path,
    repository: str,
    *,
    private: bool = False,
    token: str = "",
    observer: Observer | None = None,
) -> Pushed:
    """Upload a run's classifier and its model card, but not the texts and the report.

    Args:
        run: A finished run's folder.
        repository: The model repository, `owner/name`; created if it does not exist.
        private: Make a new repository private.
        token: A token with write access; by default HF_TOKEN or the token of `hf auth login`.
        observer: Receives progress and notes.

    Raises:
        RequestError: The run, its card or the repository's name is wrong.
        HubError: The Hub cannot be reached, or refuses the upload.
    """
    from textune.report.publishing import check_upload, upload
    from textune.report.results import read_results
    from textune.report.run_report import write_card

    finished = open_run(Path(run).expanduser())
    token = check_upload(repository, token)
    if not finished.card.exists():
        write_card(finished, read_results(finished))
    ctx = Context(observer)
    return upload(finished, repository, token=token, private=private, ctx=ctx)
