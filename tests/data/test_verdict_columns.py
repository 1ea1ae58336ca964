"""Rows whose label a reviewer has turned down are not learned from."""

from __future__ import annotations

from pathlib import Path

import pytest

from textune.data.columns import ColumnChoice
from textune.data.sources import read_source


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
    ],
)
def test_rows_that_were_turned_down_are_left_out(column: str, verdicts: list[str], tmp_path: Path) -> None:
    source = read_source(str(write_reviewed(tmp_path / "posts.csv", column, verdicts)), ColumnChoice())

    assert source.splits["train"].texts == ["text 0", "text 2"]
    assert f"Left out 2 rows that the column '{column}' turns down" in source.notes[-1]


@pytest.mark.parametrize(
    ("column", "verdicts"),
    [
        ("status", ["open", "rejected", "closed", "open"]),
        ("mood", ["rejected", "skipped", "", ""]),
        ("approved", ["no", "no", "no", "no"]),
        ("skipped", ["twice", "true", "", ""]),
    ],
    ids=["other values", "another name", "nobody has approved yet", "neither true nor false"],
)
def test_a_column_of_something_else_turns_nothing_down(
    column: str, verdicts: list[str], tmp_path: Path
) -> None:
    source = read_source(str(write_reviewed(tmp_path / "posts.csv", column, verdicts)), ColumnChoice())

    assert len(source.splits["train"].texts) == 4
