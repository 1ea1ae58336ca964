"""The paths that several protocols share: `/ping`, `/invocations` and `/v1/models`.

The body of an invocation says whose it is: the first protocol that takes it answers, and refuses in its own
form. The list of models has what the clients of each protocol read there.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any, get_type_hints

from starlette.responses import Response
from typing_extensions import TypedDict

from textune.serving.protocols.endpoints import Asked, Endpoints, check_ready
from textune.serving.protocols.registry import ClientProtocol, Invocation
from textune.serving.refusals import Refusal
from textune.serving.schemas import ErrorAnswer
from textune.serving.service import Service

INVOCATIONS, PING, MODELS = "/invocations", "/ping", "/v1/models"


def add_shared_paths(endpoints: Endpoints, protocols: Sequence[ClientProtocol], service: Service) -> None:
    """Add the paths that the protocols share, if any of them has a part there."""
    invoked = [(each, each.invocation(service)) for each in protocols if each.invocation is not None]
    if invoked:
        with endpoints.of(invoked[0][0]):
            _add_invocations(endpoints, invoked)
        _add_ping(endpoints, service)
    if listing := [each for each in protocols if each.models is not None]:
        with endpoints.of(listing[0]):
            _add_models(endpoints, listing, service)


def _add_invocations(endpoints: Endpoints, invoked: Sequence[tuple[ClientProtocol, Invocation]]) -> None:
    bodies: dict[str, Any] = {}
    for _, invocation in invoked:
        for media_type, kind in invocation.bodies.items():
            bodies[media_type] = bodies[media_type] | kind if media_type in bodies else kind
    types = ", ".join(bodies)

    @endpoints.question(
        INVOCATIONS,
        bodies=bodies,
        gives=reduce(or_, (invocation.answers for _, invocation in invoked)),
        errors=reduce(or_, (invocation.errors for _, invocation in invoked)),
        also=(415,),
    )
    async def invocations(asked: Asked) -> Any:
        """Classify texts, in the schema of whoever the body is from."""
        protocol, invocation = next((pair for pair in invoked if pair[1].takes(asked)), invoked[-1])
        try:
            if asked.media_type not in bodies:
                raise Refusal(415, f"This type of body is not taken here. Send one of {types}.")
            return await invocation.answer(asked)
        except Refusal as refusal:
            return refusal.response() if protocol.refuse is None else protocol.refuse(refusal)


def _add_ping(endpoints: Endpoints, service: Service) -> None:
    @endpoints.look(PING, gives=None, errors=ErrorAnswer, is_open=True)
    async def ping() -> Response:
        """Return whether requests are accepted, without a body."""
        check_ready(service)
        return Response()


def _add_models(endpoints: Endpoints, listing: Sequence[ClientProtocol], service: Service) -> None:
    parts = [each.models for each in listing if each.models is not None]
    hints = {name: kind for part, _ in parts for name, kind in get_type_hints(part).items()}
    named: Any = TypedDict  # mypy knows only those that are written as classes.

    @endpoints.look(MODELS, gives=named("ModelsAnswer", hints), errors=ErrorAnswer)
    async def models() -> Any:
        """List the server's only model."""
        return {name: value for _, list_models in parts for name, value in list_models(service).items()}
