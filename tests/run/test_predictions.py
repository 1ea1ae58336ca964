"""The predictions that a run keeps: they come back as they were written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from textune.data.dataset import Split
from textune.errors import RunError
from textune.run.predictions import Predictions, read_predictions, write_predictions

SPLIT = Split(["so happy", "so sad", "fine"], np.array([1, 0, 1]), np.array([7, 3, 9]))
PROBABILITIES = np.array([[0.2, 0.8], [0.4, 0.6], [0.3, 0.7]])


def test_predictions_come_back_from_disk_as_they_were_written(tmp_path: Path) -> None:
    write_predictions(tmp_path / "test.parquet", Predictions.of(SPLIT, PROBABILITIES, ("anger", "joy")))

    predictions = read_predictions(tmp_path / "test.parquet")

    assert (predictions.texts, predictions.labels.tolist()) == (tuple(SPLIT.texts), [1, 0, 1])
    assert predictions.rows.tolist() == [7, 3, 9]
    assert predictions.label_names == ("anger", "joy")
    np.testing.assert_array_equal(predictions.probabilities, PROBABILITIES)
    assert (predictions.predicted.tolist(), predictions.scores.tolist()) == ([1, 1, 1], [0.8, 0.6, 0.7])


def test_predictions_that_a_run_does_not_keep_are_reported(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"train.parquet are missing"):
        read_predictions(tmp_path / "train.parquet")
