"""What servers have kept, read back: finished files and those that still grow, in the order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from textune.errors import DataError
from textune.files import reading_errors
from textune.logbook.log_block import LogBlock, block_of
from textune.logbook.log_folder import LogFile, log_files
from textune.logbook.log_journal import read_journal
from textune.logbook.log_parquet import PARQUET, read_log_parquet
from textune.logbook.logged_request import from_bytes


def read_log(
    folder: Path,
    *,
    model_sha256: str = "",
    note: Callable[[str], None] = lambda sentence: None,
    reached: Callable[[float], None] = lambda seconds: None,
) -> Iterator[LogBlock]:
    """Yield what is kept in a folder, in blocks that fit into memory, roughly in the order of time.

    Args:
        folder: The folder that `textune serve --log` wrote, while servers write to it or not.
        model_sha256: Read only what this classifier predicted; empty: what any did.
        note: Gets sentences about what was left out.
        reached: Gets the time before which no further text will be, in seconds since 1970.

    Raises:
        DataError: The folder holds no log, or a file of it is damaged.
    """
    others = 0
    for file in find_log(folder):
        reached(file.first_seconds)
        for block in _blocks(file, note):
            if model_sha256 and block.header.model_sha256 != model_sha256:
                others += len(block)
            else:
                yield block
    if others:
        note(f"{others:,} texts in {folder} were left out: another classifier predicted them.")


def find_log(folder: Path) -> list[LogFile]:
    """Return the files of the log in a folder; a `DataError` says that there is none."""
    with reading_errors(DataError, folder):
        if files := log_files(folder):
            return files
        is_folder = folder.is_dir()
    raise DataError(
        f"{folder} holds no log of predictions." if is_folder else f"There is no folder {folder}.",
        "Name the folder that was given to `textune serve RUN --log FOLDER`.",
    )


def _blocks(file: LogFile, note: Callable[[str], None]) -> Iterator[LogBlock]:
    try:
        with reading_errors(DataError, file.path.parent):
            if file.is_journal:
                yield from _blocks_of_journal(file.path, note)
            else:
                yield from read_log_parquet(file.path)
    except FileNotFoundError:
        # A journal becomes a Parquet file, or a server deletes what is oldest.
        finished = file.path.with_suffix(PARQUET)
        if file.is_journal and finished.exists():
            yield from _blocks(LogFile(finished, 0), note)
    except ValueError as error:
        raise DataError(
            f"{file.path} is damaged: {error}.", "Move it out of the folder, and read the rest."
        ) from error


def _blocks_of_journal(path: Path, note: Callable[[str], None]) -> Iterator[LogBlock]:
    journal = read_journal(path)
    if journal.torn_bytes:
        note(f"The last record of {path.name} is not whole, and was left out.")
    if journal.is_foreign:
        note(f"{path.name} was left out: another version of textune wrote it.")
    if journal.header is not None and journal.payloads:
        yield block_of(journal.header, [from_bytes(each, journal.header) for each in journal.payloads])
