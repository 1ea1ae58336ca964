"""Texts that Python holds, as rows to classify.

In: a list, an array or a series of texts, or of pairs of texts, or a table. Out: a `TextRow` each, in their
order, or a `DataError` that names the row. Does not know labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textune.data.columns import ColumnChoice, find_text_column
from textune.data.python_tables import columns_of, is_table, values_of
from textune.errors import DataError
from textune.formats.joining import join_columns
from textune.formats.text_pairs import TextPair, as_text
from textune.prediction.stream import TextRow

_OPTION = "text_column=NAME"


def rows_in_memory(texts: Any, choice: ColumnChoice) -> list[TextRow]:
    """Return the rows of texts, or of a table, whose other columns they keep; a missing text is empty.

    Raises:
        DataError: It is not a sequence of texts nor a table with a column of texts, or a value is not a text.

    Example:
        >>> [row.text for row in rows_in_memory({"id": [1, 2], "text": ["so happy", None]}, ColumnChoice())]
        ['so happy', '']
    """
    origin = type(texts).__name__
    is_list_of_dicts = isinstance(texts, list) and bool(texts) and isinstance(texts[0], Mapping)
    if is_list_of_dicts or (is_table(texts) and not isinstance(texts, tuple)):
        columns = join_columns(columns_of(texts, origin), choice.reading, origin)
        names = list(columns)
        column = find_text_column(
            names, choice.for_columns(names, origin=origin), origin=origin, option=_OPTION
        )
        values, texts_in = columns[column], choice.columns_of_text(column)
        columns = {name: cells for name, cells in columns.items() if name not in texts_in}
    else:
        columns, values = {}, values_of(texts, origin)
    values = list(map(as_text, values))
    for row, text in enumerate(values, start=1):
        if text is not None and not isinstance(text, str | TextPair):
            raise DataError(
                f"{origin}, row {row}: {str(text)[:60]!r} ({type(text).__name__}) is not a text.",
                f"Convert it to text, or name the column of texts: {_OPTION}",
            )
    return [
        TextRow(text or "", {name: column[row] for name, column in columns.items()})
        for row, text in enumerate(values)
    ]
