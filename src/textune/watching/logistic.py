"""Logistic regression on a few columns, towards coefficients that are expected.

In: columns, targets of 0 and 1, weights. Out: coefficients. Newton's method, which takes milliseconds for
tens of columns; fits of thousands of resamples are affordable.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from textune.tasks import multi_label

_STEPS = 15
_SETTLED = 1e-5
_LONGEST_STEP = 5.0


def fit_logistic(
    columns: NDArray[np.float64],
    targets: NDArray[np.bool_],
    *,
    weights: NDArray[np.float64] | float = 1.0,
    pull: NDArray[np.float64],
    expected: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the coefficients (columns,) that fit targets (rows,) best.

    Args:
        columns: Inputs (rows, columns); a column of ones gives an intercept.
        targets: What to predict.
        weights: How much each row counts, (rows,).
        pull: How strongly each coefficient is drawn to what is expected, (columns,): the inverse variance of
            a normal distribution around it.
        expected: What is expected; 0 by default.
    """
    start = np.zeros(columns.shape[1]) if expected is None else expected
    coefficients, counts = start.copy(), np.broadcast_to(weights, len(columns))
    for _ in range(_STEPS):
        shares = multi_label.probabilities(columns @ coefficients)
        slope = columns.T @ (counts * (shares - targets)) + pull * (coefficients - start)
        curvature = (columns * (counts * shares * (1 - shares))[:, None]).T @ columns
        step = np.linalg.solve(curvature + np.diag(pull + 1e-9), slope)
        length = float(np.abs(step).max())
        coefficients = coefficients - step * min(1.0, _LONGEST_STEP / max(length, _LONGEST_STEP))
        if length < _SETTLED:
            break
    return coefficients
