"""Predicting files: stopped and resumed, refused when something has changed, with notes on what happens."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from table_files import write, write_parquet
from textune.commands.predict import predict
from textune.errors import DataError, RequestError, StoppedError
from textune.prediction.inputs import read_texts
from tiny_classifiers import linear_classifier, save_run

PART = 2048
ROWS = 2 * PART + 500


@pytest.fixture(autouse=True, scope="module")
def parts_of_two_windows() -> Iterator[None]:
    """Let a part have half as many rows as usual."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("textune.prediction.resuming.WINDOWS_PER_PART", 2)
        yield


class Ear:
    """An observer that remembers what it hears, and is interrupted after a number of texts."""

    def __init__(self, *, interrupted_at: int = sys.maxsize) -> None:
        self.notes: list[str] = []
        self.progress: list[tuple[int, int]] = []
        self._interrupted_at = interrupted_at

    def stage(self, title: str) -> None:
        pass

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        self.progress.append((done, total))
        if done >= self._interrupted_at:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def run(tiny_distilbert: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_run(tmp_path_factory.mktemp("runs") / "run", linear_classifier(Path(tiny_distilbert)))


@pytest.fixture(scope="module")
def never_stopped(run: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The result of a prediction of all posts."""
    folder = tmp_path_factory.mktemp("never")
    predict(run, input_file=str(write_posts(folder / "posts.csv")), output=folder / "out.csv")
    return (folder / "out.csv").read_bytes()


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    return write_posts(tmp_path / "posts.csv")


@pytest.fixture
def stopped(run: Path, posts: Path) -> Iterator[Path]:
    """The output of a prediction that was stopped when its first part was done."""
    output = posts.with_name("out.csv")
    with pytest.raises(StoppedError):
        predict(run, input_file=str(posts), output=output, observer=Ear(interrupted_at=PART + 1000))
    return output


def write_posts(path: Path, count: int = ROWS) -> Path:
    return write(path, "id,text\n" + "".join(f"{number},happy day {number}\n" for number in range(count)))


def test_a_prediction_that_is_stopped_says_how_to_continue(run: Path, posts: Path) -> None:
    output = posts.with_name("out.csv")

    with pytest.raises(StoppedError, match=r"The finished parts are kept in .*out\.csv\.parts") as caught:
        predict(run, input_file=str(posts), output=output, observer=Ear(interrupted_at=PART + 1))

    assert "Run the same command again to resume" in caught.value.hint
    assert not output.exists()


def test_a_prediction_that_is_stopped_before_a_part_is_done_leaves_nothing(run: Path, posts: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        predict(run, input_file=str(posts), output=posts.with_name("out.csv"), observer=Ear(interrupted_at=1))

    assert list(posts.parent.iterdir()) == [posts]


def test_a_prediction_that_was_stopped_ends_in_the_same_bytes(
    run: Path, posts: Path, stopped: Path, never_stopped: bytes
) -> None:
    count = predict(run, input_file=str(posts), output=stopped)

    assert count == ROWS
    assert stopped.read_bytes() == never_stopped
    assert sorted(posts.parent.iterdir()) == [stopped, posts]


def test_resuming_is_reported_and_counted_from_what_is_done(run: Path, posts: Path, stopped: Path) -> None:
    ear = Ear()

    predict(run, input_file=str(posts), output=stopped, observer=ear)

    assert ear.notes == ["Resuming after 2,048 rows that were done before."]
    assert [done for done, _ in ear.progress] == [2048, 3072, 4096, ROWS]
    assert ear.progress[0][1] == pytest.approx(ROWS, abs=1)


def test_an_input_that_has_changed_is_refused(run: Path, posts: Path, stopped: Path) -> None:
    write_posts(posts, ROWS + 1)

    with pytest.raises(RequestError, match=r"posts\.csv has [\d,]+ bytes and had") as caught:
        predict(run, input_file=str(posts), output=stopped)

    assert "--restart" in caught.value.hint


def test_a_touched_input_is_the_same(run: Path, posts: Path, stopped: Path, never_stopped: bytes) -> None:
    os.utime(posts, (1, 1))

    predict(run, input_file=str(posts), output=stopped)

    assert stopped.read_bytes() == never_stopped


def test_another_classifier_is_refused(tiny_distilbert: str, posts: Path, stopped: Path) -> None:
    other = save_run(posts.parent / "other", linear_classifier(Path(tiny_distilbert), max_length=5))

    with pytest.raises(RequestError, match="the classifier is"):
        predict(other, input_file=str(posts), output=stopped)


def test_another_text_column_is_refused(run: Path, posts: Path, stopped: Path) -> None:
    with pytest.raises(RequestError, match="the text column is id and was none"):
        predict(run, input_file=str(posts), output=stopped, text_column="id")


def test_restart_starts_over(run: Path, posts: Path, stopped: Path) -> None:
    write_posts(posts, 5)

    assert predict(run, input_file=str(posts), output=stopped, restart=True) == 5
    assert sorted(posts.parent.iterdir()) == [stopped, posts]


@pytest.mark.parametrize("arguments", [{"texts": ["so happy"]}, {"input_file": "-"}])
def test_restart_is_for_what_can_continue(run: Path, tmp_path: Path, arguments: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="--restart needs"):
        predict(run, **arguments, output=tmp_path / "out.csv", restart=True)


def test_restart_is_for_what_goes_into_a_file(run: Path, posts: Path) -> None:
    with pytest.raises(RequestError, match="--restart needs"):
        predict(run, input_file=str(posts), restart=True)


def test_a_bad_row_keeps_what_is_done_and_says_how_to_continue(run: Path, posts: Path) -> None:
    rows = posts.with_suffix(".jsonl")
    rows.write_bytes(b'{"text": "so happy"}\n' * ROWS + b'{"text": "br\xe9ak"}\n')
    output = posts.with_name("out.csv")

    with pytest.raises(DataError, match=rf"posts\.jsonl, line {ROWS + 1}: byte 0xE9") as caught:
        predict(run, input_file=str(rows), output=output)

    assert f"The finished parts are kept in {output}.parts: run the same command again" in caught.value.hint
    assert sorted(path.name for path in Path(f"{output}.parts").iterdir())[:2] == ["00000.csv", "00001.csv"]


def test_a_prediction_resumes_when_the_disk_that_failed_can_be_read_again(
    run: Path, posts: Path, never_stopped: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = posts.with_name("out.csv")

    def fail_late(path: Path, *options: Any, **more: Any) -> Iterator[Any]:
        yield from islice(read_texts(path, *options, **more), PART + 1000)
        raise DataError(f"{path} cannot be read: Input/output error.", "Check the disk.")

    with monkeypatch.context() as until_then, pytest.raises(DataError, match="Input/output error"):
        until_then.setattr("textune.prediction.inputs.read_texts", fail_late)
        predict(run, input_file=str(posts), output=output)
    ear = Ear()

    predict(run, input_file=str(posts), output=output, observer=ear)

    assert ear.notes == ["Resuming after 2,048 rows that were done before."]
    assert output.read_bytes() == never_stopped


def test_an_input_that_is_written_to_meanwhile_is_refused(run: Path, posts: Path) -> None:
    class Writer(Ear):
        def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
            posts.write_bytes(posts.read_bytes().replace(b"0,happy day", b"0,sorry day"))
            os.utime(posts, (1, 1))

    with pytest.raises(DataError, match="was changed while it was being classified"):
        predict(run, input_file=str(posts), output=posts.with_name("out.csv"), observer=Writer())

    assert list(posts.parent.iterdir()) == [posts]


def test_an_input_that_is_touched_meanwhile_is_the_same(run: Path, posts: Path, never_stopped: bytes) -> None:
    class Toucher(Ear):
        def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
            os.utime(posts, (1, 1))

    predict(run, input_file=str(posts), output=posts.with_name("out.csv"), observer=Toucher())

    assert posts.with_name("out.csv").read_bytes() == never_stopped


def test_the_rows_of_several_files_follow_each_other(run: Path, tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    write(tmp_path / "posts" / "a.csv", "id,text\n1,happy\n2,\n")
    write(tmp_path / "posts" / "b.jsonl", '{"id": "3", "text": "sad"}\n')

    count = predict(run, input_file=str(tmp_path / "posts"), output=tmp_path / "out.jsonl")

    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert count == 3
    assert [(row["id"], row["text"]) for row in rows] == [("1", "happy"), ("2", ""), ("3", "sad")]


def test_files_without_rows_among_others_have_no_rows(run: Path, tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "id,text\n")
    write(tmp_path / "b.csv", "id,text\n1,happy\n")
    write(tmp_path / "c.csv", "id,text\n")
    parquet.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "d.parquet")

    count = predict(run, input_file=str(tmp_path / "*.*"), output=tmp_path / "out" / "all.csv")

    assert count == 1
    assert len((tmp_path / "out" / "all.csv").read_text().splitlines()) == 2


def typed_table() -> Any:
    """More than two parts of rows, of types that no value tells; most values are missing at first."""
    later = list(range(ROWS - PART))
    return pa.table(
        {
            "text": [f"happy day {number}" for number in range(ROWS)],
            "id": pa.array(range(ROWS), pa.int32()),
            "note": pa.array([None] * PART + [f"note {number}" for number in later]),
            "price": pa.array([Decimal("0.5")] * PART + [Decimal(number) for number in later]).cast(
                pa.decimal128(9, 2)
            ),
            "at": pa.array([1_700_000_000_000 + number for number in range(ROWS)], pa.timestamp("ms", "UTC")),
            "kind": pa.array(["a", "b"] * (ROWS // 2)).dictionary_encode(),
            "tags": pa.array([[]] * PART + [["a", None]] * len(later), pa.list_(pa.string())),
        }
    )


def test_parquet_files_keep_the_types_and_values_of_their_columns(run: Path, tmp_path: Path) -> None:
    given = typed_table()
    parquet.write_table(given, tmp_path / "posts.parquet")

    predict(run, input_file=str(tmp_path / "posts.parquet"), output=tmp_path / "out.parquet")

    found = parquet.read_table(tmp_path / "out.parquet").select(given.column_names)
    assert found.schema.types == parquet.read_schema(tmp_path / "posts.parquet").types
    assert found.to_pylist() == given.to_pylist()


def test_parquet_files_keep_the_types_of_their_columns_when_they_are_resumed(
    run: Path, tmp_path: Path
) -> None:
    source, output = tmp_path / "posts.parquet", tmp_path / "out.parquet"
    parquet.write_table(typed_table(), source)
    predict(run, input_file=str(source), output=tmp_path / "never.parquet")
    with pytest.raises(StoppedError):
        predict(run, input_file=str(source), output=output, observer=Ear(interrupted_at=PART + 1000))

    predict(run, input_file=str(source), output=output)

    assert output.read_bytes() == (tmp_path / "never.parquet").read_bytes()


def test_parquet_files_whose_types_do_not_go_together_are_refused_before_a_row_is_classified(
    run: Path, tmp_path: Path
) -> None:
    write_parquet(tmp_path / "a.parquet", [{"text": "happy", "id": 1}])
    write_parquet(tmp_path / "b.parquet", [{"text": "sad", "id": "two"}])
    ear = Ear()

    with pytest.raises(DataError, match=r"'id' is int64 in .*a\.parquet and string in .*b\.parquet"):
        predict(run, input_file=f"{tmp_path}/*.parquet", output=tmp_path / "out" / "o.parquet", observer=ear)

    assert ear.progress == []


def test_a_csv_file_takes_parquet_files_of_different_types(run: Path, tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", [{"text": "happy", "id": 1}])
    write_parquet(tmp_path / "b.parquet", [{"text": "sad", "id": "two"}])

    assert predict(run, input_file=f"{tmp_path}/*.parquet", output=tmp_path / "out.csv") == 2


def test_an_input_without_rows_is_refused_before_anything_is_written(run: Path, tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "id,text\n")
    write(tmp_path / "b.csv", "id,text\n")

    with pytest.raises(DataError, match="None of the 2 input files has a row"):
        predict(run, input_file=str(tmp_path / "*.csv"), output=tmp_path / "out" / "all.csv")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv"]


def test_a_pattern_can_be_shown(run: Path, tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "happy\nsad\n")
    write(tmp_path / "b.txt", "angry\n")
    shown: list[Any] = []

    predict(run, input_file=str(tmp_path / "*.txt"), show=shown.append)

    assert [prediction.row.text for prediction in shown] == ["happy", "sad", "angry"]


@pytest.mark.parametrize("given", ["posts", "posts/*.csv", "**/*.csv"])
def test_an_output_among_the_input_is_refused(run: Path, tmp_path: Path, given: str) -> None:
    (tmp_path / "posts").mkdir()
    write(tmp_path / "posts" / "a.csv", "text\nhappy\n")

    with pytest.raises(RequestError, match="would be among the input's files"):
        predict(run, input_file=str(tmp_path / given), output=tmp_path / "posts" / "out.csv")

    assert len(list((tmp_path / "posts").iterdir())) == 1


def test_standard_input_into_a_file_is_reported_as_not_resumable(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"happy\nsad\n")))
    ear = Ear()

    count = predict(run, input_file="-", output=tmp_path / "out.csv", observer=ear)

    assert count == 2
    assert len(ear.notes) == 1
    assert "Standard input can be read only once" in ear.notes[0]
