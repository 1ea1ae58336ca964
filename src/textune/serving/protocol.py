"""HTTP on one connection, with a short way out for what a full server refuses.

In: bytes of a connection. Out: requests to the application, or at once the refusal of one for which the queue
has no room. uvicorn makes a task, a cycle of messages and a dozen objects for every request. A server that is
asked ten times as much as it can answer has no time for that: it would refuse with the time in which it could
have answered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from textune.serving.gate import Gate

Full = Callable[[], bool]


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, but that it refuses by itself what comes while the server is full.

    It does so only where nothing can go wrong: a plain request of HTTP/1.1 whose body comes unasked and is
    within the limit, on a connection that stays open and on which nothing else is under way. All others take
    the usual way, and are refused there in the same words.

    Args:
        gate: Refuses.
        paths: Whose POST is refused while the server is full.
        full: Tells whether it is.
        given: What uvicorn gives its protocols.
    """

    def __init__(self, gate: Gate, paths: frozenset[str], full: Full, **given: Any) -> None:
        super().__init__(**given)
        self._gate, self._full = gate, full
        self._paths = {path.encode(): path for path in paths}
        self._refused = False

    def on_headers_complete(self) -> None:
        """Refuse a request, or begin to answer it."""
        answer = self._refusal() if self._full() else None
        if answer is None:
            super().on_headers_complete()
            return
        self._refused = True
        self.transport.write(answer)
        self.on_response_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body; one that is refused is not kept."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        if not self._refused:
            super().on_message_complete()
            return
        self._refused = False
        if self.timeout_keep_alive_task is None:  # A body that came later has stopped the clock.
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _refusal(self) -> bytes | None:
        """Return the whole answer to a request that is refused here."""
        path = self._paths.get(self.url)
        if path is None or self.parser.get_method() != b"POST" or not self._stays_open():
            return None
        found = self._gate.turn_away({"path": path, "method": "POST", "headers": self.headers})
        if found is None:
            return None
        status, headers, body = found
        lines = [b"%b: %b\r\n" % header for header in (*self.server_state.default_headers, *headers)]
        return b"".join((STATUS_LINE[status], *lines, b"\r\n", body))

    def _stays_open(self) -> bool:
        """Return whether the connection has nothing else to do, and goes on after an answer."""
        idle = self.cycle is None or self.cycle.response_complete
        plain = self.parser.get_http_version() == "1.1" and not self.parser.should_upgrade()
        kept = self.parser.should_keep_alive() and not self.transport.is_closing()
        return idle and not self.pipeline and not self.flow.write_paused and plain and kept
