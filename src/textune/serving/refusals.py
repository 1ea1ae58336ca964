"""The refusals that a client gets instead of an answer: a status, one line, and what to do about it.

Their kinds are those of text-embeddings-inference if it has one for the case, so that its clients know them.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

CLIENT_GONE = 499
"""The logged status of a request whose client hung up."""

_KINDS = {401: "unauthorized", 403: "unauthorized", 404: "not_found", 405: "not_found", 408: "timeout"}
_KINDS |= {429: "overloaded", 500: "backend", 503: "unhealthy", 504: "timeout"}


class Refusal(HTTPException):
    """A request that is not answered: a status, a line that repeats nothing of the texts, and headers."""

    def response(self, *, wrong: int = 422) -> JSONResponse:
        """Return the response to send; `wrong` is its status if the request is."""
        content = {"error": self.detail, "error_type": _KINDS.get(self.status_code, "validation")}
        return JSONResponse(content, status_code=self.status(wrong=wrong), headers=self.headers)

    def status(self, *, wrong: int) -> int:
        """Return the refusal's status, which is `wrong` if the request is."""
        return wrong if self.status_code == 422 else self.status_code


def overloaded(retry_after_seconds: int) -> Refusal:
    """Return the refusal of a request for which the queue has no room."""
    message = "The queue is full. Try again after the seconds in the header Retry-After."
    return Refusal(429, message, {"retry-after": str(retry_after_seconds)})


def draining() -> Refusal:
    """Return the refusal of a server that is shutting down."""
    return Refusal(503, "The server is shutting down and accepts no more requests.", {"retry-after": "5"})
