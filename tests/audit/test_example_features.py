"""Features of several splits as one."""

from __future__ import annotations

import numpy as np
import pytest

from textune.audit import example_features
from textune.audit.example_features import ExampleFeatures, rows_in_parts

ARRAY = np.arange(20, dtype=np.float32).reshape(10, 2)


@pytest.fixture
def features() -> ExampleFeatures:
    return ExampleFeatures([ARRAY[:6], ARRAY[6:6], ARRAY[6:]])


def test_rows_are_numbered_through_all_parts(features: ExampleFeatures) -> None:
    rows = np.array([9, 0, 5, 6, 0])

    assert len(features) == 10
    np.testing.assert_array_equal(features[rows], ARRAY[rows])


def test_selected_rows_are_numbered_from_0(features: ExampleFeatures) -> None:
    selected = features.select(np.array([8, 1, 7]))

    assert len(selected) == 3
    np.testing.assert_array_equal(selected[np.array([2, 0])], ARRAY[[7, 8]])
    np.testing.assert_array_equal(selected.select(np.array([1]))[np.array([0])], ARRAY[[1]])


def test_rows_are_read_some_at_a_time(features: ExampleFeatures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(example_features, "_ROWS_AT_ONCE", 3)
    rows = np.array([4, 3, 9, 8])

    parts = list(rows_in_parts(features, rows))

    assert [len(part) for part in parts] == [3, 1]
    np.testing.assert_array_equal(np.concatenate(parts), ARRAY[rows])
