"""What a prediction from files into a file is made from, and what it was begun with.

In: a run, the input's files, and the output. Out: the origin that goes into the output's journal, and the
runtime that goes on with what was done before. Does not know rows, nor how they are classified.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from textune.context import Observer
from textune.errors import ExportError, MissingExtraError
from textune.files import sha256_of

if TYPE_CHECKING:
    from textune.prediction.identity import Origin
    from textune.runtimes.choosing import Choice


def choose_as_begun(
    run: str | Path, output: Path, *, runtime: str, restart: bool, observer: Observer
) -> Choice:
    """Choose what classifies: unless another is asked for, what a prediction was begun with.

    The fastest would be another one where the run has got an export, or lost one, since then.

    Args:
        run: The run's folder.
        output: Where the prediction goes.
        runtime: The runtime that is asked for; empty: none.
        restart: Whether what was begun is forgotten.
        observer: Told why the runtime of before cannot be used.

    Raises:
        RequestError: The run or the runtime cannot be used.
    """
    from textune.prediction.journal import begun_origin
    from textune.runtimes.choosing import choose

    folder = Path(run).expanduser()
    begun = None if runtime or restart else begun_origin(output)
    before = begun.runtime if begun else ""
    if before:
        try:
            return choose(folder, runtime=before)
        except (ExportError, MissingExtraError) as error:
            observer.note(f"Not used: {error.message}")
    return choose(folder, runtime=runtime)


def describe_origin(
    run: str | Path,
    files: Sequence[Path],
    *,
    text_column: str,
    choice: Choice | None = None,
    hashed: bool = True,
) -> Origin:
    """Return what a prediction is made from.

    Args:
        run: The run's folder.
        files: The input's files.
        text_column: The column that was asked for.
        choice: What classifies; by default torch.
        hashed: Whether the files' contents count, or their sizes and times alone.

    Raises:
        RequestError: The run or a file cannot be read.
    """
    from textune.prediction.identity import RUNTIME, Origin, describe_input
    from textune.run.fingerprints import classifier_sha256
    from textune.run.layout import Run
    from textune.runtimes.exports import MANIFEST, is_export
    from textune.runtimes.registry import TORCH

    folder = Path(run).expanduser()
    settings = {
        "classifier": sha256_of(folder / MANIFEST) if is_export(folder) else classifier_sha256(Run(folder)),
        RUNTIME: choice.runtime if choice else TORCH,
        "text column": text_column,
        "version of textune": version("textune"),
    }
    return Origin(tuple(describe_input(path, hashed=hashed) for path in files), settings)
