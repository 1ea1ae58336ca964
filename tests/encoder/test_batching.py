"""Padded arrays of rows of tokens, with and without segment ids."""

from __future__ import annotations

import numpy as np

from textune.encoder.batching import pad_rows


def test_rows_with_segment_ids_give_a_third_array_that_is_zero_where_there_is_padding() -> None:
    long, short = np.array([[5, 0], [6, 1], [7, 1]]), np.array([[8, 1]])

    ids, mask, segments = pad_rows([long, short], padding_id=9)

    assert ids.tolist() == [[5, 6, 7], [8, 9, 9]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert segments.tolist() == [[0, 1, 1], [1, 0, 0]]


def test_rows_without_segment_ids_give_two_arrays() -> None:
    assert len(pad_rows([[5, 6], [7]], padding_id=0)) == 2
