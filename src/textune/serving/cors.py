"""Which web pages of other origins may use the server: the headers by which browsers let them.

In: the origins that `--cors` names. Out: the headers of answers and refusals, and the answer to a preflight,
which a browser sends before a request. Starlette's middleware would not see the refusals on the connection
(`protocol.py`), and would let caches give one page what was answered to another.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from starlette.responses import Response
from starlette.types import Scope

from textune.errors import RequestError
from textune.serving.records import Header
from textune.serving.refusals import Refusal

ANY_ORIGIN = "*"
_TIMES = ("x-total-time", "x-queue-time", "x-inference-time")
EXPOSED = ("retry-after", "x-request-id", *_TIMES, "x-truncated-texts")
"""The headers of answers that a page may read, besides those that every page may."""

_EXCLUDED = frozenset({"/metrics"})
"""Prometheus reads the metrics, and no page needs them."""

_SECONDS_REMEMBERED = 600
"""How long a browser need not send another preflight."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9._-]+")
_EXAMPLE = "An origin is the beginning of a page's address, for instance --cors https://app.example.com:8443"
_REPEAT = "Repeat the option for every origin: --cors https://one.example.com --cors https://two.example.com"


class Cors:
    """The origins whose pages may use the server; without any, no answer gets another header.

    A page sends the API key like any other client; cookies are never asked for. An origin that is not one is
    a `RequestError`.
    """

    def __init__(self, origins: Sequence[str] = ()) -> None:
        self._origins = frozenset(web_origin(origin).encode() for origin in origins)

    @property
    def allows_any(self) -> bool:
        """Whether the pages of all origins may use the server."""
        return ANY_ORIGIN.encode() in self._origins

    def headers(self, scope: Scope) -> list[Header]:
        """Return the headers that the answer to a request carries, be it a refusal or not."""
        if not self._origins or scope["path"] in _EXCLUDED:
            return []
        exposed = (b"access-control-expose-headers", ", ".join(EXPOSED).encode())
        if self.allows_any:
            return [(b"access-control-allow-origin", b"*"), exposed]
        # The same for all clients: a cache must not give one page what was answered to another.
        headers, origin = [(b"vary", b"Origin")], _header(scope, b"origin")
        if self._allows(origin):
            headers += [(b"access-control-allow-origin", origin), exposed]
        return headers

    def preflight(self, scope: Scope) -> Response | None:
        """Return the answer to a preflight, besides `headers`, or None if the request is not one.

        Raise a `Refusal` if pages of the origin may not use the server.
        """
        asks = scope["method"] == "OPTIONS" and _header(scope, b"access-control-request-method")
        if not asks or not self._origins or scope["path"] in _EXCLUDED:
            return None
        if not self._allows(_header(scope, b"origin")):
            raise Refusal(403, "Pages of this origin may not use the server: --cors does not name it.")
        headers = {
            "access-control-allow-methods": "GET, POST",
            "access-control-max-age": f"{_SECONDS_REMEMBERED}",
        }
        # Clients send headers of their own beside the key. The server ignores them, so all are allowed.
        if requested := _header(scope, b"access-control-request-headers"):
            headers["access-control-allow-headers"] = requested.decode("latin-1")
        return Response(status_code=204, headers=headers)

    def _allows(self, origin: bytes) -> bool:
        return self.allows_any or origin in self._origins


def web_origin(origin: str) -> str:
    """Return an origin as browsers send it, or `*`; raise a `RequestError` if it is not an origin.

    Example:
        >>> web_origin("HTTPS://App.example.com:443")
        'https://app.example.com'
    """
    if origin == ANY_ORIGIN:
        return origin
    if "*" in origin:
        raise _invalid(origin, "'*' stands for all origins, not for a part of one", _REPEAT)
    if re.search(r"[\s,]", origin):
        raise _invalid(origin, "it is a list, or has a blank", _REPEAT)
    if not origin.isascii():
        raise _invalid(origin, "browsers send hosts in ASCII", "Give it as they do, with xn-- in its host.")
    if "://" not in origin:
        hint = "Pages without an origin, such as those of files, may use the server with --cors '*' only."
        if origin not in ("", "null"):
            hint = f"Give it as in the page's address, such as --cors https://{origin}"
        raise _invalid(origin, "it has no scheme such as https://", hint)
    try:
        parts = urlsplit(origin)
        port = parts.port
        host = _read_host(parts)
    except ValueError:
        raise _invalid(origin, "its host or its port is not valid", _EXAMPLE) from None
    written = f"{parts.scheme}://{host}"
    if port is not None and port != _DEFAULT_PORTS.get(parts.scheme):
        written += f":{port}"
    if "@" in parts.netloc or len(origin) > len(f"{parts.scheme}://{parts.netloc}"):
        raise _invalid(origin, "it has more than a scheme, a host and a port", f"Give --cors {written}")
    return written


def _read_host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if ":" in host:
        return f"[{ipaddress.IPv6Address(host).compressed}]"
    if not _HOST.fullmatch(host):
        raise ValueError(host)
    return host


def _invalid(origin: str, reason: str, hint: str) -> RequestError:
    return RequestError(f"--cors '{origin}' is not an origin: {reason}.", hint)


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")
