"""The scores by which texts outside the classes are told apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from textune.tasks.outside_scores import OUTSIDE_SCORES

LOGITS = np.array([[2.0, -1.0, 0.5], [900.0, 0.0, -900.0], [0.0, 0.0, 0.0]], dtype=np.float32)


def measured(key: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return OUTSIDE_SCORES[key].measure(LOGITS)


def test_the_highest_logit_is_that_of_torch() -> None:
    assert measured("max_logit").tolist() == [2.0, 900.0, 0.0]


def test_the_energy_is_that_of_torch_and_does_not_overflow() -> None:
    expected = torch.from_numpy(LOGITS).double().logsumexp(dim=1).numpy()

    np.testing.assert_allclose(measured("energy"), expected, rtol=1e-12)


def test_the_highest_probability_is_that_of_torch() -> None:
    expected = torch.from_numpy(LOGITS).double().softmax(dim=1).amax(dim=1).numpy()

    np.testing.assert_allclose(measured("max_probability"), expected, atol=1e-12)


@pytest.mark.parametrize("key", OUTSIDE_SCORES)
def test_a_score_does_not_depend_on_the_rows_beside_it(key: str) -> None:
    measure = OUTSIDE_SCORES[key].measure

    assert measure(LOGITS).tolist() == [measure(row[None])[0] for row in LOGITS]
