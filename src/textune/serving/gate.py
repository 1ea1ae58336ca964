"""The gate that every request passes: its id, its deadline, its line in the log, and its refusal.

The application behind it gets each request with its whole body. What the headers alone decide is refused
before a byte of the body is read, which keeps an overloaded server fast. Does not know what the endpoints
answer.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import math
from collections.abc import Sequence
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from textune.serving.logs import error_fields
from textune.serving.protocols.endpoints import Paths
from textune.serving.records import Header, Record, new_record
from textune.serving.refusals import CLIENT_GONE, Refusal, draining, overloaded
from textune.serving.service import Service

PAGE = "/page/"

_SECONDS_TO_LISTEN = 1.0
"""How long the rest of an oversized body is read and dropped: a client that is sending reads no answer."""


class Gate:
    """An application before another, about whose endpoints `paths` says what is decided here."""

    def __init__(self, app: ASGIApp, service: Service, *, paths: Paths) -> None:
        self._app, self._service, self._paths = app, service, paths

    @property
    def classifying(self) -> frozenset[str]:
        """The paths whose POST needs the model."""
        return self._paths.classifying

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        record = self._record(scope)
        scope["textune"] = record
        exchange = _Exchange(self._service, self._paths, record, scope, receive, send)
        try:
            # Browsers send no key with a preflight, which takes no place in the queue.
            if (preflight := self._service.cors.preflight(scope)) is not None:
                await preflight(scope, exchange.receive, exchange.send)
                return
            self._check(scope)
            await self._answer(scope, record, exchange)
        except Refusal as refusal:
            await exchange.refuse(refusal)
        except Exception as error:
            self._service.log.write("failure", level="error", request_id=record.id, **error_fields(error))
            await exchange.refuse(Refusal(500, "The server failed on this request."))
        finally:
            self._note(record)

    def turn_away(self, scope: Scope) -> tuple[int, list[Header], bytes] | None:
        """Return the status, headers and body that refuse a request by its headers alone.

        None: the request must be handled in full, or its connection ends after the answer.
        """
        if self._service.draining or not _is_bounded(scope, self._service):
            return None
        try:
            self._check(scope)
        except Refusal as refusal:
            record = self._record(scope)
            response = self._paths.response(scope["path"], refusal)
            record.status = response.status_code
            headers = response.raw_headers + record.headers()
            self._note(record)
            # Not the refusal itself: with its traceback it would be garbage that only a collection frees.
            return record.status, headers, bytes(response.body)
        return None

    def _record(self, scope: Scope) -> Record:
        record = new_record(scope, self._paths.known)
        record.more_headers = self._service.cors.headers(scope)
        return record

    def _check(self, scope: Scope) -> None:
        path, method, service = scope["path"], scope["method"], self._service
        is_open = method == "GET" and (path in self._paths.open or path.startswith(PAGE))
        if service.key_digests and not is_open:
            check_key(scope["headers"], service.key_digests)
        if method == "POST" and path in self.classifying:
            if service.draining:
                raise draining()
            if service.queue.full:
                raise overloaded(service.queue.retry_after_seconds)

    async def _answer(self, scope: Scope, record: Record, exchange: _Exchange) -> None:
        """Let the application answer; raise a `Refusal` on a timeout, a hang-up or an oversized body."""
        if scope["method"] != "POST" or scope["path"] not in self._paths.read:
            await self._app(scope, exchange.receive, exchange.send)
            return
        limits = self._service.limits
        try:
            async with asyncio.timeout(limits.timeout_seconds) as deadline:
                await exchange.read_body()
                listening = asyncio.ensure_future(exchange.listen(deadline))
                headers = scope["headers"]
                if scope["path"] not in self._paths.raw:
                    # The body is read as JSON, whatever the client calls it: curl calls it a form.
                    headers = [header for header in headers if header[0] != b"content-type"]
                    headers.append((b"content-type", b"application/json"))
                try:
                    await self._app({**scope, "headers": headers}, exchange.replay, exchange.send)
                finally:
                    listening.cancel()
        except TimeoutError:
            if exchange.client_is_gone:
                raise Refusal(CLIENT_GONE, "The client hung up.") from None
            if not record.body_read:
                raise Refusal(408, "The body did not arrive in time.") from None
            raise Refusal(504, f"There was no answer within {limits.timeout_seconds:g} seconds.") from None

    def _note(self, record: Record) -> None:
        self._service.metrics.count_request(record)
        self._service.log.write("request", **record.log_fields())


class _Exchange:
    def __init__(
        self, service: Service, paths: Paths, record: Record, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._service, self._paths, self._record, self._scope = service, paths, record, scope
        self._receive, self._send = receive, send
        self.client_is_gone = False
        self._body = bytearray()
        self._lingers = False
        self._started = False

    async def receive(self) -> Message:
        """Return the client's next message."""
        message = await self._receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self._record.body_read = True
        return message

    async def read_body(self) -> None:
        """Read the body; raise a `Refusal` as soon as it exceeds the limit, or when the client hangs up."""
        max_bytes = self._service.limits.body_bytes
        too_large = Refusal(413, f"The body is longer than {max_bytes:,} bytes.")
        if max_bytes < _body_bytes(dict(self._scope["headers"])) < math.inf:
            raise too_large
        while not self._record.body_read:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise Refusal(CLIENT_GONE, "The client hung up.")
            self._body += message.get("body", b"")
            if len(self._body) > max_bytes:
                raise too_large

    async def replay(self) -> Message:
        """Return the body that has been read, as if it came now."""
        return {"type": "http.request", "body": bytes(self._body), "more_body": False}

    async def listen(self, deadline: asyncio.Timeout) -> None:
        """Move the deadline to now when the client hangs up; its body must have been read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.client_is_gone = True
        if not deadline.expired():
            deadline.reschedule(0)

    async def send(self, message: Message) -> None:
        """Send a message of the answer; its first one carries the id and the times."""
        if message["type"] == "http.response.start":
            self._started = True
            self._record.status = message["status"]
            headers = [*message.get("headers", ()), *self._record.headers()]
            # A client may go on to send a body without end, or wait to be told to send one.
            goes_on = _is_bounded(self._scope, self._service) or self._record.body_read
            if self._service.draining or not goes_on:
                self._lingers = not self._record.body_read
                headers.append((b"connection", b"close"))
            message = {**message, "headers": headers}
        elif self._lingers and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._drop_rest_of_body()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        """Send a refusal, unless the answer has begun."""
        if not self._started:
            response = self._paths.response(self._scope["path"], refusal)
            await response(self._scope, self.receive, self.send)

    async def _drop_rest_of_body(self) -> None:
        """Read and drop what the client still sends, until it ends or its time is up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_SECONDS_TO_LISTEN):
                while not self._record.body_read:
                    await self.receive()


