"""The page's files, as they are sent.

Their headers make the browser load from this server alone, and run no inline script.
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
_HEADERS = {"content-security-policy": _POLICY, "cache-control": "no-cache", "referrer-policy": "no-referrer"}


def page_files(package: str = __name__) -> dict[str, Response]:
    """Return the files of a page by name, those of a package; `index.html` is the server's page itself."""
    return {
        entry.name: Response(entry.read_bytes(), media_type=media_type, headers=_HEADERS)
        for entry in files(package).iterdir()
        if (media_type := _TYPES.get(PurePath(entry.name).suffix))
    }
