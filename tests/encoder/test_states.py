"""What frozen layers give for every token: computed once, kept on disk, padded when it is needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel

from textune.encoder.batching import pad_tensors
from textune.encoder.cache import FeatureCache
from textune.encoder.placement import Placement, place
from textune.encoder.states import TokenStates, cached_states
from textune.encoder.suffix import build_prefix, run_prefix

# The longest first, as batches are: so a batch of them all is the one that the cache computes.
ROWS = [[2, 10, 11, 12, 13, 14, 3], [2, 10, 11, 3], [2, 12, 3]]
TOKENS = sum(len(row) for row in ROWS)
BF16 = Placement("cpu", "bf16", "eager")


@pytest.fixture(scope="module")
def prefix(tiny_models: Callable[[str], Path]) -> Any:
    encoder = AutoModel.from_pretrained(tiny_models("distilbert"), attn_implementation="eager").eval()
    return place(build_prefix(encoder, 1), BF16)


def states_of(
    cache: FeatureCache, prefix: Any, rows: list[list[int]] = ROWS, **options: Any
) -> tuple[TokenStates, bool]:
    states = cached_states(
        cache, "key", prefix, rows, padding_id=0, placement=BF16, description="tiny", **options
    )
    assert states is not None
    return states


def never(*_: Any, **__: Any) -> Any:
    raise AssertionError("the frozen layers ran again")


def numbered() -> TokenStates:
    """Return states of three texts of 2, 1 and 3 tokens, in which every value is the token's number."""
    values = torch.arange(6, dtype=torch.bfloat16).unsqueeze(1).repeat(1, 4)
    return TokenStates(values, np.array([0, 2, 3, 6]))


def test_cached_states_are_the_live_ones_to_the_bit(prefix: Any, tmp_path: Path) -> None:
    ids, mask = pad_tensors(ROWS, padding_id=0)
    with torch.inference_mode():
        live = run_prefix(prefix, {"input_ids": ids, "attention_mask": mask})

    states, _ = states_of(FeatureCache(tmp_path), prefix)
    padded, padded_mask = states.padded([0, 1, 2])

    assert padded.dtype == torch.bfloat16
    assert torch.equal(padded_mask, mask)
    assert torch.equal(padded[mask.bool()], live[mask.bool()])


def test_states_lie_in_the_order_of_the_texts(prefix: Any, tmp_path: Path) -> None:
    straight, _ = states_of(FeatureCache(tmp_path / "a"), prefix)
    turned, _ = states_of(FeatureCache(tmp_path / "b"), prefix, ROWS[::-1])

    assert torch.equal(turned.padded([0])[0], straight.padded([2])[0])


def test_the_second_time_the_states_come_from_the_cache(
    prefix: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, was_cached = states_of(FeatureCache(tmp_path), prefix)
    monkeypatch.setattr("textune.encoder.states.run_prefix", never)

    second, is_cached = states_of(FeatureCache(tmp_path), prefix)

    assert (was_cached, is_cached) == (False, True)
    assert torch.equal(second.values, first.values)


def test_a_damaged_entry_counts_as_absent(prefix: Any, tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    expected = states_of(cache, prefix)[0].values.clone()
    (entry,) = cache.entries()
    data = bytearray(entry.path.read_bytes())
    data[-1] ^= 1
    entry.path.write_bytes(data)

    states, was_cached = states_of(cache, prefix)

    assert not was_cached
    assert torch.equal(states.values, expected)


def test_states_beyond_the_bound_of_the_cache_are_not_computed_at_all(
    prefix: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textune.encoder.states.run_prefix", never)
    cache = FeatureCache(tmp_path, max_bytes=TOKENS * 16 * 2 - 1)

    states = cached_states(cache, "key", prefix, ROWS, padding_id=0, placement=BF16, description="")

    assert states is None


def test_states_take_two_bytes_a_value(prefix: Any, tmp_path: Path) -> None:
    states, _ = states_of(FeatureCache(tmp_path, max_bytes=TOKENS * 16 * 2), prefix)

    assert states.values.shape == (TOKENS, 16)


def test_several_batches_give_the_states_of_one(prefix: Any, tmp_path: Path) -> None:
    few, _ = states_of(FeatureCache(tmp_path / "few"), prefix, [ROWS[0]])
    many, _ = states_of(FeatureCache(tmp_path / "many"), prefix, [ROWS[0]] * 100)

    torch.testing.assert_close(many.padded([97])[0], few.padded([0])[0], atol=0.05, rtol=0.02)


def test_progress_counts_texts_up_to_all_of_them(prefix: Any, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []

    states_of(FeatureCache(tmp_path), prefix, ROWS * 40, on_progress=lambda *count: heard.append(count))

    assert heard == sorted(heard)
    assert heard[-1] == (120, 120)


def test_a_change_to_the_states_does_not_reach_the_cache(prefix: Any, tmp_path: Path) -> None:
    states, _ = states_of(FeatureCache(tmp_path), prefix)
    expected = states.values.clone()

    states.values.zero_()

    assert torch.equal(states_of(FeatureCache(tmp_path), prefix)[0].values, expected)


def test_texts_are_padded_with_zeros_that_the_mask_leaves_out() -> None:
    states, mask = numbered().padded([1, 2])

    assert states.shape == (2, 3, 4)
    assert states[..., 0].tolist() == [[2, 0, 0], [3, 4, 5]]
    assert mask.tolist() == [[1, 0, 0], [1, 1, 1]]


def test_padding_goes_no_further_than_the_longest_text_that_was_asked_for() -> None:
    states, mask = numbered().padded([1])

    assert states.shape == (1, 1, 4)
    assert mask.tolist() == [[1]]


def test_a_subset_numbers_its_rows_from_0_in_their_order() -> None:
    states, _ = numbered().subset([2, 0]).padded([0, 1])

    assert states[..., 0].tolist() == [[3, 4, 5], [0, 1, 0]]


def test_a_subset_of_a_subset_keeps_its_rows() -> None:
    states, _ = numbered().subset([2, 0]).subset([1]).padded([0])

    assert states[..., 0].tolist() == [[0, 1]]
