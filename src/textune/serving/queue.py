"""The queue before the model: it batches the texts of many requests by length, and returns their results.

The event loop owns everything that changes: it admits requests, and hands batches to idle workers. A worker
is a thread, and each core works on its own batch. Knows neither HTTP nor what the result of a text is.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from textune.formats.text_pairs import AnyText, characters_of

_MAX_TEXTS = 32
_MAX_CHARACTERS = 16_384
"""Per batch, padding included: a batch of long texts must not keep a short one waiting for seconds."""
_TIMES_ON_DEVICE = 16
"""How many times as much a batch may hold that a GPU computes."""

_SECONDS_REMEMBERED = 1.0
"""The time over which the rate is averaged: if the machine suddenly slows down, the next batch shows it."""

_SHARE_OF_TIMEOUT = 0.5
"""The share of the timeout that a wait in the queue may take, as it may become twice what is expected."""


class ModelFailedError(Exception):
    """The model raised an error on a text; the error is the cause."""


@dataclass(eq=False)
class Ticket:
    """A request's place in the queue; its answer has the result of each text.

    `arrived` is a second of the monotonic clock. The request waited `queue_seconds` for its first batch, and
    took `inference_seconds` from then on. `left` says that it no longer waits for the answer.
    """

    texts: Sequence[AnyText]
    answer: asyncio.Future[list[Any]]
    arrived: float
    left: bool = False
    queue_seconds: float = 0.0
    inference_seconds: float = 0.0
    results: dict[int, Any] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Item:
    """One text of a request, or one pair; its length is in characters."""

    ticket: Ticket
    index: int
    length: int


def choose_batch(pending: Sequence[Item], *, max_texts: int, max_characters: int) -> list[Item]:
    """Return the first text, which has waited longest, and the texts that are closest to it in length.

    `max_characters` includes padding; a longer text is a batch of its own.
    """
    oldest = pending[0].length
    batch: list[Item] = []
    widest = 0
    for item in sorted(pending, key=lambda item: abs(item.length - oldest))[:max_texts]:
        widest = max(widest, item.length)
        if batch and widest * (len(batch) + 1) > max_characters:
            break
        batch.append(item)
    return batch


class TextQueue:
    """A bounded queue with workers, one thread per core, that call `score` at the same time.

    `score` returns the result of each text. The queue has `places` for texts that are admitted but not
    answered. A request that would wait for more than half of the timeout is not admitted. Texts of more than
    `longest` characters take no longer, because the model truncates them. A batch is larger if a GPU computes
    it (`on_device`). `on_batch` gets the number of texts and the seconds of every batch, on the event loop.
    """

    def __init__(
        self,
        score: Callable[[Sequence[AnyText]], Iterable[Any]],
        *,
        workers: int,
        places: int,
        timeout_seconds: float = math.inf,
        longest: int = 4096,
        on_device: bool = False,
        on_batch: Callable[[int, float], None] = lambda texts, seconds: None,
    ) -> None:
        self._score, self._on_batch = score, on_batch
        self._places, self._timeout, self._longest = places, timeout_seconds, longest
        times = _TIMES_ON_DEVICE if on_device else 1
        self._max_texts, self._max_characters = _MAX_TEXTS * times, _MAX_CHARACTERS * times
        self._loop: asyncio.AbstractEventLoop | None = None
        self.admitted = 0  # How many texts are admitted but not answered.
        self._rate = 0.0
        self._pending: list[Item] = []
        self._idle = workers
        self._batches: SimpleQueue[list[Item] | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"model-{number}", daemon=True)
            for number in range(workers)
        ]

    @property
    def full(self) -> bool:
        """Whether the queue has no room for even one text."""
        return self.admitted >= self._places or self._wait_seconds() > self._timeout * _SHARE_OF_TIMEOUT

    @property
    def alive(self) -> bool:
        """Whether all workers are running."""
        return all(thread.is_alive() for thread in self._threads)

    @property
    def retry_after_seconds(self) -> int:
        """Roughly how long the waiting texts will take, at least a second."""
        return max(1, math.ceil(self._wait_seconds()))

    def start(self) -> None:
        """Start the workers; answers go to the event loop that runs now."""
        self._loop = asyncio.get_running_loop()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Tell the workers to end after the batches that they have begun."""
        for _ in self._threads:
            self._batches.put(None)

    def admit(self, texts: Sequence[AnyText]) -> Ticket | None:
        """Reserve places for all of a request's texts, or return None; `leave` frees them again."""
        if self.full or self.admitted + len(texts) > self._places:
            return None
        assert self._loop is not None
        ticket = Ticket(texts, self._loop.create_future(), time.monotonic())
        self.admitted += len(texts)
        self._pending += [
            Item(ticket, index, min(characters_of(text), self._longest)) for index, text in enumerate(texts)
        ]
        # Not at once, so that requests that arrive together are classified together.
        self._loop.call_soon(self._dispatch)
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Free a request's places, after its answer or when it gives up; drop what still waits of it."""
        if ticket.left:
            return
        ticket.left = True
        self.admitted -= len(ticket.texts)
        if not ticket.answer.cancel() and not ticket.answer.cancelled():
            ticket.answer.exception()  # Retrieved, so that asyncio does not report it as missed.

    def _note_rate(self, texts: int, seconds: float) -> None:
        rate = len(self._threads) * texts / seconds
        share = 1.0 if not self._rate else 1 - math.exp(-seconds / _SECONDS_REMEMBERED)
        self._rate += share * (rate - self._rate)

    def _wait_seconds(self) -> float:
        return self.admitted / self._rate if self._rate else 0.0

    def _dispatch(self) -> None:
        if not self._idle:
            return
        self._pending = [item for item in self._pending if not item.ticket.left]
        while self._idle and self._pending:
            share = min(self._max_texts, math.ceil(len(self._pending) / self._idle))
            batch = choose_batch(self._pending, max_texts=share, max_characters=self._max_characters)
            chosen = set(batch)
            self._pending = [item for item in self._pending if item not in chosen]
            self._idle -= 1
            self._batches.put(batch)

    def _work(self) -> None:
        while (batch := self._batches.get()) is not None:
            started = time.monotonic()
            results = self._results(batch)
            assert self._loop is not None
            with suppress(RuntimeError):  # Nobody waits on a loop that is closed.
                self._loop.call_soon_threadsafe(self._deliver, batch, results, started, time.monotonic())

    def _results(self, batch: Sequence[Item]) -> list[Any]:
        """Return the results of a batch, with the error in place of a text on which the model fails."""
        texts = [item.ticket.texts[item.index] for item in batch]
        try:
            return list(self._score(texts))
        except Exception as error:
            if len(batch) == 1:
                return [error]
            return [result for item in batch for result in self._results([item])]

    def _deliver(self, batch: Sequence[Item], results: Sequence[Any], started: float, ended: float) -> None:
        self._note_rate(len(batch), max(ended - started, 1e-6))
        self._on_batch(len(batch), ended - started)
        # This comes first, so that the worker need not wait until these answers are written.
        self._idle += 1
        self._dispatch()
        for item, result in zip(batch, results, strict=True):
            ticket = item.ticket
            if ticket.left or ticket.answer.done():
                continue
            if isinstance(result, Exception):
                failed = ModelFailedError()
                failed.__cause__ = result
                ticket.answer.set_exception(failed)
                continue
            if not ticket.results:
                ticket.queue_seconds = started - ticket.arrived
            ticket.results[item.index] = result
            if len(ticket.results) == len(ticket.texts):
                ticket.inference_seconds = ended - ticket.arrived - ticket.queue_seconds
                ticket.answer.set_result([ticket.results[index] for index in range(len(ticket.texts))])
