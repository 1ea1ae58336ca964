"""What a client is told when it gets no answer: a status, one line, and what to do with it.

In: why there is no answer. Out: a `Refusal`, which `app` turns into a response. The kinds are those of
text-embeddings-inference where it has one for the case, so that its clients know them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

CLIENT_GONE = 499
"""The status under which a request is logged whose client hung up; nobody is there to read it."""

_KINDS = {
    401: "unauthorized",
    404: "not_found",
    405: "not_found",
    408: "timeout",
    413: "validation",
    422: "validation",
    429: "overloaded",
    500: "backend",
    503: "unhealthy",
    504: "timeout",
}


class Refusal(Exception):  # noqa: N818
    """A request that is not answered.

    Attributes:
        status: The HTTP status.
        message: One line for the person who sent the request; holds nothing of its texts.
        headers: Headers that the answer carries.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})

    def document(self) -> dict[str, str]:
        """Return the answer's body."""
        return {"error": self.message, "error_type": _KINDS.get(self.status, "validation")}

    def body(self) -> bytes:
        """Return the answer's body as JSON."""
        return json.dumps(self.document()).encode()


def invalid(message: str) -> Refusal:
    """Return the refusal of a request that is wrong: 422."""
    return Refusal(422, message)


def too_large(message: str) -> Refusal:
    """Return the refusal of a request that exceeds a limit: 413."""
    return Refusal(413, message)


def overloaded(retry_after_seconds: int) -> Refusal:
    """Return the refusal of a request for which the queue has no room: 429."""
    return Refusal(
        429,
        "The queue is full. Try again after the seconds in the header Retry-After.",
        {"retry-after": str(retry_after_seconds)},
    )


def unavailable(message: str) -> Refusal:
    """Return the refusal of a server that takes no requests: 503."""
    return Refusal(503, message, {"retry-after": "5"})


def unauthorized() -> Refusal:
    """Return the refusal of a request without the right key: 401."""
    return Refusal(
        401,
        "This server needs its API key: send the header 'Authorization: Bearer KEY'.",
        {"www-authenticate": "Bearer"},
    )


def gone() -> Refusal:
    """Return what ends the work on a request whose client hung up."""
    return Refusal(CLIENT_GONE, "The client hung up.")
