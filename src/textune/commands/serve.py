"""`textune serve`: a run's classifier behind HTTP."""

from __future__ import annotations

import ipaddress
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from textune.context import Observer, Silence
from textune.errors import RequestError, StoppedError
from textune.extras import check_extra
from textune.serving.limits import Limits

_PACKAGES = ("fastapi", "uvicorn", "httptools", "prometheus_client", "pythonjsonlogger")
_OPEN = "No API key is set: whoever reaches the server can use it."
_WARM_UP = ("a", "a text of a few words", "many words " * 300)


def serve(
    run: str | Path,
    *,
    runtime: str = "",
    host: str = "127.0.0.1",
    port: int = 8000,
    api_keys: Sequence[str] = (),
    limits: Limits | None = None,
    observer: Observer | None = None,
    on_ready: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve a run's classifier until the process is told to end.

    Args:
        run: The folder of a finished run, or of an export.
        runtime: `torch` or the name of an export; by default the fastest that gives the run's probabilities.
        host: The address to listen on.
        port: The port; 0 takes one that is free.
        api_keys: Keys, of which a request must carry one; without any, none is needed.
        limits: What is refused.
        observer: Hears how it goes.
        on_ready: Called with the server's URL when requests are taken.

    Raises:
        RequestError: The address, a key or the runtime is wrong.
        RunError: The run is missing, incomplete or damaged.
        ExportError: The export is missing, damaged, or of another model.
        StoppedError: It was told to end at once, and requests were left without an answer.
    """
    limits, observer = limits or Limits(), observer or Silence()
    for package in _PACKAGES:
        check_extra(package, "serve", "The server")
    # What a request carries is compared without the blanks around it, and a bearer token holds none.
    if any(not key or " " in key or not key.isascii() or not key.isprintable() for key in api_keys):
        raise RequestError(
            "An API key is empty, or has blanks or other characters that no bearer token can hold.",
            "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe())'",
        )
    from textune.serving.process import bind, collect_rarely, prepare_process
    from textune.serving.served import load_served
    from textune.serving.server import Server
    from textune.serving.service import Service

    with bind(host, port) as bound:
        # As long as nothing is accepted, there is nothing to drain.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        observer.stage("Loading the classifier")
        prepare_process()
        served = load_served(Path(run).expanduser(), runtime=runtime)
        # What only the first request would need is done once, now.
        served.predictor.predict_logits(_WARM_UP)
        collect_rarely(limits.queued_texts)
        service = Service(served, limits=limits, api_keys=api_keys, stream=sys.stderr)
        for note in served.notes:
            service.log.write("runtime", message=note)
        ip_address, free_port = bound.getsockname()[:2]
        if not api_keys and not ipaddress.ip_address(ip_address.partition("%")[0]).is_loopback:
            service.log.write("open", level="warning", message=_OPEN)
        address = f"http://{f'[{host}]' if ':' in host else host}:{free_port}"
        try:
            answered = Server(service, on_ready=lambda: on_ready(address)).run_on(bound)
        finally:
            service.log.close()
    if not answered:
        raise StoppedError("Stopped at once: requests may have been left without an answer.")
