"""Several text columns as one: what stands between their texts, what is left out, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from table_files import write, write_parquet
from textune.data.in_memory import as_source
from textune.data.sources import load_source
from textune.errors import DataError
from textune.formats.joining import with_made_names
from textune.formats.registry import Reading
from textune.formats.tables import column_names, read_rows
from textune.recipe.settings import DataSettings

BOTH = Reading(joined=("Title", "Body"), between=" [SEP] ")
ROWS = [
    {"Title": "So happy", "Body": "What a day", "Kind": "joy"},
    {"Title": "", "Body": "Not again", "Kind": "anger"},
    {"Title": "Sad", "Body": None, "Kind": "sadness"},
    {"Title": " ", "Body": "", "Kind": "joy"},
]
JOINED = ["So happy [SEP] What a day", "Not again", "Sad", ""]


def table(folder: Path, suffix: str, rows: list[dict[str, Any]] = ROWS) -> Path:
    """Write rows as a table of a format."""
    path = folder / f"posts{suffix}"
    if suffix == ".parquet":
        return write_parquet(path, rows)
    if suffix == ".jsonl":
        return write(path, "".join(f"{json.dumps(row)}\n" for row in rows))
    lines = [",".join(rows[0]), *(",".join(value or "" for value in row.values()) for row in rows)]
    return write(path, "\n".join(lines) + "\n")


def labelled(folder: Path, count: int = 60) -> Path:
    """Write a table with labels in which every third body is blank."""
    rows = [
        f"so {mood} {n},{'' if n % 3 == 0 else f'today {n}'},{mood},{n}\n"
        for n in range(count)
        for mood in ("happy", "sad")
    ]
    return write(folder / "labelled.csv", "Title,Body,Kind,id\n" + "".join(rows))


def settings(**others: Any) -> DataSettings:
    return DataSettings.model_validate(
        {"text_column": ["Title", "Body"], "label_column": "Kind", "text_separator": " | ", **others}
    )


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_texts_are_joined_and_blank_parts_leave_no_separator(tmp_path: Path, suffix: str) -> None:
    rows = list(read_rows(table(tmp_path, suffix), reading=BOTH))

    assert [row.values["Title + Body"] for row in rows] == JOINED
    assert rows[0].values["Title"] == "So happy"


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_the_joined_column_can_be_read_alone(tmp_path: Path, suffix: str) -> None:
    path = table(tmp_path, suffix)

    assert column_names(path, BOTH) == ["Title", "Body", "Kind", "Title + Body"]
    assert [
        row.values["Title + Body"] for row in read_rows(path, columns=["Title + Body"], reading=BOTH)
    ] == JOINED


def test_other_columns_are_read_without_joining(tmp_path: Path) -> None:
    path = table(tmp_path, ".jsonl", [{"Title": 7, "Body": "x", "Kind": "joy"}])

    assert [row.values["Kind"] for row in read_rows(path, columns=["Kind"], reading=BOTH)] == ["joy"]


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_part_that_is_not_a_text_is_refused_with_its_column_and_place(tmp_path: Path, suffix: str) -> None:
    path = table(tmp_path, suffix, [{"Title": "a", "Body": 7, "Kind": "joy"}])

    with pytest.raises(DataError, match=r"posts\.\w+, (line|row) 1: the column 'Body' holds 7, not"):
        list(read_rows(path, reading=BOTH))


def test_a_text_that_holds_the_separator_is_kept_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "Title,Body,Kind\na [SEP] b,c,joy\n")

    assert next(read_rows(path, reading=BOTH)).values["Title + Body"] == "a [SEP] b [SEP] c"


def test_without_all_parts_there_is_no_joined_column() -> None:
    assert with_made_names(["Title", "Kind"], BOTH) == ["Title", "Kind"]


def test_a_source_has_the_joined_texts_in_the_order_of_the_setting(tmp_path: Path) -> None:
    source = load_source(str(labelled(tmp_path)), settings(text_column=["Body", "Title"]))

    texts = {text for rows in source.splits.values() for text in rows.texts}
    assert {"today 1 | so happy 1", "so sad 0"} <= texts
    assert (
        "Texts are the columns 'Body' and 'Title', with ' | ' between them; labels are in 'Kind'."
        in source.notes
    )


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no column 'Bodies'") as caught:
        load_source(str(labelled(tmp_path)), settings(text_column=["Title", "Bodies"]))

    assert "Did you mean 'Body'?" in caught.value.hint


def test_a_part_that_is_missing_in_a_later_file_is_named(tmp_path: Path) -> None:
    labelled(tmp_path).rename(tmp_path / "train.csv")
    write(tmp_path / "test.csv", "Title,Kind\nso happy,happy\n")

    with pytest.raises(DataError, match=r"test\.csv has no column 'Body', which train has"):
        load_source(str(tmp_path), settings())


def test_a_part_is_not_the_label(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="The column 'Body' is both the text and the label"):
        load_source(str(labelled(tmp_path)), settings(label_column="Body"))


def columns() -> dict[str, list[str | None]]:
    """Return columns in which every other body is missing."""
    return {
        "Title": [f"so happy {n}" for n in range(40)],
        "Body": [None if n % 2 else "today" for n in range(40)],
        "Kind": ["joy" if n % 4 < 2 else "sadness" for n in range(40)],
    }


def texts_of(source: Any) -> set[str]:
    return {text for split in source.splits.values() for text in split.texts}


EXPECTED = {f"so happy {n}" if n % 2 else f"so happy {n} | today" for n in range(40)}


def test_rows_in_memory_are_joined_alike() -> None:
    _, held = as_source(columns())
    assert held is not None

    assert texts_of(load_source(held, settings())) == EXPECTED


def test_a_saved_dataset_is_joined_alike(tmp_path: Path) -> None:
    Dataset.from_dict(columns()).save_to_disk(tmp_path / "saved")

    assert texts_of(load_source(str(tmp_path / "saved"), settings())) == EXPECTED


def test_a_part_in_memory_that_is_not_a_text_is_refused() -> None:
    _, held = as_source({**columns(), "Title": list(range(40))})
    assert held is not None

    with pytest.raises(DataError, match="row 1: the column 'Title' holds 0, not a text"):
        load_source(held, settings())
