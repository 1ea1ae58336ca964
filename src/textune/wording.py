"""How numbers, lists, durations and errors of libraries read in a sentence for a person."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SHOULD_BE = "Input should be "
_PLAIN = {
    r"a valid integer.*": "a whole number",
    r"a valid number.*": "a number",
    r"a valid string.*": "text",
    r"a valid boolean.*": "true or false",
    r"a valid list.*": "a list",
    r"greater than or equal to (\S+)": r"\1 or more",
    r"less than or equal to (\S+)": r"\1 or less",
    r"greater than (\S+)": r"more than \1",
}
"""What pydantic says that a value should be, as regular expressions, and what is said in its place."""


def listed(items: Sequence[object], *, most: int) -> str:
    """Return the first items for a sentence, and how many more there are.

    Example:
        >>> listed(["a", "b", "c"], most=2)
        'a, b and 1 more'
    """
    shown, left_out = ", ".join(map(str, items[:most])), len(items) - most
    return f"{shown} and {left_out:,} more" if left_out > 0 else shown


def itemised(faults: Sequence[str], *, most: int = 10) -> str:
    """Return faults for the end of a message, one per line, and how many more there are.

    Example:
        >>> print(itemised(["a", "b", "c"], most=2))
          - a
          - b
          and 1 more
    """
    lines = [f"  - {fault}" for fault in faults[:most]]
    left_out = len(faults) - most
    return "\n".join([*lines, f"  and {left_out:,} more"] if left_out > 0 else lines)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    Example:
        >>> counted(1, "row"), counted(2000, "row")
        ('1 row', '2,000 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def in_words(seconds: float) -> str:
    """Return a duration in words.

    Example:
        >>> in_words(55), in_words(400), in_words(9000)
        ('55 seconds', '7 minutes', '2.5 hours')
    """
    if seconds < 120:
        return f"{round(seconds)} seconds" if seconds >= 1.5 else "a second"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its type if the message is empty."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def plain_fault(message: str) -> str:
    """Return what pydantic says of a value in plain words; other messages stay as they are.

    Example:
        >>> plain_fault("Input should be greater than or equal to 1")
        'must be 1 or more'
    """
    if not message.startswith(_SHOULD_BE):
        return message.removeprefix("Value error, ")
    wanted = message.removeprefix(_SHOULD_BE)
    for pattern, words in _PLAIN.items():
        if match := re.fullmatch(pattern, wanted):
            return f"must be {match.expand(words)}"
    return f"must be {wanted}"
