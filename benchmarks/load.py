"""Load for a server on this computer: a number of clients, or a number of requests per second.

In: a port and requests as bytes. Out: how each was answered, and when. It works close to the sockets, because
the load shares its cores with the server.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

HEALTH = b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n"


@dataclass
class Outcome:
    """How a load was answered.

    Attributes:
        seconds: How long it lasted.
        sent: Requests that were sent.
        statuses: Answers by status; 0 counts those that never came.
        in_time: Answers with status 200 that arrived during the load.
        latencies: Seconds until each answer, by status.
    """

    seconds: float = 0.0
    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    in_time: int = 0
    latencies: dict[int, list[float]] = field(default_factory=dict)

    def note(self, status: int, seconds: float) -> None:
        self.statuses[status] += 1
        self.latencies.setdefault(status, []).append(seconds)

    def percentile(self, percent: float, status: int = 200) -> float:
        """Return a percentile of the milliseconds until an answer."""
        latencies = sorted(self.latencies.get(status, [])) or [float("nan")]
        return latencies[min(len(latencies) - 1, int(len(latencies) * percent / 100))] * 1000


class Connection(asyncio.Protocol):
    """A connection that stays open and carries one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[int] | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) >= length:
            self._buffer = body[length:]
            self._finish(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._finish(0)

    def _finish(self, status: int) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_result(status)

    def ask(self, request: bytes) -> asyncio.Future[int]:
        """Send a request; the future gives the answer's status, or 0 if the connection was lost."""
        self._answer = asyncio.get_running_loop().create_future()
        if self._transport is None:
            self._answer.set_result(0)
        else:
            self._transport.write(request)
        return self._answer

    @property
    def lost(self) -> bool:
        return self._transport is None

    def close(self) -> None:
        if self._transport:
            self._transport.close()


def to_request(text: str) -> bytes:
    return question("/", json.dumps({"inputs": text}).encode())


def question(path: str, body: bytes) -> bytes:
    """Return a request with a body of JSON."""
    kind = "content-type: application/json\r\n"
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\n{kind}content-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def connect(port: int) -> Connection:
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return connection


async def closed_loop(port: int, requests: Sequence[bytes], *, clients: int, seconds: float) -> Outcome:
    """Let each client send its next request once the last one has been answered."""
    outcome, start = Outcome(), time.perf_counter()

    async def client(number: int) -> None:
        connection = await connect(port)
        while time.perf_counter() < start + seconds:
            sent = time.perf_counter()
            outcome.sent += 1
            status = await connection.ask(requests[(outcome.sent + number) % len(requests)])
            outcome.note(status, time.perf_counter() - sent)
        connection.close()

    await asyncio.gather(*(client(number) for number in range(clients)))
    outcome.seconds = time.perf_counter() - start
    return outcome


async def open_loop(
    port: int, requests: Sequence[bytes], *, rate: float, seconds: float
) -> tuple[Outcome, Outcome]:
    """Send `rate` requests per second, whatever comes back; return the outcomes of these and of probes."""
    outcome, health, start = Outcome(), Outcome(), time.perf_counter()
    free: list[Connection] = []
    waiting: set[asyncio.Task[None]] = set()

    async def ask(request: bytes) -> None:
        sent = time.perf_counter()
        try:
            while free and free[-1].lost:
                free.pop()
            connection = free.pop() if free else await connect(port)
        except OSError:
            outcome.note(0, 0.0)
            return
        status = await connection.ask(request)
        answered = time.perf_counter()
        outcome.note(status, answered - sent)
        outcome.in_time += status == 200 and answered < start + seconds
        if not connection.lost:
            free.append(connection)

    probing = asyncio.ensure_future(_probe(port, health, until=start + seconds))
    while (now := time.perf_counter() - start) < seconds:
        while outcome.sent < now * rate:
            task = asyncio.ensure_future(ask(requests[outcome.sent % len(requests)]))
            waiting.add(task)
            task.add_done_callback(waiting.discard)
            outcome.sent += 1
        await asyncio.sleep(0.002)
    outcome.seconds = time.perf_counter() - start
    if waiting:
        _, late = await asyncio.wait(waiting, timeout=20)
        outcome.statuses[0] += len(late)
    await probing
    for connection in free:
        connection.close()
    return outcome, health


async def _probe(port: int, outcome: Outcome, *, until: float) -> None:
    connection = await connect(port)
    while time.perf_counter() < until:
        sent = time.perf_counter()
        outcome.sent += 1
        outcome.note(await connection.ask(HEALTH), time.perf_counter() - sent)
        await asyncio.sleep(0.05)
    connection.close()
