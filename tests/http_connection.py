"""A connection to a server that a test writes to and reads from byte by byte."""

from __future__ import annotations

import json
import socket
from typing import Any

KEY = "a-key"
BODY = b'{"inputs": "so happy"}'
LENGTH = f"content-length: {len(BODY)}\r\n"


class Client:
    """A connection that stays open, and returns its answers one by one."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._read = b""

    def send(
        self, headers: str = LENGTH, body: bytes = BODY, *, line: str = "POST / HTTP/1.1", key: str = KEY
    ) -> None:
        """Send a request."""
        head = f"{line}\r\nhost: x\r\nauthorization: Bearer {key}\r\n{headers}\r\n"
        self.send_bytes(head.encode() + body)

    def send_bytes(self, sent: bytes) -> None:
        """Send bytes."""
        self._socket.sendall(sent)

    def answer(self) -> tuple[int, dict[str, str], Any]:
        """Return the status, headers and document of the next answer."""
        while b"\r\n\r\n" not in self._read:
            self._hear()
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        length = int(headers["content-length"])
        while len(self._read) < length:
            self._hear()
        body, self._read = self._read[:length], self._read[length:]
        return int(first.split()[1]), headers, json.loads(body)

    def ended(self) -> bool:
        """Wait, and return whether the server has closed the connection."""
        return self._socket.recv(1) == b""

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _hear(self) -> None:
        heard = self._socket.recv(65536)
        assert heard, "The server closed the connection."
        self._read += heard
