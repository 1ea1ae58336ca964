"""The two ways to a server of the Model Context Protocol: standard input and output, or HTTP.

On standard output, there is nothing but the protocol. Over HTTP, a call is a request of its own: nothing is
kept between two calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from mcp.server import MCPServer
from starlette.types import ASGIApp, Receive, Scope, Send

from textune.serving.gate import check_key
from textune.serving.refusals import Refusal
from textune.serving.service import Service

MCP_PATH = "/mcp"


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
