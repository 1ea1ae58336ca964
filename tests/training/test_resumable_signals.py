"""SIGTERM and Ctrl-C, as a training that can end after a step hears them."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from textune.training.resumable import stop_requests

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


def hear_and_stop(*numbers: signal.Signals) -> bool:
    """Send signals in a block that ends, as a training does, by an exception; return the messages."""
    with pytest.raises(ZeroDivisionError), stop_requests() as asked_to_stop:
        for number in numbers:
            send(number)
        message = asked_to_stop()
        raise ZeroDivisionError
    return message


def test_without_a_signal_no_stop_is_asked_for() -> None:
    assert not hear_and_stop()


@SIGNALS
def test_a_signal_asks_for_a_stop(number: signal.Signals) -> None:
    assert hear_and_stop(number)


@SIGNALS
def test_a_second_signal_stops_at_once(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), stop_requests():
        send(number)
        send(number)


@SIGNALS
def test_a_signal_that_nobody_asked_about_stops_at_the_end_of_the_block(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), stop_requests():
        send(number)


@SIGNALS
def test_signals_do_after_the_block_what_they_did_before(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    hear_and_stop(number)

    assert signal.getsignal(number) is before


def test_outside_the_main_thread_signals_stay_as_they_are() -> None:
    before = signal.getsignal(signal.SIGINT)

    def look() -> tuple[bool, object]:
        with stop_requests() as asked_to_stop:
            return asked_to_stop(), signal.getsignal(signal.SIGINT)

    with ThreadPoolExecutor(1) as executor:
        assert executor.submit(look).result() == (False, before)
