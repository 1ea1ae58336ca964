"""The queue: what it admits, how it makes batches, and that every text gets its own logits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from serving_stand_in import BREAKS, WordPredictor, eventually, logits_of
from textune.serving.queue import Item, ModelFailedError, TextQueue, choose_batch


def items(*lengths: int) -> list[Item]:
    return [Item(ticket=Any, index=number, length=length) for number, length in enumerate(lengths)]  # type: ignore[arg-type]


def chosen(*lengths: int, max_texts: int = 32, max_characters: int = 10_000) -> list[int]:
    batch = choose_batch(items(*lengths), max_texts=max_texts, max_characters=max_characters)
    return [item.index for item in batch]


def with_queue(work: Callable[[TextQueue], Awaitable[Any]], predictor: Any = None, **settings: Any) -> Any:
    """Run something beside a queue that has two workers and ten places."""

    async def run() -> Any:
        given = {"workers": 2, "places": 10, **settings}
        queue = TextQueue((predictor or WordPredictor()).logits, **given)
        queue.start()
        try:
            return await work(queue)
        finally:
            queue.stop()

    return asyncio.run(run())


def test_a_batch_begins_with_the_text_that_has_waited_longest() -> None:
    assert chosen(500, 3, 4, 5, max_texts=1) == [0]


def test_a_batch_continues_with_the_texts_that_are_most_like_it_in_length() -> None:
    assert chosen(10, 900, 11, 500, 9, max_texts=3) == [0, 2, 4]


def test_among_texts_of_equal_length_those_that_came_first_are_taken() -> None:
    assert chosen(7, 7, 7, 7, max_texts=2) == [0, 1]


def test_a_batch_of_long_texts_holds_fewer_of_them_padding_included() -> None:
    assert chosen(100, 90, 110, max_characters=250) == [0, 1]


def test_a_text_longer_than_a_batch_may_be_is_a_batch_of_its_own() -> None:
    assert chosen(900, 3, max_characters=250) == [0]


def test_every_text_gets_its_own_logits_whatever_stands_beside_it() -> None:
    requests = [[f"text {number} of {size}" for number in range(size)] for size in range(1, 25)]

    async def ask(queue: TextQueue) -> list[Any]:
        tickets = [queue.admit(texts) for texts in requests]
        return [await ticket.answer for ticket in tickets]

    logits = with_queue(ask, places=1000)

    np.testing.assert_array_equal(
        np.concatenate(logits), [logits_of(text) for texts in requests for text in texts]
    )


def test_texts_that_wait_together_are_classified_together() -> None:
    predictor = WordPredictor()

    async def ask(queue: TextQueue) -> None:
        with predictor.held():
            first = queue.admit(["first"])
            await asyncio.to_thread(predictor.entered.wait)
            others = [queue.admit([f"other {number}"]) for number in range(6)]
            await asyncio.sleep(0)
        await asyncio.gather(first.answer, *(ticket.answer for ticket in others))

    with_queue(ask, predictor, workers=1)

    assert [len(batch) for batch in predictor.batches] == [1, 6]


@pytest.mark.parametrize(("on_device", "largest"), [(False, 32), (True, 100)])
def test_a_gpu_gets_larger_batches(on_device: bool, largest: int) -> None:
    predictor = WordPredictor()

    async def ask(queue: TextQueue) -> None:
        with predictor.held():
            first = queue.admit(["first"])
            await asyncio.to_thread(predictor.entered.wait)
            others = queue.admit([f"other {number}" for number in range(100)])
            await asyncio.sleep(0)
        await asyncio.gather(first.answer, others.answer)

    with_queue(ask, predictor, workers=1, places=200, on_device=on_device)

    assert max(len(batch) for batch in predictor.batches) == largest


def test_a_request_of_several_texts_is_shared_among_idle_workers() -> None:
    predictor = WordPredictor()

    async def ask(queue: TextQueue) -> None:
        await asyncio.sleep(0.05)  # Both workers have begun to wait.
        with predictor.held():
            ticket = queue.admit([f"text {number}" for number in range(10)])
            assert await asyncio.to_thread(eventually, lambda: len(predictor.batches) == 2)
        await ticket.answer

    with_queue(ask, predictor)

    assert sorted(len(batch) for batch in predictor.batches) == [5, 5]


def test_a_request_is_admitted_whole_or_not_at_all() -> None:
    async def ask(queue: TextQueue) -> int:
        queue.admit(["text"] * 6)
        assert queue.admit(["text"] * 5) is None
        return queue.admitted

    assert with_queue(ask) == 6


def test_a_full_queue_says_so() -> None:
    async def ask(queue: TextQueue) -> tuple[bool, bool]:
        empty = queue.full
        queue.admit(["text"] * 10)
        return empty, queue.full

    assert with_queue(ask) == (False, True)


def test_a_request_that_leaves_frees_its_places() -> None:
    async def ask(queue: TextQueue) -> int:
        ticket = queue.admit(["text"] * 10)
        queue.leave(ticket)
        queue.leave(ticket)
        return queue.admitted

    assert with_queue(ask) == 0


def test_texts_of_a_request_that_has_left_never_reach_the_model() -> None:
    predictor = WordPredictor()

    async def ask(queue: TextQueue) -> None:
        with predictor.held():
            first = queue.admit(["first"])
            await asyncio.to_thread(predictor.entered.wait)
            queue.leave(queue.admit(["given up"]))
            last = queue.admit(["last"])
        await asyncio.gather(first.answer, last.answer)

    with_queue(ask, predictor, workers=1)

    assert predictor.batches == [["first"], ["last"]]


def test_a_text_over_which_the_model_fails_costs_its_neighbours_nothing() -> None:
    predictor = WordPredictor()

    async def ask(queue: TextQueue) -> tuple[Any, Any]:
        with predictor.held():
            queue.admit(["first"])
            await asyncio.to_thread(predictor.entered.wait)
            bad, good = queue.admit([BREAKS]), queue.admit(["good"])
        return await asyncio.gather(bad.answer, good.answer, return_exceptions=True)

    bad, good = with_queue(ask, predictor, workers=1)

    assert isinstance(bad, ModelFailedError)
    assert isinstance(bad.__cause__, RuntimeError)
    np.testing.assert_array_equal(good, [logits_of("good")])


def test_the_workers_live_on_after_a_failure() -> None:
    async def ask(queue: TextQueue) -> tuple[bool, Any]:
        with pytest.raises(ModelFailedError):
            await queue.admit([BREAKS]).answer
        return queue.alive, await queue.admit(["next"]).answer

    alive, answer = with_queue(ask, workers=1)

    assert alive
    np.testing.assert_array_equal(answer, [logits_of("next")])


def test_a_refusal_says_about_how_long_the_queue_takes() -> None:
    async def ask(queue: TextQueue) -> int:
        await queue.admit(["text"]).answer
        queue._rate = 2.0
        queue.admit(["text"] * 9)
        return queue.retry_after_seconds

    assert with_queue(ask) == 5


def test_a_queue_that_takes_half_of_the_time_limit_takes_no_more() -> None:
    async def ask(queue: TextQueue) -> bool:
        queue._rate = 2.0
        queue.admit(["text"] * 5)
        return queue.full

    assert with_queue(ask, timeout_seconds=4.0)
    assert not with_queue(ask, timeout_seconds=6.0)


def test_a_ticket_tells_how_long_it_waited_and_how_long_it_took() -> None:
    predictor = WordPredictor()

    async def ask(queue: TextQueue) -> tuple[float, float]:
        with predictor.held():
            queue.admit(["first"])
            await asyncio.to_thread(predictor.entered.wait)
            second = queue.admit(["second"])
            await asyncio.sleep(0.05)
        await second.answer
        return second.queue_seconds, second.inference_seconds

    queued, took = with_queue(ask, predictor, workers=1)

    assert queued >= 0.05
    assert 0 <= took < queued


def rate_after(*batches: tuple[int, float]) -> float:
    """Return a queue's estimate after batches of these texts and seconds."""

    async def ask(queue: TextQueue) -> float:
        for texts, seconds in batches:
            queue._note_rate(texts, seconds)
        return queue._rate

    return with_queue(ask)


def test_a_model_that_has_become_slow_is_noticed_within_a_batch() -> None:
    assert rate_after((32, 0.1), (32, 8.0)) == pytest.approx(8.0, rel=0.05)


def test_one_batch_that_happens_to_be_slow_changes_little() -> None:
    assert rate_after((32, 0.1), (1, 0.02)) == pytest.approx(640, rel=0.02)