def check_key(headers: Sequence[Header], key_digests: Sequence[bytes]) -> None:
    """Raise a `Refusal` unless the headers have a key, of which the SHA-256 are given."""
    authorization = next((value for name, value in headers if name == b"authorization"), b"")
    scheme, _, key = authorization.partition(b" ")
    if scheme.lower() == b"basic":  # The password is the key, for clients that know no other way.
        with suppress(ValueError):
            scheme, key = b"bearer", base64.b64decode(key, validate=True).partition(b":")[2]
    sent = hashlib.sha256(key.strip()).digest()
    # All keys are compared, so that the time does not reveal which one matches.
    matches = [hmac.compare_digest(sent, digest) for digest in key_digests]
    if scheme.lower() != b"bearer" or not any(matches):
        raise Refusal(
            401,
            "This server requires an API key: send the header 'Authorization: Bearer KEY'.",
            {"www-authenticate": "Bearer"},
        )


def _is_bounded(scope: Scope, service: Service) -> bool:
    headers = dict(scope["headers"])
    return b"expect" not in headers and _body_bytes(headers) <= service.limits.body_bytes


def _body_bytes(headers: dict[bytes, bytes]) -> float:
    length = headers.get(b"content-length", b"0")
    is_known = length.isdigit() and len(length) < 16 and b"transfer-encoding" not in headers
    return int(length) if is_known else math.inf
