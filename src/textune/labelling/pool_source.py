"""The texts of any source, labelled in part or not at all, and the labels that are known.

In: what names a source. Out: `SourceTexts`, or an error that says what to do. Does not know answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textune.annotations.conversion import label_names_of, texts_of_source
from textune.context import Context
from textune.data.columns import ColumnChoice
from textune.data.mapping_files import with_names
from textune.data.sources import read_source
from textune.errors import DataError
from textune.formats.text_pairs import AnyText
from textune.prediction.inputs import find_files, input_notes, open_texts
from textune.recipe.settings import DataSettings
from textune.wording import counted


@dataclass(frozen=True)
class SourceTexts:
    """The texts of a source, in its order, and the labels by text that are known; `names` are all labels."""

    texts: Sequence[AnyText]
    labels: dict[AnyText, tuple[str, ...]]
    names: Sequence[str]
    is_multi: bool
    notes: Sequence[str]


def read_pool_source(source: str, settings: DataSettings, ctx: Context) -> SourceTexts:
    """Return the texts of a source.

    Raises:
        DataError: It does not exist, or cannot be read.
    """
    choice = ColumnChoice.of(settings)
    place = Path(source).expanduser()
    if not place.exists():
        return _with_labels(source, settings, choice, ctx)
    try:
        labelled = _with_labels(source, settings, choice, ctx)
    except DataError as error:
        labelled, why = None, error
        if not (place.is_file() or any(place.glob("*"))):
            raise
    # A table without labels, or with some that are none, is read as an input of a prediction is.
    try:
        files = find_files(source)
        texts = [row.text for row in open_texts(files, choice)]
    except DataError as error:
        if labelled is None:
            # What an input lacks can be named with --set here, and with options of its own there.
            option = "--set data.text_column=NAME, and --set data.text_pair_column=NAME for pairs of texts."
            hint = f"Name the column that holds the text: {option}" if "column" in str(error) else error.hint
            raise DataError(error.message, hint) from why
        return labelled
    notes = input_notes(files, choice)
    if labelled is None:
        return SourceTexts(texts, {}, (), False, notes)
    if len(labelled.texts) >= len(texts):
        return labelled
    return SourceTexts(texts, labelled.labels, labelled.names, labelled.is_multi, labelled.notes)


def check_given(read: SourceTexts, labels: Sequence[str]) -> tuple[SourceTexts, str]:
    """Return a source without its labels if these are others than those asked for, and a note about them."""
    if not read.labels:
        return read, ""
    others = sorted(set(read.names) - set(labels))
    if labels and others:
        note = (
            f"The source has other labels than those asked for, such as '{others[0][:60]}': they do not "
            "count. To take them up, leave --labels out."
        )
        return SourceTexts(read.texts, {}, (), False, read.notes), note
    return (
        read,
        f"{counted(len(read.labels), 'text')} of the source have labels already, and are learned from.",
    )


def _with_labels(source: str, settings: DataSettings, choice: ColumnChoice, ctx: Context) -> SourceTexts:
    raw = with_names(read_source(source, choice, ctx), settings.label_names)
    if "train" in raw.splits:
        from dataclasses import replace

        # Texts of other splits may be for testing, and must not be learned from.
        raw = replace(raw, splits={"train": raw.splits["train"]})
    rows = texts_of_source(raw, separator=settings.label_separator, kind=settings.label_kind)
    labels: dict[AnyText, tuple[str, ...]] = {row.text: row.labels for row in rows if row.is_labelled}
    return SourceTexts(
        [row.text for row in rows],
        labels,
        label_names_of(rows, raw) if labels else (),
        any(row.can_have_several for row in rows),
        raw.notes,
    )
