"""The last estimate of a log lies in its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from textune.logbook.log_estimate import LogEstimate, read_log_estimate, write_log_estimate
from textune.logbook.log_folder import log_files

ESTIMATE = LogEstimate("f00", "accuracy", 1e9, 500, 0.7, 0.6, 0.8, 0.0)


def test_it_is_read_back_and_is_no_file_of_the_log(tmp_path: Path) -> None:
    write_log_estimate(tmp_path, ESTIMATE)

    assert read_log_estimate(tmp_path) == ESTIMATE
    assert log_files(tmp_path) == []


@pytest.mark.parametrize("contents", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "x": 1}', "nonsense"])
def test_what_is_no_estimate_counts_as_none(tmp_path: Path, contents: str) -> None:
    (tmp_path / "estimate.json").write_text(contents, encoding="utf-8")

    assert read_log_estimate(tmp_path) is None


def test_a_folder_without_one_has_none(tmp_path: Path) -> None:
    assert read_log_estimate(tmp_path / "nosuch") is None
