"""Checks that texts are texts: each is a string that says something.

In: the rows of a split. Out: nothing, or a `DataError` that names every row at fault.
"""

from __future__ import annotations

from textune.data.raw import RawSplit, counted
from textune.errors import DataError


def check_raw_texts(rows: RawSplit) -> None:
    """Raise a `DataError` unless every row has a text that says something."""
    missing = [
        index for index, text in enumerate(rows.texts) if text is None or text == "" or _is_blank(text)
    ]
    other = next((index for index, text in enumerate(rows.texts) if not isinstance(text, str | None)), None)
    if other is not None:
        value = rows.texts[other]
        raise DataError(
            f"{rows.text_places([other])}: {str(value)[:60]!r} ({type(value).__name__}) is not a text.",
            "Is this the right column? Name another with --set data.text_column=NAME, or write it as text.",
        )
    if missing:
        raise DataError(
            f"{counted(len(missing), 'row')} without a text (nothing, or only spaces): "
            f"{rows.text_places(missing)}.",
            "Delete these rows, or write their texts, then try again. Where texts and labels are in two "
            "files, delete the same lines of both.",
        )


def _is_blank(text: object) -> bool:
    return isinstance(text, str) and not text.strip()
