"""The keys that a request must carry one of: which strings can be keys."""

from __future__ import annotations

from collections.abc import Sequence

from textune.errors import RequestError


def check_api_keys(keys: Sequence[str]) -> None:
    """Raise a `RequestError` unless each key can be sent as a bearer token."""
    # A bearer token holds no blanks, and is compared without the blanks around it.
    if any(not key or " " in key or not key.isascii() or not key.isprintable() for key in keys):
        raise RequestError(
            "An API key is empty, or has blanks or other characters that a bearer token cannot hold.",
            "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe())'",
        )
