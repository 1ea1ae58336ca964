"""Files of predictions: every row is there, in order, with its columns; a file is whole or not there."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from output_files import read
from stand_in_predictor import LABELS, StandIn, numbered, predicted, rows
from textune.errors import RequestError
from textune.prediction.inputs import read_texts
from textune.prediction.stream import Prediction, TextRow, predict_rows
from textune.prediction.writers import OutputLayout, check_output, write_file

SUFFIXES = (".csv", ".jsonl", ".parquet")
WINDOW = 1024


def write(path: Path, predictions: Iterable[Prediction]) -> list[dict[str, Any]]:
    """Write predictions to a file, and return what can be read of it."""
    write_file(path, predictions, OutputLayout(LABELS))
    return read(path)


def refusal(path: Path, predictions: Iterable[Prediction]) -> RequestError:
    """Return the error that writing predictions raises; it must have a hint, and leave nothing behind."""
    with pytest.raises(RequestError) as caught:
        write_file(path, predictions, OutputLayout(LABELS))
    assert caught.value.hint
    assert list(path.parent.iterdir()) == []
    return caught.value


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_number_of_rows_written_is_returned(tmp_path: Path, suffix: str) -> None:
    predictions = predict_rows(StandIn(), numbered(WINDOW + 76, every_empty=10))

    assert write_file(tmp_path / f"out{suffix}", predictions, OutputLayout(LABELS)) == WINDOW + 76


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_has_every_row_of_every_window_in_order(tmp_path: Path, suffix: str) -> None:
    given = numbered(2 * WINDOW + 52, every_empty=7)

    written = write(tmp_path / f"out{suffix}", predict_rows(StandIn(), given))

    assert [(row["text"], str(row["id"])) for row in written] == [
        (row.text, str(row.others["id"])) for row in given
    ]
    assert [bool(row["label"]) for row in written] == [bool(row.text) for row in given]


def test_a_csv_file_has_a_column_for_every_score(tmp_path: Path) -> None:
    written = write(
        tmp_path / "out.csv", predict_rows(StandIn(), [TextRow("hhhs", {"id": 7}), TextRow("", {})])
    )

    assert written == [
        {
            "text": "hhhs",
            "label": "joy",
            "score": "0.75",
            "score_joy": "0.75",
            "score_sadness": "0.25",
            "id": "7",
        },
        {"text": "", "label": "", "score": "", "score_joy": "", "score_sadness": "", "id": ""},
    ]


def test_a_jsonl_file_has_the_lines_of_predict_json(tmp_path: Path) -> None:
    given = [TextRow("häh", {"id": 7, "day": datetime.date(2024, 2, 29)}), TextRow("", {})]

    written = write(tmp_path / "out.jsonl", predict_rows(StandIn(), given))

    assert written[0].items() >= {"text": "häh", "label": "joy", "id": 7, "day": "2024-02-29"}.items()
    assert written[1] == {"text": "", "label": None, "score": None, "scores": {}}


def test_a_parquet_file_keeps_the_types_of_the_columns(tmp_path: Path) -> None:
    others = {"id": 7, "share": 0.5, "ok": True, "day": datetime.date(2024, 2, 29), "tags": ["a"], "no": None}

    written = write(tmp_path / "out.parquet", predicted(others))

    scores = {"joy": 0.5, "sadness": 0.5}
    assert written == [{"text": "hhsa", "label": "joy", "score": 0.5, "scores": scores, **others}]


def test_an_empty_text_has_nulls_in_a_parquet_file(tmp_path: Path) -> None:
    written = write(tmp_path / "out.parquet", predict_rows(StandIn(), rows("", "hs")))

    assert written[0] == {"text": "", "label": None, "score": None, "scores": None}


def test_a_parquet_file_may_begin_with_a_window_of_empty_texts(tmp_path: Path) -> None:
    written = write(tmp_path / "out.parquet", predict_rows(StandIn(), rows(*[""] * WINDOW, "hhhs")))

    scores = {"joy": 0.75, "sadness": 0.25}
    assert written[WINDOW - 1 :] == [
        {"text": "", "label": None, "score": None, "scores": None},
        {"text": "hhhs", "label": "joy", "score": 0.75, "scores": scores},
    ]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_odd_characters_come_back_as_they_were(tmp_path: Path, suffix: str) -> None:
    odd = 'h "so",\r\nhappy\ttoday\r\u2028;\n😀'

    (read_back,) = write(tmp_path / f"out{suffix}", predicted({"a,b": odd}, text=odd))

    assert (read_back["text"], read_back["a,b"]) == (odd, odd)


def test_label_names_with_odd_characters_name_their_columns(tmp_path: Path) -> None:
    names = ("a, b", 'say "so"\n')

    write_file(tmp_path / "out.csv", predicted({}, label_names=names), OutputLayout(names))

    assert list(read(tmp_path / "out.csv")[0])[3:] == ["score_a, b", 'score_say "so"\n']


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_was_written_can_be_predicted_again(tmp_path: Path, suffix: str) -> None:
    first, again = tmp_path / f"first{suffix}", tmp_path / f"again{suffix}"
    write(first, predicted({"id": "7", "label": "x"}))

    written = write(again, predict_rows(StandIn(), read_texts(first)))

    assert [row.text for row in read_texts(again)] == ["hhsa"]
    assert (written[0]["id"], written[0]["input_label"], written[0]["input_input_label"]) == ("7", "joy", "x")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_values_stand_under_their_names_whatever_the_order_of_a_rows_columns(
    tmp_path: Path, suffix: str
) -> None:
    predictions = predicted({"id": "1"}, {"lang": "en", "id": "2"}, {"lang": "de"})

    written = write(tmp_path / f"out{suffix}", predictions)

    assert [(row["id"] or None, row["lang"] or None) for row in written] == [
        ("1", None),
        ("2", "en"),
        (None, "de"),
    ]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_column_that_first_comes_up_after_a_window_is_refused(tmp_path: Path, suffix: str) -> None:
    error = refusal(tmp_path / f"out{suffix}", predicted(*[{"id": 1}] * WINDOW, {"id": 1, "lang": "en"}))

    assert "The input's column 'lang' is not in its first 1,024 rows" in error.message
    assert ".jsonl" in error.hint


def test_a_jsonl_file_takes_a_column_whenever_it_comes_up(tmp_path: Path) -> None:
    written = write(tmp_path / "out.jsonl", predicted(*[{"id": 1}] * WINDOW, {"lang": "en"}))

    assert (written[0]["id"], written[-1]["lang"]) == (1, "en")


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (1, "a"),
        ("a", 1),
        (1, 1.5),
        (1, True),
        (1, 2**70),
        (None, "a"),
        ("a", ["a"]),
        ({"a": 1}, {"a": 1, "b": 2}),
    ],
)
def test_a_type_that_changes_after_a_window_is_refused_by_parquet(
    tmp_path: Path, first: Any, later: Any
) -> None:
    error = refusal(tmp_path / "out.parquet", predicted(*[{"id": first}] * WINDOW, {"id": later}))

    assert "A Parquet file cannot hold the input's columns" in error.message
    assert ".jsonl" in error.hint


def test_the_column_whose_type_changes_is_named(tmp_path: Path) -> None:
    first, later = {"share": 0.5, "id": 1, "lang": "en"}, {"share": 1, "id": 1.5, "lang": None}

    error = refusal(tmp_path / "out.parquet", predicted(*[first] * WINDOW, later))

    assert "'id' is int64 at first and double later" in error.message


@pytest.mark.parametrize("values", [(1, "a"), (2**70, 1), ({}, {}), (["a"], [1])])
def test_values_that_fit_into_no_type_are_refused_by_parquet(tmp_path: Path, values: tuple[Any, Any]) -> None:
    error = refusal(tmp_path / "out.parquet", predicted(*({"id": value} for value in values)))

    assert "A Parquet file cannot hold the input's columns" in error.message


@pytest.mark.parametrize(("first", "later"), [(0.5, 1), (0.5, None), ("a", None), ({"a": 1}, {"a": None})])
def test_a_value_that_fits_into_the_first_windows_type_is_taken(
    tmp_path: Path, first: Any, later: Any
) -> None:
    written = write(tmp_path / "out.parquet", predicted(*[{"id": first}] * WINDOW, {"id": later}))

    assert (written[0]["id"], written[-1]["id"]) == (first, later)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_predictor_that_fails_midway_leaves_no_file(tmp_path: Path, suffix: str) -> None:
    predictions = predict_rows(StandIn(fails_at_call=2), numbered(WINDOW + 1))

    with pytest.raises(ZeroDivisionError):
        write_file(tmp_path / f"out{suffix}", predictions, OutputLayout(LABELS))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_predictor_that_fails_midway_leaves_an_older_file_as_it_was(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    path.write_bytes(b"older")
    predictions = predict_rows(StandIn(fails_at_call=2), numbered(WINDOW + 1))

    with pytest.raises(ZeroDivisionError):
        write_file(path, predictions, OutputLayout(LABELS))

    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"older"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_older_file_is_replaced_once_all_is_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    path.write_bytes(b"older" * 1000)

    assert len(write(path, predicted({}, {}))) == 2
    assert list(tmp_path.iterdir()) == [path]


def test_no_rows_make_a_csv_file_of_a_header(tmp_path: Path) -> None:
    assert write_file(tmp_path / "out.csv", [], OutputLayout(LABELS)) == 0
    assert (tmp_path / "out.csv").read_bytes() == b"text,label,score,score_joy,score_sadness\r\n"


def test_no_rows_make_an_empty_jsonl_file(tmp_path: Path) -> None:
    assert write_file(tmp_path / "out.jsonl", [], OutputLayout(LABELS)) == 0
    assert (tmp_path / "out.jsonl").read_bytes() == b""


def test_no_rows_make_a_parquet_file_of_columns(tmp_path: Path) -> None:
    assert write_file(tmp_path / "out.parquet", [], OutputLayout(LABELS)) == 0

    table = parquet.read_table(tmp_path / "out.parquet")
    assert table.num_rows == 0
    assert table.schema.field("scores").type == pa.struct([("joy", pa.float64()), ("sadness", pa.float64())])
    assert table.column_names == ["text", "label", "score", "scores"]


def test_missing_folders_are_made(tmp_path: Path) -> None:
    assert len(write(tmp_path / "new" / "folder" / "out.csv", predicted({}))) == 1


@pytest.mark.parametrize("name", ["out.csv", "out.CSV", "out.Jsonl", "out.PARQUET", "a.b.csv"])
def test_a_known_suffix_is_taken_in_any_case(tmp_path: Path, name: str) -> None:
    assert write_file(tmp_path / name, predicted({}), OutputLayout(LABELS)) == 1


@pytest.mark.parametrize("name", ["out.xlsx", "out.txt", "out.tsv", "out", ".csv"])
def test_an_unknown_suffix_is_refused(tmp_path: Path, name: str) -> None:
    error = refusal(tmp_path / name, predicted({}))

    assert "is not a known format" in error.message
    assert ".csv, .jsonl, .parquet" in error.hint


@pytest.mark.parametrize("name", ["out", "out.csv"])
def test_an_output_that_is_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()

    with pytest.raises(RequestError, match="is a folder"):
        check_output(tmp_path / name)


def test_an_output_that_is_refused_costs_no_prediction(tmp_path: Path) -> None:
    predictor = StandIn()

    refusal(tmp_path / "out.xlsx", predict_rows(predictor, rows("a")))

    assert predictor.calls == []
