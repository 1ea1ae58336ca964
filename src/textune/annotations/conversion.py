"""From a source to files of another format, which are read again and compared.

Texts, labels and splits stay what they are. Does not know the formats.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from textune.annotations.registry import TargetFormat, TextToWrite
from textune.data.dataset import SPLITS
from textune.data.label_names import stored_names
from textune.data.raw import RawSource
from textune.errors import DataError, RequestError

_UNLABELLED = -1


def texts_of_source(raw: RawSource) -> list[TextToWrite]:
    """Return all texts of a source, with their splits if there are several.

    Raises:
        DataError: A value is not a text.
    """
    texts = []
    for split in SPLITS:
        if (rows := raw.splits.get(split)) is None:
            continue
        named = split if list(raw.splits) != ["train"] else ""
        for index, text in enumerate(rows.texts):
            if not isinstance(text, str):
                raise DataError(
                    f"{rows.text_places([index])}: {repr(text)[:60]} is not a text.",
                    "Add the text, or delete the row.",
                )
        for piece, span in rows.spans():
            stored = piece.label_names or raw.label_names or {}
            texts += [
                TextToWrite(rows.texts[index], tuple(_names(rows.labels[index], stored)), named)
                for index in span
            ]
    return texts


def _names(label: Any, stored: Mapping[int, str]) -> Iterator[str]:
    if isinstance(label, list | tuple):
        for part in label:
            yield from _names(part, stored)
        return
    if isinstance(label, float):
        label = None if math.isnan(label) else int(label) if label.is_integer() else label
    number = int(label) if isinstance(label, str) and label.strip().isdecimal() else label
    if label is None or (stored and number == _UNLABELLED):
        return
    name = str(label).lower() if isinstance(label, bool) else stored.get(number, str(label)).strip()
    if name:
        yield name


def label_names_of(texts: Sequence[TextToWrite], raw: RawSource) -> list[str]:
    """Return the names of all labels, those that the source stores first."""
    names = sorted({label for row in texts for label in row.labels})
    return list(dict.fromkeys([*stored_names(raw), *names]))


def plan_files(
    path: Path, target: TargetFormat, texts: Sequence[TextToWrite], *, overwrite: bool
) -> dict[Path, list[TextToWrite]]:
    """Return the files to write with their texts: one, or one per split in the folder `path`.

    Raises:
        RequestError: A file exists and must not be replaced, or its name has the wrong suffix.
    """
    splits = [split for split in SPLITS if any(row.split == split for row in texts)]
    if target.holds_splits or len(splits) < 2:
        files = {path: list(texts)}
        if path.suffix.lower() != target.suffix:
            raise RequestError(
                f"{path} is the wrong name: a file of {target.name} ends in {target.suffix}.",
                f"Name it, for instance, {path.with_suffix(target.suffix)}.",
            )
    else:
        named = {split: path / f"{split}{target.suffix}" for split in splits}
        files = {file: [row for row in texts if row.split == split] for split, file in named.items()}
    if taken := [file for file in (path, *files) if file.exists() and not (overwrite and file in files)]:
        raise RequestError(
            f"{taken[0]} exists already.",
            "Choose another name." if taken[0].is_dir() else "Choose another name, or add --overwrite.",
        )
    return files


def check_copy(texts: Sequence[TextToWrite], copy: RawSource) -> None:
    """Raise a `DataError` unless a source has the labelled texts among these, and no others."""
    labelled = [row for row in texts if row.labels]
    again = [row for row in texts_of_source(copy) if row.labels]
    if sorted(labelled, key=str) != sorted(again, key=str):
        first = next((row for row in labelled if row not in again), labelled[0])
        raise DataError(
            f"What was written is not read as it was: {first.text[:60]!r}, {', '.join(first.labels)}.",
            "Do not use these files; convert to jsonl.",
        )
