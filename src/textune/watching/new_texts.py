"""The texts to watch: of any source, labelled, in part, or not at all.

In: what names them, and the labels of a classifier. Out: `NewTexts`, of many a random sample, or an error
that says what to do. A large file is read as a stream, a row at a time, so memory does not grow with it. Does
not know features.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.annotations.conversion import texts_of_source
from textune.annotations.registry import TextToWrite
from textune.context import Context
from textune.data.columns import ALL_SETTINGS, ColumnChoice
from textune.data.dataset import UNKNOWN
from textune.data.in_memory import as_source
from textune.data.mapping_files import with_names
from textune.data.sources import read_source
from textune.errors import DataError
from textune.formats.text_pairs import AnyText, sides_of
from textune.prediction.inputs import find_files, input_notes, open_texts
from textune.prediction.python_rows import rows_in_memory
from textune.prediction.stream import TextRow
from textune.recipe.settings import DataSettings
from textune.watching.reference import NOT_LABELLED, Decisions
from textune.wording import counted, listed

_STREAMED_FROM_BYTES = 32_000_000
"""From which size on, files are read as a stream, in which no labels are looked for."""
_TEXT_COLUMN = (
    "Name the column that holds the text: --set data.text_column=NAME, and --set data.text_pair_column=NAME "
    "for pairs of texts. If these are not names, the table has no header: --set data.header=false."
)


@dataclass(frozen=True)
class NewTexts:
    """New texts; `labels` are as in `WatchedRows`, and `total` counts those of which they are a sample."""

    texts: Sequence[AnyText]
    labels: NDArray[np.int64] | None
    total: int
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class SourceReading:
    """How a source is read.

    Attributes:
        settings: As in a recipe.
        given: The names of those that were given for this source.
        split: The split to watch, if the source has several.
        most: The most texts; of more, so many are drawn at random. 0: all.
        with_labels: Whether labels count, if there are any.
    """

    settings: DataSettings
    given: Set[str] = ALL_SETTINGS
    split: str = "test"
    most: int = 0
    with_labels: bool = True


def read_new_texts(source: Any, reading: SourceReading, decisions: Decisions, ctx: Context) -> NewTexts:
    """Return the texts of a source that are not blank.

    Args:
        source: The name of a source, or what `textune.predict` or `textune.train` takes in Python.
        reading: How it is read.
        decisions: The labels that there may be.
        ctx: Whether connections are allowed.

    Raises:
        DataError: It does not exist, cannot be read, has no texts, or has labels that are not the run's.
    """
    choice = ColumnChoice.of(reading.settings, given=reading.given)
    name, held = as_source(source)
    if name is None or not name.strip():
        raise DataError("There are no texts to watch.", "Give a source with texts.")
    place = Path(name).expanduser()
    if held is None and not place.exists():
        return _from_rows(_labelled_rows(name, choice, reading, ctx), reading, decisions, name)
    if held is None and _bytes_in(place) >= _STREAMED_FROM_BYTES:
        files = find_files(name)
        notes = [*input_notes(files, choice), "The input is large, so no labels are looked for in it."]
        return _sampled(open_texts(files, choice), reading.most, notes)
    rows, why = list[TextToWrite](), None
    try:
        rows = _labelled_rows(held or name, choice, reading, ctx)
    except DataError as error:
        why = error
    if any(row.split for row in rows):
        return _from_rows(rows, reading, decisions, name)
    try:
        plain, notes = _plain_texts(source if held is not None else name, choice, is_held=held is not None)
    except DataError as error:
        if rows:
            return _from_rows(rows, reading, decisions, name)
        # What an input of texts lacks says more than what a source of labelled texts does.
        if why is not None and place.is_dir():
            raise why from None
        raise DataError(error.message, _TEXT_COLUMN if "column" in str(error) else error.hint) from None
    if len(rows) >= len(plain):
        return _from_rows(rows, reading, decisions, name)
    sampled = _sampled(plain, reading.most, notes)
    has_labels = reading.with_labels and any(row.is_labelled for row in rows)
    return with_labels(sampled, rows, decisions) if has_labels else sampled


def _plain_texts(source: Any, choice: ColumnChoice, *, is_held: bool) -> tuple[list[TextRow], list[str]]:
    """Return the rows of texts that Python holds or of files, as a prediction reads them, and notes."""
    if is_held:
        return rows_in_memory(source, choice), []
    files = find_files(source)
    return list(open_texts(files, choice)), input_notes(files, choice)


def read_more_labels(source: str, reading: SourceReading, ctx: Context) -> list[TextToWrite]:
    """Return the labelled texts of a source, such as the folder of a labelling."""
    choice = ColumnChoice.of(reading.settings, given=reading.given)
    rows = [row for row in _labelled_rows(source, choice, reading, ctx) if row.is_labelled]
    if not rows:
        raise DataError(f"{source} has no labelled texts.", "Name the folder of a labelling, or a file.")
    return rows


def with_labels(texts: NewTexts, rows: Iterable[TextToWrite], decisions: Decisions) -> NewTexts:
    """Return texts with the labels of rows that have the same text; of several such rows, each gives one.

    Raises:
        DataError: A label is not one of the classifier's.
    """
    # A tool that texts went through may have changed the space around them.
    by_text = defaultdict[str, deque[TextToWrite]](deque)
    for labelled in filter(lambda row: row.is_labelled, rows):
        by_text[_words(labelled.text)].append(labelled)
    missing = NOT_LABELLED if not decisions.kind.is_multi_label else [UNKNOWN] * len(decisions.label_names)
    cells = [
        _cell(row, decisions) if (row := _next(by_text.get(_words(text)))) else missing
        for text in texts.texts
    ]
    labels = np.array(cells, dtype=np.int64)
    if texts.labels is not None:
        known = texts.labels != NOT_LABELLED
        labels = np.where(known, texts.labels, labels)
    return NewTexts(texts.texts, labels, texts.total, texts.notes)


def _from_rows(
    rows: Sequence[TextToWrite], reading: SourceReading, decisions: Decisions, source: str
) -> NewTexts:
    rows = _of_split(rows, reading.split, source)
    sampled = _sampled([TextRow(row.text, {}) for row in rows], reading.most, ())
    if not reading.with_labels or not any(row.is_labelled for row in rows):
        return sampled
    return with_labels(sampled, rows, decisions)


def _labelled_rows(
    source: Any, choice: ColumnChoice, reading: SourceReading, ctx: Context
) -> list[TextToWrite]:
    settings = reading.settings
    remembered = "label_names" not in reading.given
    raw = with_names(read_source(source, choice, ctx), settings.label_names, remembered=remembered)
    return texts_of_source(raw, separator=settings.label_separator, kind=settings.label_kind)


def _of_split(rows: Sequence[TextToWrite], split: str, source: str) -> Sequence[TextToWrite]:
    """Return the rows of a split, or all of a source without splits."""
    splits = list(dict.fromkeys(row.split for row in rows if row.split))
    if not splits:
        return rows
    if split not in splits:
        raise DataError(
            f"{source} has no split '{split}'; it has {' and '.join(splits)}.",
            f"Choose one of these, for instance --split {splits[0]}.",
        )
    return [row for row in rows if row.split == split]


def _sampled(rows: Iterable[TextRow], most: int, notes: Sequence[str]) -> NewTexts:
    """Return texts, of many a sample of equal chances (Vitter's algorithm R), in their order."""
    rng, places, texts, total, blank = np.random.default_rng(0), list[int](), list[AnyText](), 0, 0
    for row in rows:
        if not row.has_text:
            blank += 1
            continue
        total += 1
        if not most or len(texts) < most:
            texts.append(row.text)
            places.append(total)
        elif (place := int(rng.integers(total))) < most:
            texts[place], places[place] = row.text, total
    notes = [*notes, *([f"{counted(blank, 'blank text')} left out."] if blank else [])]
    if not texts:
        raise DataError("There are no texts to watch.", "Give a source with texts that are not blank.")
    order = sorted(range(len(texts)), key=places.__getitem__)
    return NewTexts([texts[number] for number in order], None, total, notes)


def _cell(row: TextToWrite, decisions: Decisions) -> int | list[int]:
    """Return the class id of a row's label or, if there can be several, 1, 0 or unknown for each."""
    names = decisions.label_names
    if others := [label for label in row.labels if label not in names]:
        label = str(others[0])[:60]
        raise DataError(
            f"{row.text[:60]!r} has the label '{label}', which the run does not know. Its labels are "
            f"{listed(names, most=20)}.",
            "Name the column of the labels (--set data.label_column=NAME), or leave labels out: "
            "--ignore-labels.",
        )
    if decisions.kind.is_multi_label:
        return [UNKNOWN if name in row.unknown else int(name in row.labels) for name in names]
    return names.index(row.labels[0]) if row.labels else NOT_LABELLED


def _next(rows: deque[TextToWrite] | None) -> TextToWrite | None:
    """Return the next of the rows with a text; the last one as often as it is needed."""
    if not rows:
        return None
    return rows.popleft() if len(rows) > 1 else rows[0]


def _words(text: AnyText) -> str:
    return " ".join(" ".join(sides_of(text)).split())


def _bytes_in(place: Path) -> int:
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(file.stat().st_size for file in files if file.is_file())
