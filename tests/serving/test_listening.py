"""The socket that listens, and how it stops."""

from __future__ import annotations

import socket
import sys

import pytest

from serving_stand_in import eventually
from textune.serving.listening import bind, knocks, stop_handshakes


def test_a_socket_tells_whether_somebody_knocks() -> None:
    with bind("127.0.0.1", 0) as bound:
        bound.listen()
        before = knocks(bound)
        with socket.create_connection(bound.getsockname(), timeout=5):
            assert eventually(lambda: knocks(bound))

    assert not before


@pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's")
def test_when_handshakes_stop_who_is_connected_can_still_be_let_in_and_heard() -> None:
    with bind("127.0.0.1", 0) as bound:
        bound.listen()
        address = bound.getsockname()
        with socket.create_connection(address, timeout=5) as early:
            stop_handshakes(bound)
            early.sendall(b"said before it was let in")
            with pytest.raises(TimeoutError):
                socket.create_connection(address, timeout=0.3)
            let_in, _ = bound.accept()
            with let_in:
                heard = let_in.recv(100)
                let_in.sendall(b"answered")
                answered = early.recv(100)

    assert (heard, answered) == (b"said before it was let in", b"answered")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)
