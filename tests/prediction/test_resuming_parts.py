"""An output in parts: one file in the end, the same bytes however often it was interrupted."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from stand_in_predictor import LABELS, StandIn
from textune.errors import DataError, StorageError
from textune.prediction.job import PredictionJob
from textune.prediction.journal import Journal, open_journal
from textune.prediction.resuming import join_parts, write_parts
from textune.prediction.stream import TextRow, predict_rows
from textune.prediction.writers import OutputLayout, open_writer, write_file

SUFFIXES = (".csv", ".jsonl", ".parquet")
PART = 1024
JOB = PredictionJob((), {})
ROWS = [
    TextRow("" if not number % 7 else f'hah, "{number}"\n', {"id": number, "label": "x"})
    for number in range(2 * PART + 100)
]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a window each."""
    monkeypatch.setattr("textune.prediction.resuming.WINDOWS_PER_PART", 1)


def write_on(journal: Journal, suffix: str, *, rows: list[TextRow] = ROWS, predictor: StandIn) -> None:
    """Write the parts that are not done."""
    predictions = predict_rows(predictor, rows[journal.rows :])
    write_parts(journal, predictions, OutputLayout(LABELS), suffix=suffix)


def write_whole(path: Path, *, rows: list[TextRow] = ROWS) -> Path:
    """Write an output without an interruption, or what is missing of it."""
    with open_journal(path, JOB) as journal:
        write_on(journal, path.suffix, rows=rows, predictor=StandIn())
        join_parts(journal, path)
    return path


def interrupt(path: Path, *, window: int) -> None:
    """Write an output up to a window in which the predictor fails."""
    with open_journal(path, JOB) as journal:
        write_on(journal, path.suffix, predictor=StandIn(fails_at_call=window))


def fill_disk(monkeypatch: pytest.MonkeyPatch, *, part: int) -> None:
    """Let the disk be full when a part is written."""
    writers = iter([open_writer] * (part - 1))

    @contextmanager
    def write_nothing(*_: Any, **options: Any) -> Iterator[Any]:
        raise OSError(errno.ENOSPC, "No space left on device")
        yield

    def open_next(*arguments: Any, **options: Any) -> Any:
        return next(writers, write_nothing)(*arguments, **options)

    monkeypatch.setattr("textune.prediction.resuming.open_writer", open_next)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_file_of_parts_has_the_bytes_of_one_that_is_written_at_once(tmp_path: Path, suffix: str) -> None:
    at_once = tmp_path / f"at-once{suffix}"
    write_file(at_once, predict_rows(StandIn(), ROWS), OutputLayout(LABELS))

    assert write_whole(tmp_path / f"out{suffix}").read_bytes() == at_once.read_bytes()


def test_a_parquet_file_of_parts_has_the_rows_of_one_that_is_written_at_once(tmp_path: Path) -> None:
    at_once = tmp_path / "at-once.parquet"
    write_file(at_once, predict_rows(StandIn(), ROWS), OutputLayout(LABELS))

    table = parquet.read_table(write_whole(tmp_path / "out.parquet"))

    assert table.equals(parquet.read_table(at_once), check_metadata=True)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("window", [1, 2, 3])
def test_an_interrupted_file_ends_in_the_same_bytes(tmp_path: Path, suffix: str, window: int) -> None:
    never = write_whole(tmp_path / f"never{suffix}")
    path = tmp_path / f"out{suffix}"
    with pytest.raises(ZeroDivisionError):
        interrupt(path, window=window)

    assert write_whole(path).read_bytes() == never.read_bytes()


def test_rows_that_are_done_are_not_predicted_again(tmp_path: Path) -> None:
    path, predictor = tmp_path / "out.csv", StandIn()
    with pytest.raises(ZeroDivisionError):
        interrupt(path, window=2)

    with open_journal(path, JOB) as journal:
        write_on(journal, ".csv", predictor=predictor)

    assert predictor.calls[0][0] == ROWS[PART].text
    assert len(predictor.calls) == 2


def test_an_older_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("older")

    with pytest.raises(ZeroDivisionError):
        interrupt(path, window=2)

    assert path.read_text() == "older"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nothing_but_the_file_is_left(tmp_path: Path, suffix: str) -> None:
    path = write_whole(tmp_path / f"out{suffix}")

    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_rows_make_the_file_that_they_make_at_once(tmp_path: Path, suffix: str) -> None:
    at_once = tmp_path / f"at-once{suffix}"
    write_file(at_once, [], OutputLayout(LABELS))

    assert write_whole(tmp_path / f"out{suffix}", rows=[]).stat().st_size == at_once.stat().st_size


def test_a_suffix_is_taken_in_any_case(tmp_path: Path) -> None:
    written = write_whole(tmp_path / "out.PARQUET", rows=ROWS[:3])

    assert parquet.read_table(written).num_rows == 3


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_column_that_first_comes_up_in_a_later_part_is_refused(tmp_path: Path, suffix: str) -> None:
    rows = [*ROWS[: PART + 5], TextRow("hah", {"id": 1, "label": "x", "lang": "en"})]

    with pytest.raises(DataError, match="column 'lang' is not in its first"):
        write_whole(tmp_path / f"out{suffix}", rows=rows)


def test_a_type_that_changes_in_a_later_part_is_refused_by_parquet(tmp_path: Path) -> None:
    rows = [*ROWS[:PART], TextRow("hah", {"id": "seven", "label": "x"})]

    with pytest.raises(DataError, match="'id' is int64 at first"):
        write_whole(tmp_path / "out.parquet", rows=rows)


def test_a_full_disk_is_reported_with_how_to_continue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_disk(monkeypatch, part=2)

    with pytest.raises(StorageError, match="disk is full") as caught:
        write_whole(tmp_path / "out.csv")

    assert (
        f"The finished parts are kept in {tmp_path / 'out.csv.parts'}: run the same comm" in caught.value.hint
    )


def test_a_prediction_that_met_a_full_disk_ends_in_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never, path = write_whole(tmp_path / "never.csv"), tmp_path / "out.csv"
    with monkeypatch.context() as until_then, pytest.raises(StorageError):
        fill_disk(until_then, part=2)
        write_whole(path)

    assert write_whole(path).read_bytes() == never.read_bytes()


def test_a_disk_that_is_full_before_a_part_is_done_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_disk(monkeypatch, part=1)

    with pytest.raises(StorageError) as caught:
        write_whole(tmp_path / "out.csv")

    assert "is kept" not in caught.value.hint
    assert list(tmp_path.iterdir()) == []
