"""The page's files, as they are sent.

In: nothing. Out: a response per file. The headers make the browser load from this server alone, and run no
script that stands in the page itself.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import PurePath

from starlette.responses import Response

_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "cache-control": "no-cache",
    "referrer-policy": "no-referrer",
}


def page_files() -> dict[str, Response]:
    """Return the page's files by name; `index.html` is the page itself."""
    entries = {entry.name: entry for entry in files("textune.serving.page").iterdir()}
    types = {name: _TYPES.get(PurePath(name).suffix) for name in entries}
    return {
        name: Response(entries[name].read_bytes(), media_type=media_type, headers=_HEADERS)
        for name, media_type in types.items()
        if media_type
    }
