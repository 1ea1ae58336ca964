"""The journal: what is appended is there, once, whatever happens to the process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from textune.data.labelling_folder import JOURNAL_NAME
from textune.errors import DataError, StorageError
from textune.labelling.answer_log import AnswerLog


def event(
    event_id: str, *, key: str = "k", labels: tuple[str, ...] = ("joy",), **others: Any
) -> dict[str, Any]:
    own = {"event": "answer", "id": event_id, "who": "ann", "key": key, "text": f"text {key}"}
    return own | {"labels": list(labels), "purpose": "train"} | others


def labels_of(log: AnswerLog) -> list[tuple[str, ...]]:
    return [answer.labels for answer in log.state.answers()]


def test_an_answer_is_read_by_the_next_process(tmp_path: Path) -> None:
    AnswerLog(tmp_path).append(event("1"))

    assert labels_of(AnswerLog(tmp_path)) == [("joy",)]


def test_an_answer_has_a_time(tmp_path: Path) -> None:
    log = AnswerLog(tmp_path)
    log.append(event("1"))

    (answer,) = log.state.answers()
    assert answer.when.startswith("2")


def test_an_event_that_is_sent_twice_counts_once(tmp_path: Path) -> None:
    log = AnswerLog(tmp_path)

    assert [log.append(event("1")), log.append(event("1", labels=("anger",)))] == [True, False]
    assert labels_of(AnswerLog(tmp_path)) == [("joy",)]


def test_an_event_that_another_process_has_written_counts_once(tmp_path: Path) -> None:
    first, second = AnswerLog(tmp_path), AnswerLog(tmp_path)
    first.append(event("1"))

    assert not second.append(event("1"))


def test_two_processes_never_overwrite_each_other(tmp_path: Path) -> None:
    first, second = AnswerLog(tmp_path), AnswerLog(tmp_path)
    first.append(event("1", key="a"))
    second.append(event("2", key="b", labels=("anger",)))
    first.append(event("3", key="c", labels=("fear",)))

    assert labels_of(AnswerLog(tmp_path)) == [("joy",), ("anger",), ("fear",)]


def test_what_another_process_writes_is_read_on_request(tmp_path: Path) -> None:
    first, second = AnswerLog(tmp_path), AnswerLog(tmp_path)
    first.append(event("1"))

    assert second.refresh() == 1
    assert labels_of(second) == [("joy",)]


def test_a_torn_last_line_is_dropped(tmp_path: Path) -> None:
    AnswerLog(tmp_path).append(event("1", key="a"))
    with (tmp_path / JOURNAL_NAME).open("ab") as file:
        file.write(b'{"event": "answer", "id": "2", "who"')

    log = AnswerLog(tmp_path)
    log.append(event("3", key="b", labels=("anger",)))

    assert labels_of(AnswerLog(tmp_path)) == [("joy",), ("anger",)]


def test_an_event_that_cannot_be_written_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = AnswerLog(tmp_path)
    log.append(event("1"))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="full"):
        log.append(event("2", key="b"))
    monkeypatch.undo()

    assert labels_of(AnswerLog(tmp_path)) == labels_of(log) == [("joy",)]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    AnswerLog(tmp_path).append(event("1"))
    with (tmp_path / JOURNAL_NAME).open("ab") as file:
        file.write(b"what is this?\n")

    with pytest.raises(DataError, match="line 3"):
        AnswerLog(tmp_path)


def test_a_journal_of_a_later_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_NAME).write_bytes(b'{"textune_labelling": 2}\n')

    with pytest.raises(DataError, match="later version"):
        AnswerLog(tmp_path)


def test_without_a_folder_events_are_kept_in_memory() -> None:
    log = AnswerLog(None)
    log.append(event("1"))

    assert labels_of(log) == [("joy",)]


def test_many_events_are_written_at_once(tmp_path: Path) -> None:
    AnswerLog(tmp_path).append_all([event("1", key="a", when=""), event("2", key="b", when="")])

    assert len(labels_of(AnswerLog(tmp_path))) == 2
