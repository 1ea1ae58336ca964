"""What protocols add to a server: endpoints, and what the gate and the description must know of them.

A handler gets a request's body as bytes, within the limits, and returns what is answered. Does not know the
protocols.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from fastapi import FastAPI, Request
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json
from starlette.responses import Response

from textune.errors import RequestError
from textune.formats.text_pairs import AnyText
from textune.serving.description import described
from textune.serving.protocols.registry import ClientProtocol
from textune.serving.records import Record
from textune.serving.refusals import Refusal, draining
from textune.serving.schemas import first_error
from textune.serving.service import Service

JSON = "application/json"
_REFS = "#/components/schemas/{model}"


@dataclass(frozen=True)
class Asked:
    """A request to an endpoint: its body, its headers by their names in lower case, and its record."""

    body: bytes
    headers: Mapping[str, str]
    record: Record
    service: Service

    @property
    def media_type(self) -> str:
        """The type of the body, without its parameters; JSON if none is given, or the one that curl gives."""
        named = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return JSON if named in ("", "application/x-www-form-urlencoded") else named

    @property
    def keys(self) -> frozenset[str]:
        """The names in the body, if it is a JSON object."""
        try:
            document = from_json(self.body)
        except ValueError:
            return frozenset()
        return frozenset(document) if isinstance(document, dict) else frozenset()

    def read(self, kind: Any) -> Any:
        """Return the body as a value of a type; a `Refusal` says where it is not one."""
        return read_json(self.body, kind)

    async def logits(self, texts: Sequence[AnyText]) -> tuple[NDArray[np.floating[Any]], NDArray[np.bool_]]:
        """Return the logits (texts, classes), and which texts were truncated (texts,)."""
        return await self.service.logits(texts, self.record)


Handler = Callable[[Asked], Awaitable[Any]]


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def read_json(body: bytes, kind: Any) -> Any:
    """Return JSON as a value of a type; a `Refusal` says where it is not one."""
    try:
        return _adapter(kind).validate_json(body)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
    if faults[0]["type"] == "json_invalid":
        raise Refusal(422, "Invalid JSON: it cannot be read.") from None
    raise Refusal(422, first_error([{**fault, "loc": ("body", *fault["loc"])} for fault in faults]))


@dataclass(frozen=True)
class Paths:
    """What the gate knows of paths.

    Attributes:
        known: All paths; the log and the metrics call others `other`.
        classifying: Those whose POST needs the model.
        read: Those whose POST has a body that is read.
        raw: Those whose body is read with the type that its client gives; all others have JSON.
        open: Those whose GET needs no key.
        refusing: The responses to refusals, by path and by the beginnings of paths.
    """

    known: frozenset[str]
    classifying: frozenset[str]
    read: frozenset[str]
    raw: frozenset[str]
    open: frozenset[str]
    refusing: Mapping[str, Callable[[Refusal], Response]] = field(default_factory=dict)

    def response(self, path: str, refusal: Refusal) -> Response:
        """Return the response to a refused request."""
        refuse = self.refusing.get(path)
        if refuse is None:
            by_start = (each for start, each in self.refusing.items() if path.startswith(f"{start}/"))
            refuse = next(by_start, None)
        return refusal.response() if refuse is None else refuse(refusal)


class Endpoints:
    """The endpoints of a server's protocols, in the order in which they are added."""

    def __init__(self, app: FastAPI, service: Service) -> None:
        self.app, self._service = app, service
        self._protocol: ClientProtocol | None = None
        self._classifying: set[str] = set()
        self._raw: set[str] = set()
        self._open: set[str] = set()
        self._refusing: dict[str, Callable[[Refusal], Response]] = {}
        self.schemas: dict[str, Any] = {}

    @contextmanager
    def of(self, protocol: ClientProtocol) -> Iterator[Endpoints]:
        """Add endpoints of a protocol, whose form refusals there have."""
        self._protocol = protocol
        try:
            yield self
        finally:
            self._protocol = None
        if protocol.refuse is not None:
            self._refusing |= dict.fromkeys(protocol.prefixes, protocol.refuse)

    def paths(self, *, read: Sequence[str] = (), open_paths: Sequence[str] = ()) -> Paths:
        """Return what the gate must know of them, and of others."""
        self._check_unique()
        known = frozenset(getattr(route, "path", "") for route in self.app.routes)
        classifying = frozenset(self._classifying)
        return Paths(
            known=known,
            classifying=classifying,
            read=classifying | frozenset(read),
            raw=frozenset(self._raw),
            open=frozenset(self._open) | frozenset(open_paths),
            refusing=dict(self._refusing),
        )

    def _check_unique(self) -> None:
        """Raise a `RequestError` if the environment has put an endpoint where another one is."""
        posts = [
            path
            for route in self.app.routes
            for path in [getattr(route, "path", "")]
            if "POST" in (getattr(route, "methods", None) or ())
        ]
        if twice := sorted({path for path in posts if posts.count(path) > 1}):
            raise RequestError(
                f"{twice[0]} is asked for by two protocols.",
                "If AIP_PREDICT_ROUTE names it, deploy with another route, such as "
                "--container-predict-route=/vertex.",
            )

    def classifies(self, path: str) -> None:
        """Declare that POST of a path, which has its own handler, needs the model."""
        self._note(path)
        self._classifying.add(path)

    def question(
        self, path: str, *, bodies: Mapping[str, Any], gives: Any, errors: Any, also: tuple[int, ...] = ()
    ) -> Callable[[Handler], Handler]:
        """Add a handler of POST that needs the model.

        `bodies` are types or schemas by media types; `gives` is the type of the answer, and `errors` that of
        a refusal. `also` are statuses of refusals besides the usual ones.
        """
        self.classifies(path)
        self._raw.add(path)
        content = {media_type: {"schema": self._schema(kind)} for media_type, kind in bodies.items()}
        about = described(
            self._service, 400, *also, 408, 413, 429, 500, 503, 504, needs_key=True, error=errors
        )

        def add(handler: Handler) -> Handler:
            async def respond(request: Request) -> Any:
                return await handler(
                    Asked(await request.body(), request.headers, request.scope["textune"], self._service)
                )

            respond.__doc__, respond.__name__ = handler.__doc__, handler.__name__.lstrip("_")
            self.app.post(
                path,
                response_model=gives,
                openapi_extra={"requestBody": {"required": True, "content": content}},
                **about,
            )(respond)
            return handler

        return add

    def look(self, path: str, *, gives: Any, errors: Any, is_open: bool = False) -> Callable[[Any], Any]:
        """Add a handler of GET; it needs no key if it `is_open`."""
        self._note(path)
        if is_open:
            self._open.add(path)
        about = described(self._service, 503, needs_key=not is_open, error=errors)
        return self.app.get(path, response_model=gives, **about)

    def _note(self, path: str) -> None:
        if self._protocol is not None and self._protocol.refuse is not None:
            self._refusing[path] = self._protocol.refuse

    def _schema(self, kind: Any) -> dict[str, Any]:
        """Return the schema of a type; those that it refers to go to the description's others."""
        if isinstance(kind, dict):
            return kind
        schema = _adapter(kind).json_schema(ref_template=_REFS, mode="validation")
        self.schemas |= schema.pop("$defs", {})
        if schema.get("type") == "object" and "title" in schema:
            self.schemas[schema["title"]] = schema
            return {"$ref": _REFS.format(model=schema["title"])}
        return schema


def check_ready(service: Service) -> None:
    """Raise a `Refusal` unless requests are accepted."""
    if service.draining or not service.queue.alive:
        raise draining()


async def off_loop(size: int, function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function returns; in a thread if it has many bytes to look at."""
    if size < _BYTES_AT_ONCE:
        return function(*arguments)
    return await asyncio.to_thread(function, *arguments)


_BYTES_AT_ONCE = 100_000
"""The event loop answers everybody else, so it reads no more at once: a millisecond's work."""
