"""The order of batches of texts: every row once, decided by seed and epoch, of like length."""

from __future__ import annotations

import dataclasses
from itertools import chain

import numpy as np
import pytest
import torch

from textune.encoder.states import TokenStates
from textune.training.tokens import TokenSet
from tiny_trainings import CPU, random_tokens


def order_of(data: TokenSet, epoch: int = 1, *, skip: int = 0) -> list[list[int]]:
    return list(data.epoch(epoch, skip=skip))


@pytest.mark.parametrize("batch_size", [0, 1, 8, 23, 100])
def test_every_row_is_in_one_batch_of_an_epoch(batch_size: int) -> None:
    data = random_tokens(23, batch_size=batch_size)

    order = order_of(data)

    assert sorted(chain.from_iterable(order)) == list(range(23))
    assert len(order) == data.steps_per_epoch


def test_rows_are_computed_together() -> None:
    assert random_tokens(23).computed_together([4, 0, 7]) == [[4, 0, 7]]


def test_rows_that_must_not_be_padded_are_computed_with_those_of_their_length() -> None:
    data = dataclasses.replace(random_tokens(4), lengths=[5, 3, 5, 4], padding_id=None)

    assert data.computed_together([0, 1, 2, 3]) == [[0, 2], [1], [3]]


def test_no_batch_is_larger_than_asked_for() -> None:
    assert sorted(map(len, order_of(random_tokens(23, batch_size=8)))) == [7, 8, 8]


def test_every_row_is_in_one_batch_where_rows_are_sorted_in_several_windows() -> None:
    order = order_of(random_tokens(117, batch_size=2))

    assert sorted(chain.from_iterable(order)) == list(range(117))


def test_the_same_seed_and_epoch_give_the_same_order() -> None:
    assert order_of(random_tokens(60), 3) == order_of(random_tokens(60), 3)


def test_another_epoch_has_another_order() -> None:
    data = random_tokens(60)

    assert order_of(data, 1) != order_of(data, 2)


def test_another_seed_has_another_order() -> None:
    data = random_tokens(60)

    assert order_of(data) != order_of(dataclasses.replace(data, seed=1))


@pytest.mark.parametrize("skip", [1, 4, 8])
def test_skipping_continues_where_the_epoch_was(skip: int) -> None:
    data = random_tokens(60)

    assert order_of(data, skip=skip) == order_of(data)[skip:]


def test_the_order_does_not_depend_on_the_global_random_state() -> None:
    data = random_tokens(60)
    torch.manual_seed(1)
    before = order_of(data)
    torch.manual_seed(2)

    assert order_of(data) == before


def test_the_texts_of_a_batch_are_of_like_length() -> None:
    data = random_tokens(160, batch_size=8)

    spread = [
        max(lengths) - min(lengths)
        for lengths in ([data.lengths[number] for number in batch] for batch in order_of(data))
    ]

    assert max(data.lengths) - min(data.lengths) > 8
    assert sum(spread) / len(spread) < 2


def test_batches_of_short_and_of_long_texts_take_turns() -> None:
    data = random_tokens(160, batch_size=8)

    longest = [max(data.lengths[number] for number in batch) for batch in order_of(data)]

    assert longest not in (sorted(longest), sorted(longest, reverse=True))


def test_token_ids_are_padded_to_the_longest_text_of_the_batch() -> None:
    data = TokenSet([[2, 7, 3], [2, 3], [2, 8, 9, 3]], [3, 2, 4], torch.tensor([0, 1, 2]), 5, 2, 0)

    tensors = data.tensors([1, 0], CPU)

    assert tensors["input_ids"].tolist() == [[2, 3, 5], [2, 7, 3]]
    assert tensors["attention_mask"].tolist() == [[1, 1, 0], [1, 1, 1]]


def test_cached_states_take_the_place_of_token_ids() -> None:
    states = TokenStates(torch.arange(10.0).view(5, 2).to(torch.bfloat16), np.array([0, 3, 5]))
    data = TokenSet(states, [3, 2], torch.tensor([0, 1]), 0, 2, 0)

    tensors = data.tensors([1], CPU)

    assert set(tensors) == {"states", "attention_mask"}
    assert tensors["states"].tolist() == [[[6.0, 7.0], [8.0, 9.0]]]
