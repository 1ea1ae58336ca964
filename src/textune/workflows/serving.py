"""`textune serve`: a run's classifier behind HTTP."""

from __future__ import annotations

import gc
import importlib.util
import ipaddress
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.errors import MissingExtraError, RequestError, StoppedError
from textune.serving.settings import Limits
from textune.workflows.progress import Observer, Silence

if TYPE_CHECKING:
    from textune.serving.served import Served
    from textune.serving.service import Service

_PACKAGES = ("fastapi", "uvicorn", "httptools", "prometheus_client")
_WARM_UP = ("a", "a text of a few words", "many words " * 300)


def serve(
    run: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    api_keys: Sequence[str] = (),
    limits: Limits | None = None,
    observer: Observer | None = None,
    on_ready: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve a run's classifier until the process is told to end.

    Args:
        run: A finished run's folder.
        host: The address to listen on.
        port: The port; 0 takes one that is free.
        api_keys: Keys, of which a request must carry one; without any, none is needed.
        limits: What is refused.
        observer: Hears how it goes.
        on_ready: Called with the server's URL when requests are taken.

    Raises:
        RequestError: The run, the address or a key is wrong.
        StoppedError: It was told to end at once, and requests were left without an answer.
    """
    limits, observer = limits or Limits(), observer or Silence()
    _check_packages()
    _check_keys(api_keys)
    # As long as nothing is accepted, there is nothing to drain.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    from textune.serving.server import bind
    from textune.serving.server import run as run_server

    bound = bind(host, port)
    address = _address(host, bound.getsockname()[1])
    if not api_keys and not _is_loopback(bound.getsockname()[0]):
        observer.note(f"No API key is set: whoever reaches {address} can use this server.")
    observer.stage("Loading the classifier")
    from textune.serving.served import load_served

    served = load_served(Path(run).expanduser())
    _warm_up(served)
    service = _make_service(served, limits, api_keys)
    try:
        answered = run_server(service, bound, on_ready=lambda: on_ready(address))
    finally:
        service.log.close()
    if not answered:
        raise StoppedError("Stopped at once: requests may have been left without an answer.")


def _make_service(served: Served, limits: Limits, api_keys: Sequence[str]) -> Service:
    from textune.serving.logs import JsonLog
    from textune.serving.metrics import Metrics
    from textune.serving.queue import TextQueue
    from textune.serving.service import Service, digest

    metrics = Metrics(lambda: queue.taken)
    queue = TextQueue(
        served.logits,
        workers=served.workers,
        places=limits.queued_texts,
        timeout_seconds=limits.timeout_seconds,
        on_batch=metrics.count_batch,
    )
    return Service(
        served=served,
        queue=queue,
        limits=limits,
        metrics=metrics,
        log=JsonLog(sys.stderr),
        keys=tuple(digest(key) for key in api_keys),
    )


def _check_packages() -> None:
    if any(importlib.util.find_spec(name) is None for name in _PACKAGES):
        raise MissingExtraError("serve", "The server")


def _check_keys(api_keys: Sequence[str]) -> None:
    if any(not key.strip() or not key.isascii() or not key.isprintable() for key in api_keys):
        raise RequestError(
            "An API key is empty, or has characters that no HTTP header can carry.",
            "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe())'",
        )


def _warm_up(served: Served) -> None:
    """Classify a few texts, so that no client waits for what only the first ones need, and free the rest."""
    served.logits(_WARM_UP)
    # What is loaded stays: looking through it for garbage would stop everything for a tenth of a second.
    gc.collect()
    gc.freeze()


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_loopback(address: Any) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback
