"""Rows as `tf.data.Dataset`s: batches of inputs with one-hot labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.errors import MissingExtraError


def one_hot(labels: Sequence[int] | NDArray[np.integer[Any]], classes: int) -> NDArray[np.float32]:
    """Return labels (n,) as float32 rows (n, classes) that hold a single 1.

    Example:
        >>> one_hot([2, 0], 3).tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    rows: NDArray[np.float32] = np.eye(classes, dtype=np.float32)[np.asarray(labels)]
    return rows


def tf_batches(
    inputs: Any,
    labels: Sequence[int] | NDArray[np.integer[Any]],
    *,
    batch_size: int,
    classes: int,
    shuffle_seed: int | None = None,
) -> Any:
    """Return an array, or arrays by name, as a batched `tf.data.Dataset` of (inputs, one-hot labels).

    The last batch may have fewer rows. The seed decides the order of the rows, which changes every epoch;
    without a seed, they stay in order. A `MissingExtraError` says that TensorFlow is not installed.
    """
    try:
        import tensorflow as tf
    except ImportError as error:
        raise MissingExtraError("tensorflow", "A view of the data as tf.data.Dataset") from error
    rows = tf.data.Dataset.from_tensor_slices((inputs, one_hot(labels, classes)))
    if shuffle_seed is not None:
        rows = rows.shuffle(len(labels), seed=shuffle_seed, reshuffle_each_iteration=True)
    return rows.batch(batch_size)
