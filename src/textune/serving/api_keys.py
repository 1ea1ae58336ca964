"""API keys: those of the environment, and whether clients can send them.

`textune --help` imports this module, so it imports nothing heavy.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from textune.errors import RequestError

KEY_VARIABLE = "TEXTUNE_API_KEY"


def check_api_keys(api_keys: Sequence[str]) -> None:
    """Raise a `RequestError` unless all keys can be bearer tokens."""
    # A bearer token holds no blanks, and is compared without the blanks around it.
    if any(not key or " " in key or not key.isascii() or not key.isprintable() for key in api_keys):
        raise RequestError(
            "An API key is empty, or has blanks or other characters that a bearer token cannot hold.",
            "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe())'",
        )


def keys_of_environment() -> Sequence[str]:
    """Return the environment's key, if it has one.

    Click must not read it: it would split the variable at spaces, and treat an empty variable as no key,
    which opens the server to everybody.
    """
    key = os.environ.get(KEY_VARIABLE)
    if key is None:
        return ()
    if not key.strip():
        raise RequestError(
            f"{KEY_VARIABLE} is set but empty.", "Set it to a key, or unset it to serve without a key."
        )
    return (key,)
