"""What tells texts outside the classes apart, beside the weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from textune.errors import ModelError
from textune.model.outside_threshold import OutsideThreshold, read_outside_threshold, write_outside_threshold
from textune.model.threshold import OUTSIDE, copy_thresholds

STORED = OutsideThreshold("oos", "max_logit", 0.1 + 0.2)


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_outside_threshold(tmp_path, STORED)

    assert read_outside_threshold(tmp_path) == STORED


def test_it_goes_into_exports_with_the_other_thresholds(tmp_path: Path) -> None:
    write_outside_threshold(tmp_path, STORED)
    (tmp_path / "export").mkdir()

    copy_thresholds(tmp_path, tmp_path / "export")

    assert read_outside_threshold(tmp_path / "export") == STORED


def test_a_classifier_without_the_file_tells_no_texts_apart(tmp_path: Path) -> None:
    assert read_outside_threshold(tmp_path) is None


def test_a_text_below_the_threshold_is_outside_and_one_at_it_is_not() -> None:
    outside = OutsideThreshold("oos", "max_logit", 1.0)

    assert outside.is_other(np.array([[0.5, 0.9], [1.0, 0.0]], dtype=np.float32)).tolist() == [True, False]


@pytest.mark.parametrize(
    "change",
    [
        {"score": "mahalanobis"},
        {"score": []},
        {"threshold": "high"},
        {"threshold": None},
        {"threshold": float("nan")},
    ],
)
def test_a_damaged_file_is_refused(change: dict[str, object], tmp_path: Path) -> None:
    values = {"label": "oos", "score": "max_logit", "threshold": 1.0, **change}
    (tmp_path / OUTSIDE).write_text(json.dumps(values))

    with pytest.raises(ModelError, match=r"other\.json cannot be read"):
        read_outside_threshold(tmp_path)


@pytest.mark.parametrize("contents", ["", "[]", "{}", "{"])
def test_a_file_that_is_something_else_is_refused(contents: str, tmp_path: Path) -> None:
    (tmp_path / OUTSIDE).write_text(contents)

    with pytest.raises(ModelError, match=r"other\.json cannot be read"):
        read_outside_threshold(tmp_path)
