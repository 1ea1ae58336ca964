"""The process of the page: it listens until the person ends it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

_SECONDS_FOR_THE_LAST = 2


class PageServer(uvicorn.Server):
    """A server that calls `on_ready` when it listens, and that a signal, or `end`, ends without an error."""

    def __init__(self, app: ASGIApp, *, on_ready: Callable[[], None] = lambda: None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_SECONDS_FOR_THE_LAST,
            )
        )
        self._on_ready = on_ready

    def run_on(self, bound: socket.socket) -> None:
        """Answer calls until the end."""
        self.run(sockets=[bound])

    def end(self) -> None:
        """Answer the calls under way, and end; from any thread."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, and report it."""
        await super().startup(sockets)
        self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Handle a signal; uvicorn's own method would raise it again at the end."""
        self.end()
