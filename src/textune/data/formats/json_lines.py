"""JSON Lines: one JSON object per line."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from textune.data.formats.lines import decode_lines, open_data_file
from textune.data.formats.registry import Format, Row, register
from textune.errors import DataError

_EXAMPLE = 'Write one JSON object per line, for instance {"text": "so happy", "label": "joy"}.'
_KINDS = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}


def _rows(path: Path, columns: Collection[str]) -> Iterator[Row]:
    with open_data_file(path) as file:
        for number, line in enumerate(decode_lines(file, str(path)), start=1):
            if not line.isspace():
                values = _json_object(line, f"{path}, line {number}")
                yield Row(number, {name: values.get(name) for name in columns} if columns else values)


def _json_object(line: str, place: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
        if "\\u" in line:  # Only an escape can produce half a character.
            json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"{place}: {ascii(error.object[error.start])[1:-1]} is half a character (a lone surrogate).",
            "Add its other half, or remove it.",
        ) from error
    except json.JSONDecodeError as error:
        raise DataError(f"{place} is not JSON: {error.msg} at character {error.colno}.", _EXAMPLE) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place} cannot be read as JSON: {error}.", _EXAMPLE) from error
    if not isinstance(values, dict):
        kind = _KINDS.get(type(values), "a number")
        raise DataError(f"{place}: expected a JSON object, found {kind}.", _EXAMPLE)
    return values


register(Format("JSONL", (".jsonl", ".ndjson"), _rows))
