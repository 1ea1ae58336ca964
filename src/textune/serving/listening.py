"""A socket that listens: where, whether somebody knocks, and how it stops without cutting anybody off.

In: an address. Out: a bound socket. Does not know HTTP.
"""

from __future__ import annotations

import ctypes
import os
import select
import socket
import struct
import sys
from contextlib import suppress

from textune.errors import RequestError

_SO_ATTACH_FILTER = 26
_DROP_FIRST_PACKETS = (
    (0x30, 0, 0, 13),  # Load the byte of TCP's flags,
    (0x54, 0, 0, 0x12),  # keep SYN and ACK of it;
    (0x15, 0, 1, 0x02),  # where SYN is alone
    (0x06, 0, 0, 0),  # drop the packet,
    (0x06, 0, 0, 0xFFFFFFFF),  # else keep it.
)
"""A filter in classic BPF: code, jump if true, jump if false, operand (Linux: networking/filter)."""


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that is bound and not yet listening.

    Raises:
        RequestError: The address cannot be had.
    """
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


def knocks(bound: socket.socket) -> bool:
    """Return whether a connection waits to be accepted."""
    return bool(select.select([bound], [], [], 0)[0])


def stop_handshakes(bound: socket.socket) -> None:
    """Let no new connection begin, while those that have begun can still be accepted; Linux only.

    A socket that is closed cuts off whom the system has let in and the process has not: a client that has
    sent its request by then cannot know what became of it. After this, the last of them can be let in before
    the socket is closed. Who comes later gets no answer, asks again a second later, and is refused.
    """
    if sys.platform != "linux":
        return
    program = b"".join(struct.pack("=HBBI", *step) for step in _DROP_FIRST_PACKETS)
    kept = ctypes.create_string_buffer(program, len(program))
    argument = struct.pack("@HP", len(_DROP_FIRST_PACKETS), ctypes.addressof(kept))
    # A system without such filters: a few may be cut off.
    with suppress(OSError):
        bound.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, argument)
