"""`textune serve`: serve a run's classifier over HTTP."""

from __future__ import annotations

import ipaddress
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from textune.context import Context, Observer
from textune.errors import RequestError, StoppedError
from textune.extras import check_extra
from textune.logbook.log_options import LogOptions
from textune.serving.api_keys import check_api_keys
from textune.serving.limits import LABEL_STUDIO, USUAL_PORT, Limits
from textune.serving.model_name import check_model_name
from textune.serving.protocols.registry import check_protocols, choose_port

_PACKAGES = ("fastapi", "uvicorn", "httptools", "prometheus_client", "pythonjsonlogger")
_OPEN = "No API key is set: anyone who can reach the server can use it."
_ANY_PAGE = "No API key is set, and --cors '*' lets any web page use the server from its visitors' browsers."


def serve(
    run: str | Path,
    *,
    runtime: str = "",
    host: str = "127.0.0.1",
    port: int | None = None,
    protocols: Sequence[str] = (),
    model_name: str = "",
    api_keys: Sequence[str] = (),
    cors: Sequence[str] = (),
    label_studio: bool = False,
    limits: Limits | None = None,
    keep: LogOptions | None = None,
    observer: Observer | None = None,
    on_ready: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve a run's classifier until the process is asked to end.

    Args:
        run: The folder of a finished run, or of an export.
        runtime: `torch` or the name of an export; by default the fastest with the run's own probabilities.
        host: The address to listen on.
        port: The port; 0 picks a free one. By default 8000, or what a protocol asks for.
        protocols: The protocols of other servers' clients that are answered, too; `all` stands for all.
        model_name: What those clients call the model; by default the name of the run's folder.
        api_keys: A request must carry one of these keys; without keys, every request is answered.
        cors: The origins, such as `https://app.example.com`, whose web pages may use the server; `*` stands
            for all. Without any, browsers keep the answers from pages of other origins.
        label_studio: Whether the server is a machine-learning backend of Label Studio as well, which learns
            from the annotations there, with torch.
        limits: The limits beyond which requests are refused.
        keep: Where predictions are kept on disk, and how many; by default nothing is.
        observer: Receives progress and notes.
        on_ready: Called with the server's URL once it accepts requests.

    Raises:
        RequestError: The address, a protocol, the model's name, a key, an origin or the runtime is wrong.
        RunError: The run is missing, incomplete or damaged.
        ExportError: The export is missing, damaged, or made from another model.
        StoppedError: It had to end at once, and left requests without an answer.
    """
    limits = limits or (LABEL_STUDIO if label_studio else Limits())
    ctx = Context(observer)
    check_model_name(model_name)
    names = check_protocols(protocols)
    if keep is not None:
        keep.check(learns=label_studio)
    for package in _PACKAGES:
        check_extra(package, "serve", "The server")
    check_api_keys(api_keys)
    from textune.runtimes.registry import TORCH
    from textune.serving.cors import Cors
    from textune.serving.process import bind, collect_rarely, prepare_process
    from textune.serving.served import load_served
    from textune.serving.server import Server
    from textune.serving.service import Service

    origins = Cors(cors)
    if label_studio and runtime not in ("", TORCH):
        raise RequestError(
            f"Annotations are learned with torch, and --runtime is {runtime}.", "Leave out --runtime."
        )
    with bind(host, choose_port(port, names, usual=USUAL_PORT)) as bound:
        # Until the first request is accepted, there is nothing to drain.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        ctx.stage("Loading the classifier")
        prepare_process()
        served = load_served(Path(run).expanduser(), runtime=TORCH if label_studio else runtime)
        served.warm_up()
        collect_rarely(limits.queued_texts)
        service = Service(
            served,
            limits=limits,
            api_keys=api_keys,
            stream=sys.stderr,
            cors=origins,
            label_studio=label_studio,
            protocols=names,
            model_name=model_name,
            keep=keep,
        )
        for note in served.notes:
            service.log.write("runtime", message=note)
        ip_address, free_port = bound.getsockname()[:2]
        if not api_keys and not ipaddress.ip_address(ip_address.partition("%")[0]).is_loopback:
            service.log.write("open", level="warning", message=_OPEN)
        if not api_keys and origins.allows_any:
            service.log.write("open", level="warning", message=_ANY_PAGE)
        address = f"http://{f'[{host}]' if ':' in host else host}:{free_port}"
        try:
            answered = Server(service, on_ready=lambda: on_ready(address)).run_on(bound)
        finally:
            service.log.close()
    if not answered:
        raise StoppedError("Stopped at once. Some requests may have no answer.")
