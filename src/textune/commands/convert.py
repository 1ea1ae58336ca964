"""`textune convert`: labelled texts, or a run's predictions, in the format of another tool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.annotations.conversion import (
    check_copy,
    kind_of_copy,
    label_names_of,
    plan_files,
    texts_of_source,
    write_files,
)
from textune.annotations.registry import TextToWrite, find_target
from textune.context import Context, Observer
from textune.data.columns import ColumnChoice
from textune.data.mapping_files import with_names
from textune.data.several_labels import find_several
from textune.data.sources import read_source
from textune.recipe.recipes import reading_options, resolve_recipe
from textune.recipe.settings import DataSettings


@dataclass(frozen=True)
class Conversion:
    """The file of a conversion or the folder of a file per split, and how to import it.

    `labelled` counts the texts with a label or a prediction; `reading_options` are those that a training
    needs to read them; `document` is what `--json` prints.
    """

    path: Path
    texts: int
    labelled: int
    remark: str
    reading_options: Sequence[str]
    document: dict[str, Any]


def convert(
    data: str,
    out: str | Path,
    *,
    to: str,
    predictions: str | Path = "",
    settings: Sequence[str] = (),
    overwrite: bool = False,
    offline: bool = False,
    observer: Observer | None = None,
) -> Conversion:
    """Write the labelled texts of a source, or a run's predictions for its texts, in another format.

    What has been written is read again, and compared with the source, before a file is replaced.

    Args:
        data: The source; with `predictions`, also an input as `textune predict --input` reads it.
        out: The file to write; a folder, if there are several splits and a file of the format holds only one.
        to: The format, a name in `target_formats`.
        predictions: The folder of a finished run whose predictions are written instead of labels.
        settings: Overrides of a recipe, `section.key=value`, such as the names of columns. With
            `predictions`, only `data.key=value`; without any, the run's own count, as in `textune predict`.
        overwrite: Replace files that exist.
        offline: Make no network connection.
        observer: Receives progress and notes.

    Raises:
        RequestError: Something is wrong, the format cannot hold a text or a label, or a file exists.
    """
    ctx, path = Context(observer, offline), Path(out).expanduser()
    target = find_target(to, for_predictions=bool(predictions))
    ctx.stage("Reading the data")
    if predictions:
        from textune.prediction.suggestions import suggest_labels

        texts, names = suggest_labels(Path(predictions).expanduser(), data, settings, ctx)
    else:
        recipe = resolve_recipe("frozen", model=None, data=data, seed=None, settings=settings)
        choice = ColumnChoice.of(recipe.data)
        raw = with_names(read_source(data, choice, ctx), recipe.data.label_names)
        for note in raw.notes:
            ctx.note(note)
        texts = texts_of_source(raw, separator=recipe.data.label_separator, kind=recipe.data.label_kind)
        names = label_names_of(texts, raw)
    files = plan_files(path, target, texts, overwrite=overwrite)
    ctx.stage("Writing")

    def check(copy: Path) -> None:
        if not predictions and any(row.is_labelled for row in texts):
            check_copy(texts, read_source(str(copy), ColumnChoice(kind=kind_of_copy(texts)), ctx))

    write_files(path, target, files, names, check=check)
    labelled = sum(bool(row.is_labelled or row.predictions) for row in texts)
    document = {
        "output": str(path),
        "files": list(map(str, files)),
        "texts": len(texts),
        "labelled": labelled,
    }
    options = [] if predictions else reading_options(_settings_of_copy(texts))
    return Conversion(path, len(texts), labelled, target.remark(path), options, document)


def _settings_of_copy(texts: Sequence[TextToWrite]) -> DataSettings:
    """Return the settings that read what was written, where a name may look like several labels."""
    names = {label for row in texts if not row.can_have_several for label in row.labels}
    separator = "none" if find_several(names).parts else "auto"
    return DataSettings(label_kind=kind_of_copy(texts), label_separator=separator)
