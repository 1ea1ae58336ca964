"""The folder of a log: what killed servers leave is finished, the oldest goes, nothing else is touched."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from kept_requests import kept_header, kept_ids, kept_request
from textune.logbook.log_folder import (
    delete_oldest,
    finish_abandoned,
    finish_journal,
    folder_bytes,
    log_files,
)
from textune.logbook.log_journal import LogJournal
from textune.logbook.log_parquet import write_log_parquet
from textune.logbook.logged_request import to_bytes


def journal_of(folder: Path, *numbers: int, is_open: bool = False) -> LogJournal:
    """Return a journal with requests, which nobody writes to unless it is open."""
    journal = LogJournal(folder, kept_header(), began=1e9 + min(numbers, default=0))
    journal.append([to_bytes(kept_request(number), kept_header()) for number in numbers])
    if not is_open:
        journal.close()
    return journal


def framed(payload: bytes) -> bytes:
    return struct.pack("<II", len(payload), zlib.crc32(payload)) + payload


def names(folder: Path) -> list[str]:
    return sorted(path.suffix for path in folder.iterdir())


def test_a_journal_becomes_a_parquet_file_of_its_name(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, 1, 2)

    notes = finish_journal(journal.path)

    assert notes == []
    assert [*tmp_path.iterdir()] == [journal.path.with_suffix(".parquet")]
    assert kept_ids(tmp_path) == ["id-1", "id-2"]


def test_a_torn_end_is_cut_off_with_a_note(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, 1, 2)
    journal.path.write_bytes(journal.path.read_bytes()[:-5])

    [note] = finish_journal(journal.path)

    assert note.startswith("The last ")
    assert f" bytes of {journal.path.name} were cut off" in note
    assert kept_ids(tmp_path) == ["id-1"]


def test_a_journal_without_requests_is_deleted(tmp_path: Path) -> None:
    journal = journal_of(tmp_path)

    finish_journal(journal.path)

    assert [*tmp_path.iterdir()] == []


def test_a_journal_of_another_version_stays(tmp_path: Path) -> None:
    journal_of(tmp_path, 1)
    other = LogJournal(tmp_path, kept_header(), began=2e9)
    other.close()
    other.path.write_bytes(framed(b'{"format": 2}'))

    notes = finish_abandoned(tmp_path)

    assert notes == [f"{other.path.name} was left as it is: another version of textune wrote it."]
    assert names(tmp_path) == [".journal", ".parquet"]


def test_a_kill_between_the_two_files_loses_and_doubles_nothing(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, 1, 2)
    requests = [kept_request(1), kept_request(2)]
    write_log_parquet(journal.path.with_suffix(".parquet"), kept_header(), requests)

    before = kept_ids(tmp_path)
    finish_abandoned(tmp_path)

    assert before == kept_ids(tmp_path) == ["id-1", "id-2"]
    assert names(tmp_path) == [".parquet"]


def test_what_a_killed_server_has_left_is_finished_and_what_another_writes_is_not(tmp_path: Path) -> None:
    journal_of(tmp_path, 1)
    left = tmp_path / f".{journal_of(tmp_path, 2).path.stem}.parquet.0123abcd.partial"
    left.touch()
    journal_of(tmp_path, 3, is_open=True)

    finish_abandoned(tmp_path)

    assert names(tmp_path) == [".journal", ".parquet", ".parquet"]
    assert kept_ids(tmp_path) == ["id-1", "id-2", "id-3"]


def test_the_oldest_files_are_deleted_until_the_rest_fits(tmp_path: Path) -> None:
    for number in range(6):
        finish_journal(journal_of(tmp_path, number).path)
    size = folder_bytes(tmp_path)

    deleted = delete_oldest(tmp_path, most_bytes=size // 2)

    assert len(deleted) == 3
    assert kept_ids(tmp_path) == ["id-3", "id-4", "id-5"]
    assert folder_bytes(tmp_path) <= size // 2


def test_what_a_server_writes_is_never_deleted_and_what_a_killed_one_has_left_is(tmp_path: Path) -> None:
    journal_of(tmp_path, 1, is_open=True)
    journal_of(tmp_path, 2)

    delete_oldest(tmp_path, most_bytes=0)

    assert kept_ids(tmp_path) == ["id-1"]


def test_files_that_are_not_of_the_log_are_neither_counted_nor_deleted(tmp_path: Path) -> None:
    for name in ("mine.parquet", "mine.journal", "20011111T000000-notes.parquet"):
        (tmp_path / name).write_bytes(b"x" * 1000)

    finish_abandoned(tmp_path)
    delete_oldest(tmp_path, most_bytes=0)

    assert (len(names(tmp_path)), folder_bytes(tmp_path), log_files(tmp_path)) == (3, 0, [])
