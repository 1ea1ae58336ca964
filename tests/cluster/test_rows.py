"""What the processes of a cluster do with rows, and how it is known that all of them are done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from small_data import small_rows
from stand_in_predictor import LABELS, StandIn
from table_files import write, write_parquet
from textune.cluster.rows import (
    Intervals,
    RowReader,
    check_complete,
    classify,
    count_rows,
    count_truncated,
    done_rows,
    load_copy,
    read_columns,
    read_copy,
    write_part,
)
from textune.data.columns import ColumnChoice
from textune.errors import DataError, RunError, VerificationError
from textune.prediction.input_columns import DETECTED
from textune.recipe.settings import DataSettings
from textune.runtimes.choosing import load_predictor
from tiny_classifiers import linear_classifier, save_run


def reader_of(
    files: Sequence[Path], *, done: Intervals | None = None, mark_truncated: bool = False
) -> RowReader:
    """Return how files are read, with the columns of the first."""
    names = tuple(map(str, files))
    columns = read_columns(names, mark_truncated=mark_truncated)
    return RowReader(names, DETECTED, columns, done or {}, mark_truncated)


def read(reader: RowReader, number: int = 0) -> list[dict[str, Any]]:
    """Return the rows of a file."""
    return [row for table in reader.read(number) for row in table.to_pylist()]


def part(file: str, *rows: int) -> Any:
    """Return a table of rows of one file."""
    is_truncated = pa.array([False] * len(rows), pa.bool_())
    return pa.table(
        {"file": [file] * len(rows), "row": pa.array(rows, pa.int64()), "textune:truncated": is_truncated}
    )


def parts_of(folder: Path, *tables: Any) -> Path:
    """Write parts into a folder, and return it."""
    files = sorted({name for table in tables for name in table["file"].to_pylist()})
    assert [write_part(table, folder, files) for table in tables] == [table.num_rows for table in tables]
    return folder


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    """A table of 2,500 rows, more than two windows."""
    lines = (f"{number},hah {number}\n" for number in range(1, 2501))
    return write(tmp_path / "posts.csv", "id,text\n" + "".join(lines))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "parts").mkdir()
    return tmp_path / "parts"


def test_every_row_carries_its_file_and_its_number_there(posts: Path) -> None:
    rows = read(reader_of([posts]))

    assert [(row["file"], row["row"]) for row in rows] == [(str(posts), number) for number in range(1, 2501)]
    assert rows[1999] == {"file": str(posts), "row": 2000, "text": "hah 2000", "id": "2000"}


def test_rows_are_read_a_window_at_a_time(posts: Path) -> None:
    assert [table.num_rows for table in reader_of([posts]).read(0)] == [1024, 1024, 452]


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        ([], range(1, 2501)),
        ([(1, 1)], range(2, 2501)),
        ([(1, 2000)], range(2001, 2501)),
        ([(1, 100), (200, 2400)], [*range(101, 200), *range(2401, 2501)]),
        ([(2500, 2500)], range(1, 2500)),
        ([(1, 2500)], []),
    ],
)
def test_rows_that_are_done_are_not_read_again(
    posts: Path, done: list[tuple[int, int]], expected: Sequence[int]
) -> None:
    reader = reader_of([posts], done={str(posts): done, "another.csv": [(1, 7)]})

    assert [row["row"] for row in read(reader)] == list(expected)


def test_columns_that_are_named_like_the_outputs_are_kept_under_another_name(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", "file,row,text,label,id\nf,r,hah,l,1\n")

    (row,) = read(reader_of([path]))

    assert list(row) == ["file", "row", "text", "input_file", "input_row", "input_label", "id"]


def test_all_files_have_the_columns_of_the_first(tmp_path: Path) -> None:
    first = write(tmp_path / "a.jsonl", '{"text": "hah", "share": 0.5, "tag": "x"}\n')
    later = write(tmp_path / "b.jsonl", '{"text": "hah", "share": 1}\n')

    (row,) = read(reader_of([first, later]), 1)

    assert row == {"file": str(later), "row": 1, "text": "hah", "share": 1.0, "tag": None}


def test_the_columns_do_not_begin_with_a_file_that_has_no_rows(tmp_path: Path, posts: Path) -> None:
    empty = write(tmp_path / "a.csv", "id,text\n")

    assert read_columns([str(empty), str(posts)]).names == ["id"]


def test_parquet_files_give_the_columns_of_all_of_them_with_their_types(tmp_path: Path) -> None:
    first = pa.table({"text": ["hah"] * 1500, "row": pa.array([None] * 1400 + [7] * 100, pa.int16())})
    parquet.write_table(first, tmp_path / "a.parquet")
    later = write_parquet(tmp_path / "b.parquet", [{"text": "hah", "tag": "x"}])
    reader = reader_of([tmp_path / "a.parquet", later])

    tables = [*reader.read(0), *reader.read(1)]

    assert {table.schema.field("input_row").type for table in tables} == {pa.int16()}
    assert tables[1]["input_row"].to_pylist()[-1] == 7
    assert tables[2]["tag"].to_pylist() == ["x"]


def test_parquet_files_whose_types_do_not_go_together_are_reported_at_once(tmp_path: Path) -> None:
    first = write_parquet(tmp_path / "a.parquet", [{"text": "hah", "id": 7}])
    other = write_parquet(tmp_path / "b.parquet", [{"text": "hah", "id": "seven"}])

    with pytest.raises(DataError, match=r"'id' is int64 in .*a\.parquet and string in .*b\.par") as caught:
        reader_of([first, other])

    assert "without --engine ray" in caught.value.hint


@pytest.mark.parametrize(
    ("later", "message"),
    [({"id": "seven"}, "'id' is int64 at first and string later"), ({"lang": "en"}, "column 'lang' is not")],
)
def test_a_file_with_other_columns_is_reported(tmp_path: Path, later: dict[str, Any], message: str) -> None:
    first = write(tmp_path / "a.jsonl", json.dumps({"text": "hah", "id": 7}) + "\n")
    other = write(tmp_path / "b.jsonl", json.dumps({"text": "hah", **later}) + "\n")

    with pytest.raises(DataError, match=message) as caught:
        read(reader_of([first, other]), 1)

    assert str(other) in caught.value.message
    assert "without --engine ray" in caught.value.hint


def test_a_file_without_rows_among_others_has_none(tmp_path: Path, posts: Path) -> None:
    empty = write(tmp_path / "empty.csv", "id,text\n")
    reader = reader_of([empty, posts])

    assert read(reader, 0) == []
    assert len(read(reader, 1)) == 2500


def test_a_file_without_rows_is_not_missed_in_the_end(tmp_path: Path, posts: Path) -> None:
    reader = reader_of([write(tmp_path / "empty.csv", "id,text\n"), posts])
    done = {str(posts): [(1, 2500)]}

    assert check_complete(done, reader.filled_files(done)) == 2500


def test_a_file_with_rows_is_missed_where_none_of_them_is_done(tmp_path: Path, posts: Path) -> None:
    reader = reader_of([posts, write(tmp_path / "more.csv", "id,text\n1,hah\n")])
    done = {str(posts): [(1, 2500)]}

    with pytest.raises(VerificationError, match=r"Row 1 of .*more\.csv has no prediction"):
        check_complete(done, reader.filled_files(done))


def test_a_row_at_fault_is_reported_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", b"text\nfine\nbr\xe9ak\n")

    with pytest.raises(DataError, match=r"posts\.csv, line 3: byte 0xE9"):
        read(reader_of([path]))


def test_a_classified_table_has_the_place_the_prediction_and_the_other_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", "id,text\n7,hhhs\n8,\n")
    (table,) = reader_of([path]).read(0)

    classified = classify(StandIn(), table).to_pylist()

    scores = {"joy": 0.75, "sadness": 0.25}
    place = {"file": str(path), "row": 1, "textune:truncated": False}
    assert classified[0] == {
        **place, "text": "hhhs", "label": "joy", "score": 0.75, "scores": scores, "id": "7"
    }  # fmt: skip
    assert classified[1] == {
        **place, "row": 2, "text": "", "label": None, "score": None, "scores": None, "id": "8"
    }  # fmt: skip


def test_a_classified_table_has_the_labels_that_reach_their_thresholds(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", "labels,label,text\nown,kept,hhss\n,,ssss\n,,\n")
    files = (str(path),)
    reader = RowReader(files, DETECTED, read_columns(files, multi_label=True), {}, multi_label=True)
    (table,) = reader.read(0)

    classified = classify(StandIn(thresholds=(0.5, 0.5)), table).to_pylist()

    assert [row["labels"] for row in classified] == [["joy", "sadness"], ["sadness"], None]
    assert [row["scores"] for row in classified] == [
        {"joy": 0.5, "sadness": 0.5}, {"joy": 0.0, "sadness": 1.0}, None
    ]  # fmt: skip
    assert (classified[0]["input_labels"], classified[0]["label"]) == ("own", "kept")


def test_a_table_without_rows_has_the_columns_all_the_same(posts: Path) -> None:
    table = next(reader_of([posts]).read(0)).slice(0, 0)
    results = ("label", "score", "scores")

    assert classify(StandIn(), table).column_names == [
        "file",
        "row",
        "text",
        *results,
        "id",
        "textune:truncated",
    ]


def test_columns_that_are_joined_to_a_text_are_kept(tmp_path: Path) -> None:
    names = (str(write(tmp_path / "posts.csv", "Title,Body,id\nso,happy,1\n,sad,2\n")),)
    choice = ColumnChoice.of(DataSettings(text_column=["Title", "Body"], text_separator=" | "))

    rows = read(RowReader(names, choice, read_columns(names, choice), {}))

    assert [row["text"] for row in rows] == ["so | happy", "sad"]
    assert list(rows[0]) == ["file", "row", "text", "Title", "Body", "id"]


@pytest.fixture
def long_posts(tmp_path: Path) -> Path:
    """A table with one text that is longer than the stand-in reads, and a column of that name."""
    return write(tmp_path / "long.csv", f"text,truncated\n{'hah ' * 9},by hand\nhah,no\n,no\n")


def test_truncated_texts_are_counted_in_the_parts_and_not_marked(long_posts: Path, folder: Path) -> None:
    (table,) = reader_of([long_posts]).read(0)

    parts_of(folder, classify(StandIn(), table))

    assert count_truncated(folder) == 1
    written = parquet.read_table(folder)
    assert "textune:truncated" not in written.column_names
    assert written["truncated"].to_pylist() == ["by hand", "no", "no"]


def test_truncated_texts_are_marked_on_request(long_posts: Path, folder: Path) -> None:
    (table,) = reader_of([long_posts], mark_truncated=True).read(0)

    parts_of(folder, classify(StandIn(), table, mark_truncated=True))

    written = parquet.read_table(folder)
    assert written["truncated"].to_pylist() == [True, False, False]
    assert written["input_truncated"].to_pylist() == ["by hand", "no", "no"]


def test_parts_without_truncated_texts_count_none(posts: Path, folder: Path) -> None:
    parts_of(folder, *(classify(StandIn(), table) for table in reader_of([posts]).read(0)))

    assert count_truncated(folder) == 0


def test_what_is_written_can_be_read_as_one_table(posts: Path, folder: Path) -> None:
    tables = [classify(StandIn(), table) for table in reader_of([posts]).read(0)]

    parts_of(folder, *tables)

    whole = parquet.read_table(folder)
    assert sorted(whole["row"].to_pylist()) == list(range(1, 2501))
    assert [field.name for field in whole.schema.field("scores").type] == list(LABELS)


def test_a_table_that_is_written_twice_is_there_once(folder: Path) -> None:
    table = part("a.csv", 1, 2, 3)

    parts_of(folder, table, table)

    assert done_rows(folder) == {"a.csv": [(1, 3)]}


def test_a_table_without_rows_is_not_written(folder: Path) -> None:
    assert write_part(part("a.csv").slice(0, 0), folder, ["a.csv"]) == 0
    assert list(folder.iterdir()) == []


def test_the_rows_of_parts_are_counted_together_in_any_order(folder: Path) -> None:
    parts_of(
        folder,
        part("b.csv", 5, 6),
        part("a.csv", 4, 5, 9),
        part("a.csv", 1, 2, 3),
        pa.concat_tables([part("a.csv", 6, 7), part("b.csv", 8, 9)]),
    )

    done = done_rows(folder)

    assert done == {"a.csv": [(1, 7), (9, 9)], "b.csv": [(5, 6), (8, 9)]}
    assert count_rows(done) == 12


def test_no_parts_are_no_rows(folder: Path) -> None:
    assert done_rows(folder) == {}


def test_a_row_that_is_there_twice_is_reported(folder: Path) -> None:
    parts_of(folder, part("a.csv", 1, 2, 3), part("a.csv", 3, 4))

    with pytest.raises(VerificationError, match=r"Row 3 of a\.csv was predicted twice"):
        done_rows(folder)


@pytest.mark.parametrize(
    ("done", "row"), [({}, 1), ({"a.csv": [(3, 9)]}, 1), ({"a.csv": [(1, 4), (6, 9)]}, 5)]
)
def test_a_row_that_is_missing_is_reported(done: Intervals, row: int) -> None:
    with pytest.raises(VerificationError, match=rf"Row {row} of a\.csv has no prediction"):
        check_complete({**done, "b.csv": [(1, 2)]}, ["b.csv", "a.csv"])


def test_rows_that_are_all_there_are_counted() -> None:
    assert check_complete({"a.csv": [(1, 4)], "b.csv": [(1, 2)]}, ["a.csv", "b.csv"]) == 6


def test_a_copy_of_a_run_predicts_as_the_run_does(tmp_path: Path, tiny_distilbert: str) -> None:
    run = save_run(tmp_path / "run", linear_classifier(Path(tiny_distilbert)))
    texts = [text for text, _ in small_rows(20)]

    probabilities = load_copy(read_copy(run)).predict_proba(texts)

    np.testing.assert_array_equal(probabilities, load_predictor(run).predict_proba(texts))


def test_a_run_that_is_damaged_is_not_copied(tmp_path: Path, tiny_distilbert: str) -> None:
    run = save_run(tmp_path / "run", linear_classifier(Path(tiny_distilbert)))
    (run / "model" / "textune.json").write_text("{}")

    with pytest.raises(RunError, match="damaged"):
        read_copy(run)
