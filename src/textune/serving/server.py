"""The server's life: an event loop on a bound socket, and how it ends.

The first SIGTERM or SIGINT ends it politely: what was accepted is answered, new work gets 503, connections
close with their next answer. The second ends it at once.
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
"""How long a server that ends still answers, so that clients that keep connections are told to close them."""

_SECONDS_TO_BE_HEARD = 0.2
"""How long a connection that was accepted last gets to ask before silent connections are closed."""

_SECONDS_TO_KEEP_ALIVE = 60
"""How long a silent connection stays open: the longer, the rarer a client asks just as it is closed."""

_SECONDS_FOR_THE_LAST = 2.0


class Server(uvicorn.Server):
    """uvicorn's server, but that it ends as this module says; calls `on_ready` when it takes requests."""

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
                # Nothing here depends on who asks, and to find out takes time.
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
        """Serve until told to end; return whether it ended politely, with all that was accepted answered."""
        with libraries_logged(self._service.log):
            self.run(sockets=[bound])
        return not self.forced

    def end(self) -> None:
        """End politely when called first, and at once when called again; from any thread."""
        if self._service.draining:
            self.forced = self.force_exit = self.should_exit = True
            return
        self._service.draining = True
        self._service.log.write("draining")
        tell_systemd("STOPPING=1")
        assert self._loop is not None
        self._draining = asyncio.run_coroutine_threadsafe(self._drain(), self._loop)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        self._loop = asyncio.get_running_loop()
        self._service.queue.start()
        await super().startup(sockets)
        tell_systemd("READY=1")
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what is silent, wait for what is being answered, and stop the model's threads."""
        await super().shutdown(sockets)
        self._service.queue.stop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal; uvicorn's own method would raise it again in the end, so that no exit code is 0."""
        self.end()

    async def _drain(self) -> None:
        """Let uvicorn end when what was accepted is answered and clients know that connections close."""
        await asyncio.sleep(_SECONDS_TO_SAY_GOODBYE)
        # Every request ends by its own deadline, so that this ends too.
        while self._service.queue.taken:
            await asyncio.sleep(0.02)
        for listener in self.servers:
            listener.close()
        await asyncio.sleep(_SECONDS_TO_BE_HEARD)
        self.should_exit = True
