"""HTTP on one connection: fast refusals while the server is full, and a timeout for every silence.

uvicorn creates a task, a cycle of messages and a dozen objects per request. A server that gets ten times the
requests that it can answer has no time for that: refusing some would take the time to answer others.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from textune.serving.gate import Gate
from textune.serving.service import Service


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, but with its own refusals while the server is full, and without endless waits.

    It refuses only a plain request of HTTP/1.1 whose body is within the limit and comes without a permission,
    on a connection that stays open and on which nothing else is under way. All others go to the gate, and are
    refused there in the same words.

    uvicorn's clock for silent connections runs from an answer to the next byte. Here it runs whenever no
    request is under way: from the beginning of the connection, and while headers or an unwanted body arrive
    in parts.

    The gate decides what is refused, and counts and logs it. A request's headers may take as long as the
    whole request, from their first byte; so may the rest of an unwanted body.
    """

    def __init__(self, gate: Gate, service: Service, **options: Any) -> None:
        super().__init__(**options)
        self._gate, self._queue = gate, service.queue
        self._arrival_seconds = service.limits.timeout_seconds
        self._refused = False
        self._deadline: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the connection, and the clock for its first byte."""
        super().connection_made(transport)
        self._close_at(self.loop.time() + self.timeout_keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the connection, and its clock, which would keep it in memory."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def data_received(self, data: bytes) -> None:
        """Take bytes; if they end in the middle of something, its rest must come before a fixed deadline."""
        super().data_received(data)  # This stops the clock.
        if self.timeout_keep_alive_task or not self._is_idle() or self.transport.is_closing():
            self._deadline = None
            return
        if self._deadline is None:
            self._deadline = self.loop.time() + self._arrival_seconds
        self._close_at(self._deadline)

    def on_headers_complete(self) -> None:
        """Refuse a request, or start to answer it."""
        answer = self._refusal() if self._queue.full else None
        if answer is None:
            super().on_headers_complete()
            return
        self._refused = True
        self.transport.write(answer)
        self.on_response_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body; drop that of a refused request."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        if not self._refused:
            super().on_message_complete()
        self._refused = False
        # A body that came after its answer has stopped the clock.
        if self._is_idle() and self.timeout_keep_alive_task is None:
            self._close_at(self.loop.time() + self.timeout_keep_alive)

    def _refusal(self) -> bytes | None:
        path = self.url.decode("latin-1")
        classifies = path in self._gate.classifying and self.parser.get_method() == b"POST"
        if not classifies or not self._stays_open():
            return None
        refusal = self._gate.turn_away({"path": path, "method": "POST", "headers": self.headers})
        if refusal is None:
            return None
        status, headers, body = refusal
        lines = [b"%b: %b\r\n" % header for header in (*self.server_state.default_headers, *headers)]
        return b"".join((STATUS_LINE[status], *lines, b"\r\n", body))

    def _stays_open(self) -> bool:
        plain = self.parser.get_http_version() == "1.1" and not self.parser.should_upgrade()
        stays = self.parser.should_keep_alive() and not self.transport.is_closing()
        return self._is_idle() and not self.pipeline and not self.flow.write_paused and plain and stays

    def _is_idle(self) -> bool:
        """Return whether no request is under way; those have deadlines of their own."""
        return self.cycle is None or self.cycle.response_complete

    def _close_at(self, moment: float) -> None:
        """Close the connection at a moment of the loop's clock, unless a byte comes before."""
        self.timeout_keep_alive_task = self.loop.call_at(moment, self.timeout_keep_alive_handler)
