"""Rows whose label a reviewer has turned down are not learned from."""

from __future__ import annotations

from pathlib import Path

import pytest

from textune.data.columns import ColumnChoice
from textune.data.sources import read_source
from textune.errors import DataError
from textune.recipe.settings import DataSettings


def write_reviewed(path: Path, column: str, verdicts: list[str]) -> Path:
    """Write a row for each verdict on its label."""
    rows = [f"text {row},{'ab'[row % 2]},{verdict}\n" for row, verdict in enumerate(verdicts)]
    path.write_text("".join([f"text,label,{column}\n", *rows]), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("column", "verdicts"),
    [
        ("status", ["approved", "rejected", "approved", "draft"]),
        ("verdict", ["accept", "reject", "accept", "ignore"]),
        ("Review status", ["", "Skipped", "done", "cancelled"]),
        ("skipped", ["False", "True", "False", "True"]),
        ("was_cancelled", ["0", "1", "0", "1"]),
        ("is accepted", ["yes", "no", "yes", "no"]),
        ("human-annotated", ["yes", "no", "yes", "no"]),
        ("label_source", ["human", "model", "manual", "prediction"]),
        ("annotation_state", ["submitted", "in progress", "ok", "discarded"]),
        ("AssignmentStatus", ["Approved", "Rejected", "Submitted", "Rejected"]),
        ("review_status", ["APPROVED", "NEEDS_REVIEW", "APPROVED", "not reviewed"]),
        ("status", ["accepted", "skipped by annotator", "not rejected", "rejected"]),
        ("label_source", ["human", "gpt-4", "manual", "model v2"]),
        ("is_prediction", ["0", "1", "0", "1"]),
        ("label.status", ["submitted", "discarded", "submitted", "draft"]),
        ("deleted", ["false", "true", "false", "true"]),
        ("human_verified", ["TRUE", "FALSE", "TRUE", "FALSE"]),
    ],
)
def test_rows_that_were_turned_down_are_left_out(column: str, verdicts: list[str], tmp_path: Path) -> None:
    source = read_source(str(write_reviewed(tmp_path / "posts.csv", column, verdicts)), ColumnChoice())

    assert source.splits["train"].texts == ["text 0", "text 2"]
    assert f"Left out 2 rows that the column '{column}' rejects" in source.notes[-1]


def test_rows_are_kept_on_request(tmp_path: Path) -> None:
    path = write_reviewed(tmp_path / "tickets.csv", "status", ["done", "pending", "done", "cancelled"])

    source = read_source(str(path), ColumnChoice.of(DataSettings(verdicts="none")))

    assert len(source.splits["train"].texts) == 4
    assert source.notes == ()


@pytest.mark.parametrize(
    ("column", "verdicts"),
    [
        ("mood", ["rejected", "skipped", "", ""]),
        ("approved", ["no", "no", "no", "no"]),
        ("skipped", ["twice", "true", "", ""]),
        ("order_status", ["done", "cancelled", "done", "pending"]),
    ],
    ids=["another name", "nobody has approved yet", "neither true nor false", "another status"],
)
def test_a_column_of_something_else_turns_nothing_down(
    column: str, verdicts: list[str], tmp_path: Path
) -> None:
    source = read_source(str(write_reviewed(tmp_path / "posts.csv", column, verdicts)), ColumnChoice())

    assert len(source.splits["train"].texts) == 4


def test_values_that_are_no_verdicts_beside_some_that_are_stay_and_are_named(tmp_path: Path) -> None:
    path = write_reviewed(tmp_path / "posts.csv", "status", ["approved", "rejected", "archived", "draft"])

    source = read_source(str(path), ColumnChoice())

    assert source.splits["train"].texts == ["text 0", "text 2"]
    assert "1 rejected, 1 draft. Rows with 'archived' are kept." in source.notes[-1]


def test_a_status_of_something_else_turns_nothing_down_but_is_mentioned(tmp_path: Path) -> None:
    path = write_reviewed(tmp_path / "tickets.csv", "status", ["open", "rejected", "closed", "open"])

    source = read_source(str(path), ColumnChoice())

    assert len(source.splits["train"].texts) == 4
    assert "'status' may reject rows (1 rejected)" in source.notes[-1]


def test_each_of_several_columns_turns_rows_down(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(
        "text,label,status,skipped\nfine,a,approved,0\nworse,b,rejected,0\nbad,a,approved,1\n", "utf-8"
    )

    source = read_source(str(path), ColumnChoice())

    assert source.splits["train"].texts == ["fine"]


def test_a_column_that_turns_all_rows_down_is_the_reason_that_none_is_left(tmp_path: Path) -> None:
    path = write_reviewed(tmp_path / "posts.csv", "label_source", ["model", "gpt-4", "model", "model"])

    with pytest.raises(DataError, match="'label_source' rejects all 4 rows: 3 model, 1 'gpt-4'"):
        read_source(str(path), ColumnChoice())
