"""From a source to files of another format, which are read again and compared before they get their names.

Texts, labels and splits stay what they are. Does not know the formats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from textune.annotations.registry import TargetFormat, TextToWrite, labels_in
from textune.data.dataset import SPLITS
from textune.data.label_cells import Label, RawLabels
from textune.data.label_matrix import flatten, flatten_unknown
from textune.data.label_names import name_ids, stored_names
from textune.data.label_sets import labels_in_cells
from textune.data.raw import RawSource
from textune.errors import DataError, RequestError
from textune.files import publish, storage_errors
from textune.formats.text_pairs import TextPair
from textune.recipe.settings import LabelKindSetting


def texts_of_source(
    raw: RawSource, *, separator: str = "none", kind: LabelKindSetting = "auto"
) -> list[TextToWrite]:
    """Return all texts of a source, with their splits if there are several.

    Args:
        raw: The source as it was read.
        separator: What stands between several labels of a cell; see `labels_in_cells`.
        kind: Whether a text can have several labels; see `labels_in_cells`.

    Raises:
        DataError: A value is not a text or a label, or an id has no name.
    """
    cells = labels_in_cells(raw.splits, separator=separator, kind=kind, stored=stored_names(raw))
    if kind == "multi":
        cells = cells.with_blank_as_none()
    flat, open_labels = flatten(raw, cells), flatten_unknown(raw, cells)
    values, unknown = name_ids(flat.labels, flat.source), name_ids(open_labels.labels, open_labels.source)
    texts = []
    for split in [split for split in SPLITS if split in raw.splits]:
        rows = raw.splits[split]
        names = _by_row(len(rows.texts), flat.rows[split], values[split])
        not_known = _by_row(len(rows.texts), open_labels.rows[split], unknown[split])
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
            given = cells.sets[split][row]
            texts.append(
                TextToWrite(
                    text,
                    labels_in(names[row]),
                    named,
                    can_have_several=cells.is_multi,
                    has_none=cells.is_multi and given is not None and not given.labels,
                    unknown=labels_in(not_known[row]),
                )
            )
    return texts


def _by_row(count: int, rows: Sequence[int], labels: RawLabels) -> list[list[Label]]:
    """Return the labels of each of a number of rows, from labels and their rows."""
    of_row: list[list[Label]] = [[] for _ in range(count)]
    for row, label in zip(rows, labels, strict=True):
        of_row[row] += [label] if label is not None else []
    return of_row


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
        DataError: A file cannot hold that it is not known whether a text has a label.
    """
    if not target.holds_unknown and (text := next((row for row in texts if row.unknown), None)) is not None:
        raise DataError(
            f"It is not known whether {text.text[:60]!r} has the label '{text.unknown[0][:60]}', which a "
            f"file of {target.name} cannot say.",
            "Convert to jsonl, which can. Or label all texts completely.",
        )
    splits = [split for split in SPLITS if any(row.split == split for row in texts)]
    if target.holds_splits or len(splits) < 2:
        files = {path: list(texts)}
        if path.suffix.lower() != target.suffix:
            raise RequestError(
                f"{path} is the wrong name: a file of {target.name} ends in {target.suffix}.",
                f"Name it, for instance, {path.with_suffix(target.suffix)}.",
            )
    else:
        if path.suffix.lower() == target.suffix:
            raise RequestError(
                f"{path} names a file, but the {len(splits)} splits ({', '.join(splits)}) need a file each.",
                f"Name a folder for them, for instance {path.with_suffix('')}.",
            )
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


def kind_of_copy(texts: Sequence[TextToWrite]) -> LabelKindSetting:
    """Return the setting that reads what was written: texts that can have several labels may all have one."""
    shows_itself = any(len(row.labels) > 1 or row.unknown for row in texts)
    return "multi" if any(row.can_have_several for row in texts) and not shows_itself else "auto"


def check_copy(texts: Sequence[TextToWrite], copy: RawSource) -> None:
    """Raise a `DataError` unless a source has the labelled texts among these, and no others."""
    labelled = [row for row in texts if row.is_labelled]
    again = [row for row in texts_of_source(copy, kind=kind_of_copy(texts)) if row.is_labelled]
    if sorted(labelled, key=str) != sorted(again, key=str):
        first = next((row for row in labelled if row not in again), labelled[0])
        raise DataError(
            f"What was written is not read as it was: {first.text[:60]!r}, {', '.join(first.labels)}.",
            "Nothing was written or replaced. Convert to jsonl, which holds every text and label.",
        )
