"""JSON values from text, with a `DataError` that names the place of a fault; `NaN` is a missing value."""

from __future__ import annotations

import json
from typing import Any

from textune.errors import DataError

_EXAMPLE = 'Write one JSON object per line, for instance {"text": "so happy", "label": "joy"}.'
_KINDS = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}


def _constant(name: str) -> float | None:
    return None if name == "NaN" else float(name)


_DECODER = json.JSONDecoder(parse_constant=_constant)


def json_value(text: str, place: str, *, start: int = 0) -> tuple[Any, int]:
    """Return the JSON value that begins at `start`, and where it ends; raise a `DataError` for none."""
    try:
        value, end = _DECODER.raw_decode(text, start)
        if "\\u" in text[start:end]:  # Only an escape can produce half a character.
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"{place}: {ascii(error.object[error.start])[1:-1]} is half a character (a lone surrogate).",
            "Add its other half, or remove it.",
        ) from error
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if error.lineno > 1 else ""
        raise DataError(
            f"{place} is not JSON: {error.msg} at {line}character {error.colno}.", _EXAMPLE
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place} cannot be read as JSON: {error}.", _EXAMPLE) from error
    return value, end


def json_object(text: str, place: str) -> dict[str, Any]:
    """Return the object that a text holds, and nothing else."""
    stripped = text.strip()
    value, end = json_value(stripped, place)
    if end < len(stripped):
        raise DataError(f"{place} is not JSON: Extra data at character {end + 1}.", _EXAMPLE)
    return checked_object(value, place)


def checked_object(value: Any, place: str) -> dict[str, Any]:
    """Return a value if it is an object; raise a `DataError` otherwise."""
    if not isinstance(value, dict):
        raise DataError(
            f"{place}: expected a JSON object, found {_KINDS.get(type(value), 'a number')}.", _EXAMPLE
        )
    return value
