"""A journal keeps whole records, belongs to one process, and loses at most the end that a kill has torn."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from kept_requests import kept_header
from textune.logbook import log_journal
from textune.logbook.log_journal import LogJournal, abandoned, read_journal

RECORDS = (b"first", b"second record", b"3")


@pytest.fixture
def journal(tmp_path: Path) -> LogJournal:
    journal = LogJournal(tmp_path, kept_header(), began=1e9)
    journal.append(RECORDS)
    return journal


def test_records_are_read_back_while_the_journal_grows(journal: LogJournal) -> None:
    whole = read_journal(journal.path)

    assert (whole.header, whole.payloads, whole.torn_bytes) == (kept_header(), RECORDS, 0)


def test_a_journal_that_ends_at_any_byte_gives_the_records_that_are_whole(journal: LogJournal) -> None:
    contents = journal.path.read_bytes()
    read = []
    for length in range(len(contents) + 1):
        journal.path.write_bytes(contents[:length])
        read.append(read_journal(journal.path).payloads)

    assert set(read) == {RECORDS[:count] for count in range(len(RECORDS) + 1)}
    assert read == sorted(read, key=len)


@pytest.mark.parametrize("tail", [b"\0" * 100, b"\xff" * 100, b"x" * 9])
def test_what_is_no_record_is_left_out_and_counted(journal: LogJournal, tail: bytes) -> None:
    with journal.path.open("ab") as file:
        file.write(tail)

    whole = read_journal(journal.path)

    assert (whole.payloads, whole.torn_bytes) == (RECORDS, len(tail))


def test_a_record_that_has_changed_ends_the_journal(journal: LogJournal) -> None:
    contents = journal.path.read_bytes()
    journal.path.write_bytes(contents.replace(b"second", b"sECond"))

    assert read_journal(journal.path).payloads == RECORDS[:1]


def test_an_empty_file_and_one_of_another_version_have_no_header(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    journal = LogJournal(tmp_path, kept_header(), began=1e9)
    header = b'{"format": 99}'
    (tmp_path / "other").write_bytes(log_journal._frame(header) + header)

    empty, usual, other = (
        read_journal(path) for path in (tmp_path / "empty", journal.path, tmp_path / "other")
    )

    assert [each.header for each in (empty, usual, other)] == [None, kept_header(), None]
    assert [each.is_foreign for each in (empty, usual, other)] == [False, False, True]


def test_a_journal_belongs_to_who_writes_to_it_until_that_ends(journal: LogJournal) -> None:
    with abandoned(journal.path) as before:
        pass
    journal.close()
    with abandoned(journal.path) as after:
        pass

    assert (before, after) == (False, True)


def test_one_process_alone_takes_what_is_abandoned(journal: LogJournal) -> None:
    journal.close()

    with abandoned(journal.path) as first, abandoned(journal.path) as second:
        assert (first, second) == (True, False)


def test_a_journal_that_is_gone_is_not_abandoned(tmp_path: Path) -> None:
    with abandoned(tmp_path / "gone.journal") as is_free:
        assert not is_free


def test_a_new_journal_that_another_server_took_for_an_abandoned_one_is_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, taken = log_journal._lock, list[Path]()

    def lock_after_another(handle: int, *, wait: bool) -> bool:
        if not taken:
            [path] = tmp_path.iterdir()
            taken.append(path)
            path.unlink()
        return lock(handle, wait=wait)

    monkeypatch.setattr(log_journal, "_lock", lock_after_another)

    journal = LogJournal(tmp_path, kept_header(), began=1e9)

    assert [*tmp_path.iterdir()] == [journal.path] != taken


def test_records_for_which_the_disk_has_no_room_leave_no_trace(
    journal: LogJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, write = journal.path.read_bytes(), os.write
    calls = iter([3])

    def write_a_little(handle: int, contents: Any) -> int:
        for most in calls:
            return write(handle, bytes(contents[:most]))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.write", write_a_little)
    with pytest.raises(OSError, match="No space"):
        journal.append([b"more", b"and more"])
    monkeypatch.undo()
    left = journal.path.read_bytes()
    journal.append([b"last"])

    assert left == before
    assert read_journal(journal.path).payloads == (*RECORDS, b"last")


def test_a_journal_whose_header_has_no_room_is_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.write", fail)
    with pytest.raises(OSError, match="No space"):
        LogJournal(tmp_path, kept_header(), began=1e9)

    assert [*tmp_path.iterdir()] == []


def test_names_are_in_the_order_of_time(tmp_path: Path) -> None:
    moments = [1e9, 1e9 + 0.000_002, 1.1e9, 2e9]

    paths = [LogJournal(tmp_path, kept_header(), began=moment).path for moment in moments]

    assert sorted(paths) == paths
