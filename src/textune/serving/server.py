"""The process: a socket, an event loop, and how it ends.

In: a `Service`, a bound socket. Out: nothing, when the server was told to end. The first SIGTERM or SIGINT
ends it politely: what was accepted is answered, new work gets 503, connections close with their next answer.
The second ends it at once.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType

import uvicorn

from textune.serving.app import build_app
from textune.serving.listening import knocks, stop_handshakes
from textune.serving.logs import libraries_logged
from textune.serving.protocol import Protocol
from textune.serving.service import CLASSIFYING, Service

_SECONDS_TO_SAY_GOODBYE = 0.3
"""How long a server that ends still answers, so that clients that keep connections are told to close them."""

_SECONDS_TO_KEEP_ALIVE = 60
"""How long a silent connection stays open: the longer, the rarer a client asks just as it is closed."""

_SECONDS_TO_BE_HEARD = 0.2
_MOST_SECONDS_TO_BE_HEARD = 2.0
"""How long what is connected gets to speak before silent connections are closed."""

_SECONDS_TO_LET_IN = 0.05
_MOST_SECONDS_TO_LET_IN = 1.0
"""How long connections whose handshake has begun may end it; longer where new ones cannot be kept away."""

_SECONDS_FOR_THE_LAST = 2.0


class Server(uvicorn.Server):
    """uvicorn's server, but that it ends as this module says.

    Args:
        service: What is served.
        on_ready: Called when requests are taken.
    """

    def __init__(self, service: Service, *, on_ready: Callable[[], None] = lambda: None) -> None:
        gate = build_app(service)
        super().__init__(
            uvicorn.Config(
                gate,
                lifespan="off",
                ws="none",
                http=partial(  # type: ignore[arg-type]
                    Protocol,
                    gate,
                    CLASSIFYING,
                    full=lambda: service.queue.full,
                    arrival_seconds=service.limits.timeout_seconds,
                ),
                log_config=None,
                access_log=False,
                server_header=False,
                # Nothing here depends on who asks, and to find out takes time.
                proxy_headers=False,
                timeout_keep_alive=_SECONDS_TO_KEEP_ALIVE,
                timeout_graceful_shutdown=int(service.limits.timeout_seconds + _SECONDS_FOR_THE_LAST),
            )
        )
        self._service = service
        self._on_ready = on_ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bound: socket.socket | None = None
        self._draining: asyncio.Task[None] | None = None
        self.forced = False

    def run_on(self, bound: socket.socket) -> bool:
        """Serve until told to end; return whether it ended politely, with all that was accepted answered.

        Args:
            bound: Where, as `bind` gave it.
        """
        runner = asyncio.Runner(loop_factory=_loop_factory())
        with libraries_logged(self._service.log), runner:
            runner.run(self._serve_on(bound))
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
        self._loop.call_soon_threadsafe(self._begin_to_drain)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        tell_systemd("READY=1")
        self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal; uvicorn's own method would raise it again in the end, so that no exit code is 0."""
        self.end()

    async def _serve_on(self, bound: socket.socket) -> None:
        self._loop, self._bound = asyncio.get_running_loop(), bound
        self._service.queue.start()
        try:
            await self.serve(sockets=[bound])
        finally:
            self._service.queue.stop()

    def _begin_to_drain(self) -> None:
        self._draining = asyncio.ensure_future(self._drain())

    async def _drain(self) -> None:
        """Let uvicorn end when what was accepted is answered."""
        await asyncio.sleep(_SECONDS_TO_SAY_GOODBYE)
        # Every request ends by its own deadline, so that this ends too.
        while self._service.queue.taken:
            await asyncio.sleep(0.02)
        # What still lies in the system's queue would be cut off: it is let in first.
        assert self._bound is not None
        stop_handshakes(self._bound)
        start = time.monotonic()
        while (waited := time.monotonic() - start) < _MOST_SECONDS_TO_LET_IN:
            if waited > _SECONDS_TO_LET_IN and not knocks(self._bound):
                break
            await asyncio.sleep(0.002)
        for listener in self.servers:
            listener.close()
        # uvicorn closes connections that are silent: those that were opened last get the time to speak, and
        # to be told that their connection closes. Those that have gone need none.
        await asyncio.sleep(_SECONDS_TO_BE_HEARD)
        end = time.monotonic() + _MOST_SECONDS_TO_BE_HEARD - _SECONDS_TO_BE_HEARD
        while self.server_state.connections and time.monotonic() < end:
            await asyncio.sleep(0.02)
        self.should_exit = True


def tell_systemd(state: str) -> None:
    """Tell the service manager how it stands, where one asked to be told (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        channel.sendall(state.encode())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the fastest event loop that there is; None is asyncio's own."""
    try:
        import uvloop
    except ImportError:  # Not made for Windows.
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
