"""A server for one person or program on this computer: it listens until a signal, or a call, ends it.

In: an application and a socket. The server of a run has one of its own, for many clients and overload.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

_SECONDS_FOR_THE_LAST = 2


def _do_nothing() -> None:
    pass


class SmallServer(uvicorn.Server):
    """A server that a signal, or `end`, ends without an error.

    Args:
        app: The application; its lifespan is run if `has_lifespan`.
        has_lifespan: Whether the application has something to start and to end.
        on_start: Called in the event loop before the server listens.
        on_ready: Called when it listens.
        on_end: Called when it no longer does.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        has_lifespan: bool = False,
        on_start: Callable[[], None] = _do_nothing,
        on_ready: Callable[[], None] = _do_nothing,
        on_end: Callable[[], None] = _do_nothing,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="on" if has_lifespan else "off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                headers=[("x-content-type-options", "nosniff")],
                timeout_graceful_shutdown=_SECONDS_FOR_THE_LAST,
            )
        )
        self._on_start, self._on_ready, self._on_end = on_start, on_ready, on_end

    def run_on(self, bound: socket.socket) -> None:
        """Answer calls until the end."""
        self.run(sockets=[bound])

    def end(self) -> None:
        """Answer the calls under way, and end; from any thread."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, and report it."""
        self._on_start()
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop to listen, and report it."""
        await super().shutdown(sockets)
        self._on_end()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Handle a signal; uvicorn's own method would raise it again at the end."""
        self.end()
