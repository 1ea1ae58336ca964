"""`textune mcp`: give assistants a run's classifier as tools, in the Model Context Protocol."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from textune.context import Context, Observer
from textune.extras import check_extra
from textune.serving.api_keys import check_api_keys
from textune.serving.limits import Limits
from textune.serving.model_name import check_model_name

_PACKAGES = ("mcp", "fastapi", "prometheus_client", "pythonjsonlogger", "uvicorn")
_OPEN = "No API key is set: anyone who can reach the server can use it."


def mcp(
    run: str | Path,
    *,
    runtime: str = "",
    http: bool = False,
    host: str = "127.0.0.1",
    port: int = 8000,
    model_name: str = "",
    api_keys: Sequence[str] = (),
    limits: Limits | None = None,
    observer: Observer | None = None,
    on_ready: Callable[[str], None] = lambda address: None,
) -> None:
    """Answer calls of tools until standard input ends or, over HTTP, the process is asked to end.

    Args:
        run: The folder of a finished run, or of an export.
        runtime: `torch` or the name of an export; by default the fastest with the run's own probabilities.
        http: Whether to listen on an address rather than to read standard input.
        host: The address to listen on.
        port: The port; 0 picks a free one.
        model_name: What the classifier is called; by default as the run's folder.
        api_keys: A request over HTTP must carry one of these keys; without keys, every request is answered.
        limits: The limits beyond which calls are refused.
        observer: Receives progress and notes.
        on_ready: Called with the server's URL once it accepts requests; without HTTP, with an empty one.

    Raises:
        RequestError: The address, a key, the name or the runtime is wrong.
        RunError: The run is missing, incomplete or damaged.
        ExportError: The export is missing, damaged, or made from another model.
        MissingExtraError: The package `mcp` is not installed.
    """
    ctx = Context(observer)
    for package in _PACKAGES:
        check_extra(package, "mcp", "The MCP server")
    check_api_keys(api_keys)
    check_model_name(model_name)
    from textune.serving.mcp_tools import build_mcp_server
    from textune.serving.mcp_transports import MCP_PATH, http_application, run_on_pipes
    from textune.serving.process import bind, prepare_process
    from textune.serving.served import load_served
    from textune.serving.service import Service
    from textune.serving.small_server import SmallServer

    bound = bind(host, port) if http else None
    try:
        ctx.stage("Loading the classifier")
        prepare_process()
        served = load_served(Path(run).expanduser(), runtime=runtime)
        served.warm_up()
        service = Service(
            served, limits=limits or Limits(), api_keys=api_keys, stream=sys.stderr, model_name=model_name
        )
        for note in served.notes:
            service.log.write("runtime", message=note)
        server = build_mcp_server(service)
        try:
            if bound is None:
                run_on_pipes(server, service, on_ready=lambda: on_ready(""))
                return
            ip_address, free_port = bound.getsockname()[:2]
            if not api_keys and not ipaddress.ip_address(ip_address.partition("%")[0]).is_loopback:
                service.log.write("open", level="warning", message=_OPEN)
            address = f"http://{f'[{host}]' if ':' in host else host}:{free_port}{MCP_PATH}"
            application = http_application(server, service, host=host)
            SmallServer(
                application,
                has_lifespan=True,
                on_start=service.queue.start,
                on_ready=lambda: on_ready(address),
                on_end=service.queue.stop,
            ).run_on(bound)
        finally:
            service.log.close()
    finally:
        if bound is not None:
            bound.close()
