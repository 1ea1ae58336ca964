"""From a source to files of another format, which are read again and compared before they get their names.

Texts, labels and splits stay what they are. Does not know the formats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from textune.annotations.registry import TargetFormat, TextToWrite, labels_in
from textune.data.dataset import SPLITS
from textune.data.label_cells import Label
from textune.data.label_matrix import flatten
from textune.data.label_names import name_ids, stored_names
from textune.data.label_sets import labels_in_cells
from textune.data.raw import RawSource
from textune.errors import DataError, RequestError
from textune.files import publish, storage_errors
from textune.formats.text_pairs import TextPair


def texts_of_source(raw: RawSource, *, separator: str = "none") -> list[TextToWrite]:
    """Return all texts of a source, with their splits if there are several.

    Args:
        raw: The source as it was read.
        separator: What stands between several labels of a cell; see `labels_in_cells`.

    Raises:
        DataError: A value is not a text or a label, or an id has no name.
    """
    cells = labels_in_cells(raw.splits, separator=separator, stored=stored_names(raw))
    flat = flatten(raw, cells)
    values = name_ids(flat.labels, flat.source)
    texts = []
    for split in [split for split in SPLITS if split in raw.splits]:
        rows = raw.splits[split]
        names: list[list[Label]] = [[] for _ in rows.texts]
        for row, name in zip(flat.rows[split], values[split], strict=True):
            names[row] += [name] if name is not None else []
        named = split if list(raw.splits) != ["train"] else ""
        for row, text in enumerate(rows.texts):
            if isinstance(text, TextPair):
                raise DataError(
                    f"{rows.text_places([row])}: this is a pair of texts; the formats to convert to have one "
                    "text per row.",
                    "Convert one of the columns: leave data.text_pair_column empty.",
                )
            if not isinstance(text, str):
                raise DataError(
                    f"{rows.text_places([row])}: {repr(text)[:60]} is not a text.",
                    "Add the text, or delete the row.",
                )
            texts.append(TextToWrite(text, labels_in(names[row]), named))
    return texts


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
    written = [*files, *(beside for file in files if (beside := target.companion(file)) is not None)]
    if taken := [file for file in (path, *written) if file.exists() and not (overwrite and file in written)]:
        raise RequestError(
            f"{taken[0]} exists already.",
            "Choose another name." if taken[0].is_dir() else "Choose another name, or add --overwrite.",
        )
    return files


def write_files(
    path: Path,
    target: TargetFormat,
    files: Mapping[Path, Sequence[TextToWrite]],
    names: Sequence[str],
    *,
    check: Callable[[Path], None],
) -> None:
    """Write the files of a conversion, those beside them included; none is replaced before all are checked.

    Args:
        path: The file, or the folder of a file per split.
        target: The format.
        files: The files to write with their texts, see `plan_files`.
        names: The names of all labels.
        check: Raises an error unless the file or folder that it gets, which becomes `path`, is right.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{path.name}.", suffix=".partial", dir=path.parent) as name:
            folder = Path(name)
            for file, rows in files.items():
                target.write(rows, names, folder / path.name / file.relative_to(path))
            check(folder / path.name)
            for written in sorted(file for file in folder.rglob("*") if file.is_file()):
                place = path.parent / written.relative_to(folder)
                place.parent.mkdir(exist_ok=True)
                publish(written, place)


def check_copy(texts: Sequence[TextToWrite], copy: RawSource) -> None:
    """Raise a `DataError` unless a source has the labelled texts among these, and no others."""
    labelled = [row for row in texts if row.labels]
    again = [row for row in texts_of_source(copy) if row.labels]
    if sorted(labelled, key=str) != sorted(again, key=str):
        first = next((row for row in labelled if row not in again), labelled[0])
        raise DataError(
            f"What was written is not read as it was: {first.text[:60]!r}, {', '.join(first.labels)}.",
            "Nothing was written or replaced. Convert to jsonl, which holds every text and label.",
        )
