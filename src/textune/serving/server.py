"""The server's life: an event loop on a bound socket, and its shutdown.

The first SIGTERM or SIGINT ends it gracefully: accepted requests are answered, new ones get 503, and
connections close with their next answer. The second ends it immediately.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from types import FrameType

import uvicorn

from textune.serving.app import build_app
from textune.serving.logs import libraries_logged
from textune.serving.process import tell_systemd
from textune.serving.protocol import Protocol
from textune.serving.service import Service

_SECONDS_TO_SAY_GOODBYE = 0.3
"""How long a server that shuts down still answers, so that clients learn to close their connections."""

_SECONDS_TO_BE_HEARD = 0.2
"""How long a connection that was accepted last may send a request before silent connections are closed."""

_SECONDS_TO_KEEP_ALIVE = 60
"""How long a silent connection stays open: the longer, the less often a request meets one that closes."""

_SECONDS_FOR_THE_LAST = 2.0


class Server(uvicorn.Server):
    """uvicorn's server with the shutdown of this module; calls `on_ready` when it accepts requests."""

    def __init__(self, service: Service, *, on_ready: Callable[[], None] = lambda: None) -> None:
        gate = build_app(service)
        super().__init__(
            uvicorn.Config(
                gate,
                lifespan="off",
                ws="none",
                http=partial(Protocol, gate, service),  # type: ignore[arg-type]
                log_config=None,
                access_log=False,
                server_header=False,
                # Nothing here depends on who asks, and finding out takes time.
                proxy_headers=False,
                timeout_keep_alive=_SECONDS_TO_KEEP_ALIVE,
                timeout_graceful_shutdown=int(service.limits.timeout_seconds + _SECONDS_FOR_THE_LAST),
            )
        )
        self._service, self._on_ready = service, on_ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self._draining: Future[None] | None = None
        self.forced = False

    def run_on(self, bound: socket.socket) -> bool:
        """Serve until the end is requested; return whether all accepted requests were answered."""
        with libraries_logged(self._service.log):
            self.run(sockets=[bound])
        return not self.forced

    def end(self) -> None:
        """End gracefully on the first call, and immediately on the second; from any thread."""
        if self._service.draining:
            self.forced = self.force_exit = self.should_exit = True
            return
        self._service.draining = True
        self._service.log.write("draining")
        tell_systemd("STOPPING=1")
        assert self._loop is not None
        self._draining = asyncio.run_coroutine_threadsafe(self._drain(), self._loop)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, and report it."""
        self._loop = asyncio.get_running_loop()
        self._service.queue.start()
        if self._service.keeper is not None:
            self._service.keeper.start()
        await super().startup(sockets)
        tell_systemd("READY=1")
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close silent connections, wait for the answers under way, and stop the model's threads."""
        await super().shutdown(sockets)
        self._service.queue.stop()
        if self._service.keeper is not None:
            await asyncio.to_thread(self._service.keeper.close)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Handle a signal; uvicorn's own method would raise it again, and the exit code would not be 0."""
        self.end()

    async def _drain(self) -> None:
        """Let uvicorn end when accepted requests are answered and clients know that connections close."""
        await asyncio.sleep(_SECONDS_TO_SAY_GOODBYE)
        # Every request ends by its own deadline, so that this ends too.
        while self._service.queue.admitted:
            await asyncio.sleep(0.02)
        for listener in self.servers:
            listener.close()
        await asyncio.sleep(_SECONDS_TO_BE_HEARD)
        self.should_exit = True
