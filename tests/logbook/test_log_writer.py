"""The writer of the log: soon on the disk, bounded, never in the way, and never alone."""

from __future__ import annotations

import errno
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from kept_requests import kept_header, kept_ids, kept_request, prediction_log
from serving_stand_in import eventually
from textune.logbook import log_writer
from textune.logbook.log_folder import folder_bytes
from textune.logbook.log_writer import PredictionLog


def ids(*numbers: int) -> list[str]:
    return [f"id-{number}" for number in numbers]


def suffixes(folder: Path) -> set[str]:
    return {path.suffix for path in folder.iterdir()}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writer, "_SECONDS_BETWEEN_WRITES", 0.01)
    monkeypatch.setattr(log_writer, "_SECONDS_BETWEEN_SYNCS", 0.02)
    monkeypatch.setattr(log_writer, "_SECONDS_UNTIL_AGAIN", 0.05)


def test_a_request_is_soon_in_a_journal_that_can_be_read(tmp_path: Path) -> None:
    log = prediction_log(tmp_path)

    log.put(kept_request(1))

    assert eventually(lambda: suffixes(tmp_path) == {".journal"} and kept_ids(tmp_path) == ids(1))
    log.close()


def test_without_requests_there_are_no_files(tmp_path: Path) -> None:
    prediction_log(tmp_path / "log").close()

    assert not (tmp_path / "log").exists()


def test_a_log_that_is_closed_is_a_parquet_file(tmp_path: Path) -> None:
    log = prediction_log(tmp_path)
    log.put(kept_request(1))
    log.put(kept_request(2, texts=2))

    log.close()

    assert suffixes(tmp_path) == {".parquet"}
    assert kept_ids(tmp_path) == ids(1, 2, 2)
    assert (log.texts, log.dropped, log.failing) == (3, 0, False)


def test_a_full_journal_becomes_a_parquet_file_while_requests_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    monkeypatch.setattr(log_writer, "_JOURNAL_BYTES", 2000)
    log = prediction_log(tmp_path)
    for number in range(200):
        log.put(kept_request(number))
        time.sleep(0.001)

    assert eventually(lambda: ".parquet" in suffixes(tmp_path))
    log.close()
    assert len([*tmp_path.iterdir()]) > 1
    assert kept_ids(tmp_path) == ids(*range(200))


def test_an_old_journal_becomes_a_parquet_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    monkeypatch.setattr(log_writer, "_JOURNAL_SECONDS", 0.2)
    log = prediction_log(tmp_path)

    log.put(kept_request(1))

    assert eventually(lambda: suffixes(tmp_path) == {".parquet"})
    log.close()


def test_the_folder_stays_within_its_limit_and_keeps_the_newest(tmp_path: Path, impatient: None) -> None:
    log, largest = prediction_log(tmp_path, most_bytes=200_000), 0
    for number in range(12_000):
        log.put(kept_request(number))
        if number % 200 == 0:
            time.sleep(0.02)
            largest = max(largest, folder_bytes(tmp_path))
    log.close()

    kept = kept_ids(tmp_path)
    assert 0 < largest <= 200_000
    assert kept == ids(*range(12_000 - len(kept), 12_000))


def test_a_folder_that_somebody_deletes_is_made_again(tmp_path: Path, impatient: None) -> None:
    said: list[str] = []
    log = prediction_log(tmp_path / "log", say=lambda sentence, is_error: said.append(sentence))
    log.put(kept_request(1))
    assert eventually(lambda: log.texts == 1)
    shutil.rmtree(tmp_path / "log")

    log.put(kept_request(2))

    assert eventually(lambda: log.texts == 2)
    log.close()
    assert kept_ids(tmp_path / "log") == ids(2)
    assert [sentence for sentence in said if "was deleted while it was written" in sentence]


def test_two_servers_share_a_folder_and_lose_nothing(tmp_path: Path, impatient: None) -> None:
    first, second = prediction_log(tmp_path), prediction_log(tmp_path)
    for number in range(300):
        (first, second)[number % 2].put(kept_request(number))
        time.sleep(0.0005)
    first.close()
    third = prediction_log(tmp_path)  # It looks for what is left, while the second one still writes.
    second.put(kept_request(300))
    second.close()
    third.close()

    assert sorted(kept_ids(tmp_path)) == sorted(ids(*range(301)))


