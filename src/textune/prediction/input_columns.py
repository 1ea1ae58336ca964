"""Which column of an input holds the texts, and how its file is read.

In: what the request says, and what the run remembers of its own data. Out: a choice for each file; None for a
file whose lines are texts. Does not read the texts.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from textune.data.columns import ColumnChoice, has_text_column
from textune.encoder.separator import stored_separator
from textune.errors import DataError
from textune.formats.lines import open_data_file, read_lines
from textune.formats.registry import Reading, find_format, may_be_table
from textune.formats.tables import column_names
from textune.recipe.recipes import override_data
from textune.recipe.settings import DataSettings, Recipe
from textune.run.layout import Run
from textune.run.stored_recipe import run_recipe
from textune.runtimes.exports import is_export, read_export

DETECTED = ColumnChoice()


def choose_columns(
    run: Path,
    *,
    text_column: str | Sequence[str] = "",
    text_pair_column: str = "",
    settings: Sequence[str] = (),
) -> ColumnChoice:
    """Return how a run's or export's input is read.

    Args:
        run: The folder. A run's own columns count for files that have them.
        text_column: The column that holds the text, or several that are joined.
        text_pair_column: The column that holds the second text of pairs.
        settings: Overrides `data.key=value`, which count for all files.

    Raises:
        RequestError: A setting is not one of data, or is wrong.
    """
    recipe = Run(run).recipe
    own = run_recipe(Run(run)) if recipe.is_file() else Recipe()
    if not recipe.is_file() and is_export(run):
        own = Recipe(data=DataSettings(**read_export(run).manifest.get("reading", {})))
    if text_column:
        names = text_column if isinstance(text_column, str) else json.dumps(list(text_column))
        settings = [*settings, f"data.text_column={names}"]
    if text_pair_column:
        settings = [*settings, f"data.text_pair_column={text_pair_column}"]
    data, given = override_data(own, settings)
    data = stored_separator(data, Run(run).model)
    return ColumnChoice.of(data, given=given)


def choice_for(path: Path, choice: ColumnChoice) -> ColumnChoice | None:
    """Return how to read one file, or None if its lines are texts.

    A file with the suffix of a table is one. Another is one if it has several columns, and one of them is
    chosen or has a usual name. A remembered column counts if the file has it.
    """
    if not may_be_table(path):
        return choice  # Reading it says which suffixes are known.
    is_table = find_format(path) is not None
    if is_empty(path):
        return choice if is_table else None
    # A header tells more than the habit of another file without one.
    has_header = choice.reading.header or "header" in choice.remembered
    named = replace(choice, reading=replace(choice.reading, header=has_header))
    if choice.reading.pair:
        own = named if _has_column(path, named) else choice
        own.check_parts(_columns(path, own), origin=str(path))
        return own
    if "text_column" not in choice.remembered:
        if choice.text:
            return named if _has_column(path, named) else choice
        return named if is_table or _has_text_column(path, named) else None
    usual = replace(named, text="", reading=replace(named.reading, joined=()))
    named.check_parts(_columns(path, usual), origin=str(path))
    for option, found in ((named, _has_column), (usual, _has_text_column), (choice, _has_column)):
        if found(path, option):
            return option
    return usual if is_table else None


def note_on_lines(path: Path, choice: ColumnChoice = DETECTED) -> list[str]:
    """Return a sentence about a file whose lines are read as texts, but which looks like a table."""
    columns = len(_columns(path, replace(DETECTED, reading=Reading(header=False))))
    if columns > 1:
        return [
            f"Each line of {path} is a text. If it is a table of {columns} columns, add --set "
            f"data.header=false --set data.text_column=N, with N from 1 to {columns}."
        ]
    header = next(read_lines(path, may_be_empty=True), "").strip()
    if not is_like_header(header, choice):
        return []
    return [
        f"The first line of {path}, '{header}', is a text like the others. If it is the name of the column, "
        f"add --set {shlex.quote(f'data.text_column={header}')}"
    ]


def is_like_header(line: str, choice: ColumnChoice = DETECTED) -> bool:
    """Return whether a line is the name of the run's text column, or may be that of another.

    Example:
        >>> [is_like_header(line) for line in ("Text", "REVIEWS", "tweet_text", "a review", "so happy")]
        [True, True, True, False, False]
    """
    last = re.split("[_-]", line.casefold())[-1]
    return bool(line) and (line == choice.text or has_text_column([last, last.removesuffix("s")]))


def _has_column(path: Path, choice: ColumnChoice) -> bool:
    return choice.text in _columns(path, choice)


def _has_text_column(path: Path, choice: ColumnChoice) -> bool:
    return has_text_column(_columns(path, choice))


def _columns(path: Path, choice: ColumnChoice) -> list[str]:
    """Return the names of a table's columns; none if the file is not a table."""
    try:
        names = column_names(path, choice.reading)
    except DataError:
        return []
    return names if find_format(path) or len(names) > 1 else []


def is_empty(path: Path) -> bool:
    """Return whether a file has no bytes."""
    with open_data_file(path) as file:
        return not file.read(1)
