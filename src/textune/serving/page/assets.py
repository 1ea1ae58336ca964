"""The page's files, as they are sent.

In: nothing. Out: every file's bytes, type and headers. The browser is told to load from this server alone,
and to run nothing that stands in the page itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

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


@dataclass(frozen=True)
class PageFile:
    """A file of the page.

    Attributes:
        content: Its bytes.
        media_type: What it is.
        headers: What is sent with it.
    """

    content: bytes
    media_type: str
    headers: dict[str, str]


def page_files() -> dict[str, PageFile]:
    """Return the page's files by name; `index.html` is the page itself."""
    found = {}
    for entry in files("textune.serving.page").iterdir():
        suffix = entry.name[entry.name.rfind(".") :]
        if suffix in _TYPES:
            found[entry.name] = PageFile(entry.read_bytes(), _TYPES[suffix], dict(_HEADERS))
    return found
