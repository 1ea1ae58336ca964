"""What a server takes on, and how long it lets a client wait: every limit and its default, once.

Holds numbers only; it is on the way to `textune --help`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What is refused, and when.

    Attributes:
        queued_texts: The most texts that are admitted and not answered; a request that exceeds it gets 429.
        timeout_seconds: How long after its arrival a request is given up: 504, or 408 where its body is late.
        texts: The most texts in one request; more get 413.
        characters: The most characters in one text; more get 413.
        body_bytes: The most bytes in one body; more get 413, and are not kept.
    """

    queued_texts: int = 1024
    timeout_seconds: float = 10.0
    texts: int = 256
    characters: int = 20_000
    body_bytes: int = 4_000_000
