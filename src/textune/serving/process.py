"""The process of a server: its address, its threads' turns, and rare garbage collections."""

from __future__ import annotations

import gc
import os
import socket
import sys
from contextlib import suppress

from textune.errors import RequestError

_SECONDS_PER_TURN = 0.0005
_OBJECTS_PER_TEXT = 200
"""Twice the objects of a waiting request. While a thousand wait, a collection stops all answers for a tenth
of a second and frees nothing, because requests leave no cycles: a full queue must not trigger one."""


def bind(host: str, port: int) -> socket.socket:
    """Return a bound socket that does not listen yet; raise a `RequestError` if the address is unusable."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise RequestError(
            f"{host} is not an address of this computer: {error.strerror}.",
            "Give one with --host, such as 127.0.0.1 for this computer alone.",
        ) from error
    # Windows would let two servers have one port.
    reuse = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
    bound.setsockopt(socket.SOL_SOCKET, reuse, 1)
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
    # By default, a thread that has the interpreter keeps it for 5 ms: long compared with a whole request.
    sys.setswitchinterval(_SECONDS_PER_TURN)
    # Each thread of the model has a core, which a tokenizer with its own threads would take away.
    os.environ["TOKENIZERS_PARALLELISM"] = "false"


def collect_rarely(queued_texts: int) -> None:
    """Exempt what is loaded from garbage collection, and a queue that fills up."""
    gc.collect()
    # What is loaded stays: searching it for garbage would stop everything for a tenth of a second.
    gc.freeze()
    gc.set_threshold(_OBJECTS_PER_TEXT * max(queued_texts, 100), 10, 10)


def tell_systemd(state: str) -> None:
    """Report the server's state to systemd if it waits for reports (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        channel.sendall(state.encode())
