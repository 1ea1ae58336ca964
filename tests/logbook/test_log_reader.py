"""What servers have kept is read back, whether they have ended or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from kept_requests import kept_header, kept_ids, kept_request, prediction_log
from textune.errors import DataError
from textune.logbook import log_reader
from textune.logbook.log_folder import LogFile, finish_journal, log_files
from textune.logbook.log_journal import LogJournal
from textune.logbook.log_reader import read_log
from textune.logbook.logged_request import to_bytes


def filled(folder: Path, *numbers: int, began: float = 1e9, model_sha256: str = "f00") -> Path:
    header = kept_header(model_sha256=model_sha256)
    journal = LogJournal(folder, header, began=began)
    journal.append([to_bytes(kept_request(number), header) for number in numbers])
    journal.close()
    return journal.path


def test_finished_files_and_growing_ones_are_read_in_the_order_of_time(tmp_path: Path) -> None:
    filled(tmp_path, 3, began=3e9)
    finish_journal(filled(tmp_path, 1, began=1e9))
    finish_journal(filled(tmp_path, 2, began=2e9))

    assert kept_ids(tmp_path) == ["id-1", "id-2", "id-3"]


def test_the_predictions_of_another_classifier_are_left_out_with_a_note(tmp_path: Path) -> None:
    notes: list[str] = []
    filled(tmp_path, 1)
    filled(tmp_path, 2, 3, model_sha256="bad")

    blocks = [*read_log(tmp_path, model_sha256="f00", note=notes.append)]

    assert [list(block.requests) for block in blocks] == [["id-1"]]
    assert notes == [f"2 texts in {tmp_path} were left out: another classifier predicted them."]


def test_a_record_that_is_being_written_is_left_out_with_a_note(tmp_path: Path) -> None:
    notes: list[str] = []
    path = filled(tmp_path, 1, 2)
    path.write_bytes(path.read_bytes()[:-1])

    [block] = read_log(tmp_path, note=notes.append)

    assert list(block.requests) == ["id-1"]
    assert notes == [f"The last record of {path.name} is not whole, and was left out."]


def test_a_journal_that_becomes_a_parquet_file_meanwhile_is_read_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = filled(tmp_path, 1)
    files = log_files(tmp_path)
    finish_journal(path)
    monkeypatch.setattr(log_reader, "log_files", lambda folder: files)

    assert kept_ids(tmp_path) == ["id-1"]


def test_a_file_that_is_deleted_meanwhile_is_missing_and_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = filled(tmp_path, 1)
    gone = LogFile(tmp_path / "20010909T014640.000000Z-01234567.parquet", 10)
    monkeypatch.setattr(log_reader, "log_files", lambda folder: [gone, LogFile(path, 10)])

    assert kept_ids(tmp_path) == ["id-1"]


def test_a_log_that_a_server_writes_to_is_read_as_far_as_it_is(tmp_path: Path) -> None:
    log = prediction_log(tmp_path)
    log.put(kept_request(1))
    log.close()
    later = prediction_log(tmp_path)
    later.put(kept_request(2))
    later.close()

    assert kept_ids(tmp_path) == ["id-1", "id-2"]


@pytest.mark.parametrize(("name", "message"), [("", "holds no log"), ("nosuch", "There is no folder")])
def test_a_folder_without_a_log_is_a_clear_error(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        [*read_log(tmp_path / name)]


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = filled(tmp_path, 1)

    def refuse(asked: Path) -> None:
        raise PermissionError(13, "Permission denied", str(asked))

    monkeypatch.setattr(log_reader, "read_journal", refuse)

    with pytest.raises(DataError, match=f"{path.name} cannot be read"):
        [*read_log(tmp_path)]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = filled(tmp_path, 1)
    finish_journal(path)
    path.with_suffix(".parquet").write_bytes(b"damage")

    with pytest.raises(DataError, match=f"{path.stem}.parquet is damaged"):
        [*read_log(tmp_path)]
