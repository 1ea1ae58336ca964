"""What a server asks of its process and of the system: an address, turns of threads, rare collections."""

from __future__ import annotations

import gc
import os
import socket
import sys
from contextlib import suppress

from textune.errors import RequestError

_SECONDS_PER_TURN = 0.0005
_OBJECTS_PER_TEXT = 200
"""Twice what a request that waits consists of. A collection stops all answers for a tenth of a second when
a thousand wait, and finds nothing, as requests leave no cycles: a full queue must not be what starts
one."""


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that is bound and does not listen yet; raise a `RequestError` if it cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise RequestError(
            f"There is no address {host} on this computer: {error.strerror}.",
            "Give one with --host, such as 127.0.0.1 for this computer alone.",
        ) from error
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise RequestError(
            f"The address {host}, port {port}, cannot be used: {os.strerror(error.errno or 0)}.",
            "Give another port with --port, or 0 for any that is free.",
        ) from error
    return bound


def prepare_process() -> None:
    """Allow as many connections as the system does, and keep threads from waiting long for each other."""
    with suppress(ImportError, OSError, ValueError):
        import resource  # Not made for Windows.

        _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))
    # By default, a thread that has the interpreter keeps it for 5 ms: long beside a request's whole time.
    sys.setswitchinterval(_SECONDS_PER_TURN)
    # Each thread of the model has a core: a tokenizer with threads of its own would take it from another.
    os.environ["TOKENIZERS_PARALLELISM"] = "false"


def collect_rarely(queued_texts: int) -> None:
    """Keep garbage collection from what is loaded, and from a queue that fills up."""
    gc.collect()
    # What is loaded stays: looking through it for garbage would stop everything for a tenth of a second.
    gc.freeze()
    gc.set_threshold(_OBJECTS_PER_TEXT * max(queued_texts, 100), 10, 10)


def tell_systemd(state: str) -> None:
    """Report the server's state to systemd where it waits for reports (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        channel.sendall(state.encode())
