"""The vectors of windows become those of texts, all at once or a few texts at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from textune.encoder.window_pooling import WindowPool, encode_windows, pool_windows
from textune.encoder.windows import SpecialTokens, WindowedTexts, WindowReading, WindowRows, make_windows

VECTORS = np.array([[1, -2], [3, 4], [5, 0], [-1, 7]], dtype=np.float32)
"""Those of four windows: one of the first text, three of the second."""
COUNTS = torch.tensor([1, 3])
QUERY = torch.tensor([[0.5, 1.0]])


def texts_of(*lengths: int) -> WindowedTexts:
    """Return texts of so many tokens, in windows of 4 that share one."""
    none = np.zeros(0, dtype=np.int32)
    rows = [np.arange(length, dtype=np.int32) for length in lengths]
    reading = WindowReading(1, "mean")
    return make_windows(rows, SpecialTokens(none, none), max_tokens=4, reading=reading)[0]


def vectors_of(windows: WindowRows, _: object = None) -> np.ndarray:
    """Return a vector of each window: its first and its last token."""
    return np.array([[window[0], window[-1]] for window in windows], dtype=np.float32)


def test_mean_and_maximum_are_those_of_each_number_over_a_texts_windows() -> None:
    vectors = torch.from_numpy(VECTORS)

    assert WindowPool("max")(vectors, COUNTS).tolist() == [[1, -2], [5, 7]]
    assert WindowPool("mean")(vectors, COUNTS)[1].tolist() == pytest.approx([7 / 3, 11 / 3])


def test_attention_weights_a_texts_windows_by_their_products_with_the_query() -> None:
    powers = np.exp(VECTORS[1:] @ np.array([0.5, 1.0]))

    pooled = WindowPool("attention", QUERY)(torch.from_numpy(VECTORS), COUNTS)

    assert pooled[1].tolist() == pytest.approx((powers / powers.sum() @ VECTORS[1:]).tolist(), rel=1e-5)


@pytest.mark.parametrize("pool", [WindowPool("mean"), WindowPool("max"), WindowPool("attention", QUERY)])
def test_the_vector_of_a_single_window_stays_as_it_is(pool: WindowPool) -> None:
    vectors = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))

    assert torch.equal(pool(vectors, torch.ones(5, dtype=torch.long)), vectors)


def test_texts_that_are_encoded_a_few_at_a_time_have_the_same_vectors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts, pool, done = texts_of(3, 30, 4, 1, 9), WindowPool("max"), list[tuple[int, int]]()
    expected = pool_windows(vectors_of(texts.windows), texts, pool=pool)
    monkeypatch.setattr("textune.encoder.windows.WindowedTexts.parts.__kwdefaults__", {"most": 2})

    def encode(windows: WindowRows, advance: object) -> np.ndarray:
        assert len(windows) <= max(2, *texts.counts)
        advance(len(windows), len(windows))  # type: ignore[operator]
        return vectors_of(windows)

    pooled = encode_windows(encode, texts, pool=pool, on_progress=lambda *now: done.append(now))

    assert pooled.tolist() == expected.tolist()
    assert done[-1] == (5, 5)
