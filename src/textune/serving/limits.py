"""The limits of a server, each with its default: how much it accepts, how long a client waits, and where.

`textune --help` imports this module, so it imports nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

USUAL_PORT = 8000
"""The port of a server, unless one is asked for."""


@dataclass(frozen=True)
class Limits:
    """What is refused, and when.

    Attributes:
        queued_texts: Maximum number of texts admitted but not answered; a request beyond it gets 429.
        timeout_seconds: How long after its arrival a request gets 504, or 408 where its body is late.
        texts: Maximum number of texts per request; more get 413.
        characters: Maximum number of characters per text, or per pair of texts; more get 413.
        body_bytes: Maximum size of a body; a longer one gets 413 and is dropped.
    """

    queued_texts: int = 1024
    timeout_seconds: float = 10.0
    texts: int = 256
    characters: int = 20_000
    body_bytes: int = 4_000_000


LABEL_STUDIO = Limits(timeout_seconds=100.0, body_bytes=100_000_000)
"""The defaults of a backend of Label Studio, which sends all tasks of a project at once and waits as long."""