def test_what_a_killed_server_has_left_is_finished_by_the_next_one(tmp_path: Path) -> None:
    said: list[str] = []

    def say(sentence: str, is_error: bool) -> None:
        said.append(sentence)

    killed = prediction_log(tmp_path, say=say)
    killed.put(kept_request(1))
    assert eventually(lambda: kept_ids(tmp_path) == ids(1) if [*tmp_path.iterdir()] else False)
    assert killed._journal is not None
    with killed._journal.path.open("ab") as file:
        file.write(b"torn")
    killed._journal.close()  # As the system does to a process that it ends.
    killed._journal = None

    log = prediction_log(tmp_path, say=say)

    assert eventually(lambda: suffixes(tmp_path) == {".parquet"})
    log.close()
    assert kept_ids(tmp_path) == ids(1)
    assert [sentence for sentence in said if "4 bytes" in sentence]
    killed.close()


def test_a_folder_that_cannot_be_made_is_said_once_and_used_as_soon_as_it_can_be(
    tmp_path: Path, impatient: None
) -> None:
    said: list[tuple[str, bool]] = []
    (tmp_path / "log").write_text("in the way", encoding="utf-8")
    log = prediction_log(tmp_path / "log" / "inside", say=lambda *each: said.append(each))
    log.put(kept_request(1))
    assert eventually(lambda: log.failing)
    time.sleep(0.1)
    log.put(kept_request(2))
    assert eventually(lambda: log.dropped == 2)

    (tmp_path / "log").unlink()
    time.sleep(0.1)
    log.put(kept_request(3))

    assert eventually(lambda: not log.failing and log.texts == 1)
    log.close()
    assert kept_ids(tmp_path / "log" / "inside") == ids(3)
    about_writing = [(sentence, is_error) for sentence, is_error in said if "kept" in sentence]
    assert [is_error for _, is_error in about_writing] == [True, False]
    assert about_writing[0][0].endswith("Not a directory. The server tries again.")
    assert about_writing[1][0] == "Predictions are kept again; 2 texts so far were not."


def test_a_full_disk_costs_the_requests_that_come_meanwhile_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    log, write = prediction_log(tmp_path), os.write
    log.put(kept_request(1))
    assert eventually(lambda: log.texts == 1)

    def fail(handle: int, contents: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.write", fail)
    log.put(kept_request(2))
    assert eventually(lambda: log.dropped == 1)
    monkeypatch.setattr("os.write", write)
    time.sleep(0.1)
    log.put(kept_request(3))
    assert eventually(lambda: log.texts == 2)
    log.close()

    assert kept_ids(tmp_path) == ids(1, 3)


def test_a_parquet_file_for_which_there_is_no_room_leaves_the_journal_to_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("textune.logbook.log_folder.write_log_parquet", fail)
    log = prediction_log(tmp_path, say=lambda sentence, is_error: said.append(sentence))
    log.put(kept_request(1))
    log.close()

    assert suffixes(tmp_path) == {".journal"}
    assert kept_ids(tmp_path) == ids(1)
    assert "No space left" in said[0]


def test_requests_beyond_what_may_wait_are_dropped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_writer, "_MOST_WAITING", 10)
    log = PredictionLog(tmp_path, kept_header(), most_bytes=10_000_000)  # It has not begun to write.
    for number in range(15):
        log.put(kept_request(number))

    log.start()
    log.close()

    assert (log.texts, log.dropped) == (10, 5)


def test_a_request_that_does_not_fit_costs_itself_alone(tmp_path: Path, impatient: None) -> None:
    log = prediction_log(tmp_path)
    log.put(kept_request(1, features=None))
    assert eventually(lambda: log.dropped == 1)
    time.sleep(0.1)

    log.put(kept_request(2))

    assert eventually(lambda: log.texts == 1)
    log.close()
    assert kept_ids(tmp_path) == ids(2)


def test_a_sample_has_its_share_of_the_requests_whatever_a_client_calls_them(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, kept_header(sample=0.1), most_bytes=10_000_000, key=b"a key")

    kept = sum(log.keeps("always the same") for _ in range(10_000))

    assert 850 < kept < 1150


def test_the_same_key_keeps_the_same_requests(tmp_path: Path) -> None:
    def choice(key: bytes) -> list[bool]:
        log = PredictionLog(tmp_path, kept_header(sample=0.5), most_bytes=10_000_000, key=key)
        return [log.keeps(f"id-{number}") for number in range(100)]

    assert choice(b"a key") == choice(b"a key") != choice(b"another")


def test_a_sample_of_one_keeps_all(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, kept_header(), most_bytes=10_000_000)

    assert all(log.keeps(f"{number}") for number in range(100))
