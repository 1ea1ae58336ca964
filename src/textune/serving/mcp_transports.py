"""The two ways to a server of the Model Context Protocol: standard input and output, or HTTP.

On standard output, there is nothing but the protocol. Over HTTP, a call is a request of its own: nothing is
kept between two calls.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from mcp.server import MCPServer
from starlette.types import ASGIApp, Receive, Scope, Send

from textune.serving.gate import check_key
from textune.serving.refusals import Refusal
from textune.serving.service import Service

MCP_PATH = "/mcp"
_SECONDS_FOR_THE_LAST = 2


def run_on_pipes(server: MCPServer[Any], service: Service, *, on_ready: Callable[[], None]) -> None:
    """Answer what comes on standard input, until it ends."""

    async def run() -> None:
        service.queue.start()
        on_ready()
        try:
            await server.run_stdio_async()
        finally:
            service.queue.stop()

    asyncio.run(run())


def http_application(server: MCPServer[Any], service: Service, *, host: str) -> ASGIApp:
    """Return the application for HTTP, which asks for a key if there is one.

    If only this computer can reach the host, pages of the web that pretend to be on it are refused.
    """
    inner = server.streamable_http_app(
        streamable_http_path=MCP_PATH,
        json_response=True,
        stateless_http=True,
        max_request_body_size=service.limits.body_bytes,
        host=host,
    )

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and service.key_digests:
            try:
                check_key(scope["headers"], service.key_digests)
            except Refusal as refusal:
                await refusal.response()(scope, receive, send)
                return
        await inner(scope, receive, send)

    return application


class McpHttpServer(uvicorn.Server):
    """A server that calls `on_ready` when it listens, and that a signal, or `end`, ends without an error."""

    def __init__(self, app: ASGIApp, service: Service, *, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="on",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_SECONDS_FOR_THE_LAST,
            )
        )
        self._service, self._on_ready = service, on_ready

    def run_on(self, bound: socket.socket) -> None:
        """Answer calls until the end."""
        self.run(sockets=[bound])

    def end(self) -> None:
        """Answer the calls under way, and end; from any thread."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, and report it."""
        self._service.queue.start()
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop to listen, and stop the model's threads."""
        await super().shutdown(sockets)
        self._service.queue.stop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Handle a signal; uvicorn's own method would raise it again at the end."""
        self.end()
