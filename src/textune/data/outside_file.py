"""A file of texts that belong to no class: a table with a column of texts, or one text per line.

In: a path. Out: its texts, and two halves of texts; or a `DataError`. Does not know the classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textune.data.columns import ColumnChoice, find_text_column, has_text_column
from textune.data.splits import make_splits
from textune.data.texts import is_blank
from textune.errors import DataError
from textune.formats.lines import read_lines
from textune.formats.registry import find_format, format_of
from textune.formats.tables import column_names, read_rows
from textune.formats.text_pairs import AnyText, TextPair
from textune.recipe.settings import DataSettings


def read_outside_file(path: Path, settings: DataSettings) -> list[AnyText]:
    """Return the texts of a table, or the lines of a file, that are not blank.

    The settings are those of the data set: its columns count if the file has them.

    Raises:
        DataError: The file cannot be read, has no column of texts, or holds something else.
    """
    return [text for text in _texts_in(path, settings) if not is_blank(text)]


def halves(texts: Sequence[AnyText], *, seed: int) -> dict[str, tuple[list[AnyText], list[int]]]:
    """Return one half of distinct texts to choose by, `validation`, and one to measure on, `test`.

    The texts and the seed alone decide which; each half has the numbers that its texts had, too. A single
    text cannot be divided.
    """
    numbers = {"validation": list(range(len(texts)))}
    if len(texts) > 1:
        rows = make_splits(texts, [""] * len(texts), validation_fraction=0, test_fraction=0.5, seed=seed)
        numbers = {"validation": rows["train"], "test": rows["test"]}
    return {split: ([texts[row] for row in rows], rows) for split, rows in numbers.items()}


def _texts_in(path: Path, settings: DataSettings) -> list[AnyText]:
    """Return the texts of a table, or the lines of a file that is none by its suffix and its header."""
    choice = ColumnChoice.of(settings, given=frozenset())
    columns = _columns(path, choice)
    if find_format(path) is None and not (len(columns) > 1 and has_text_column(columns)):
        return list(read_lines(path))
    try:
        own = choice.for_columns(columns, origin=str(path))
        column = find_text_column(columns, own, origin=str(path))
    except DataError as error:
        raise DataError(
            error.message, "Call the column of its texts `text`, or write one text per line into a .txt file."
        ) from error
    texts = []
    for row in read_rows(path, columns=[column], reading=own.reading):
        text = row.values[column]
        if text is not None and not isinstance(text, str | TextPair):
            unit = format_of(path, own.reading).unit
            raise DataError(
                f"{path}, {unit} {row.line}: the column '{column}' holds {text!r}, not a text.",
                "Put it in quotes, or call the column of the texts `text`.",
            )
        texts.append(text or "")
    return texts


def _columns(path: Path, choice: ColumnChoice) -> list[str]:
    try:
        return column_names(path, choice.reading)
    except DataError:
        if find_format(path) is not None:
            raise
        return []
