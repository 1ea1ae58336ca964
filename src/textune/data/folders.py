"""Files and folders as sources: tables, folders of tables, TweetEval's text layout.

In: a path. Out: its splits as a `RawSource`, or a `DataError`. Does not check texts or labels, nor make
splits.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from textune.data.columns import ColumnChoice, listed_columns
from textune.data.dataset import SPLITS
from textune.data.deciding_columns import decide_columns, deciding_columns
from textune.data.label_cells import whole_number
from textune.data.label_columns import LabelColumn
from textune.data.label_names import stored_names
from textune.data.label_sets import labels_in_cells
from textune.data.mapping_files import read_names
from textune.data.outside_splits import with_parts
from textune.data.raw import Piece, RawSource, RawSplit
from textune.errors import DataError
from textune.formats.compression import archive_members, without_compression
from textune.formats.lines import read_lines
from textune.formats.registry import Reading, find_format, format_of, may_be_table, table_suffixes
from textune.formats.split_names import SPLIT_OF
from textune.formats.tables import column_names, read_rows, table_notes
from textune.wording import counted, listed

_SHARD = re.compile(r"(?P<name>[a-z]+)(?:[-_](?P<number>\d+)(?:-of-(?P<total>\d+))?(?:-[0-9a-f]+)?)?", re.I)
EXPORTS = "textune.annotations.exported_source:read_exports"
"""What reads the exports of annotation tools. It is imported when a file is read."""

_MAPPING = "mapping.txt"
_TWEETEVAL_SPLITS = {"train": "train", "val": "validation", "test": "test"}


def read_folder(path: Path, choice: ColumnChoice) -> RawSource:
    """Read a folder of tables or in TweetEval's text layout; raise a `DataError` if it is neither."""
    try:
        members = sorted(path.iterdir())
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}.", "Check the folder's permissions."
        ) from error
    return _read_members(path, members, choice)


def read_archive(path: Path, choice: ColumnChoice) -> RawSource:
    """Read a ZIP archive like the folder or the table in it; raise a `DataError` if it holds neither."""
    members = archive_members(path)
    tables = [member for member in members if may_be_table(member)]
    if len(tables) == 1:
        return read_tables({"train": tables}, choice)
    folders = {member.parent for member in members if _split_name(member) or _is_tweeteval([member])}
    if len(folders) > 1:
        listing = ", ".join(folder.relative_to(path).as_posix() for folder in sorted(folders))
        raise DataError(
            f"{path} has several folders with splits: {listing}.",
            "Unpack it, and give the path of one of them.",
        )
    folder = next(iter(folders), path)
    return _read_members(folder, [member for member in members if member.parent == folder], choice)


def _read_members(path: Path, members: Sequence[Path], choice: ColumnChoice) -> RawSource:
    names = [member.name for member in members]
    if _is_tweeteval(members):
        return _read_tweeteval(path, names)
    files = _files_by_split([member for member in members if find_format(member)])
    files = files or _files_by_split([member for member in members if may_be_table(member)])
    files = files or _files_by_split([member for member in members if may_be_table(member)], first_word=True)
    if not files:
        raise _unknown_folder(path, members)
    ignored = [
        member
        for member in members
        if find_format(member) and not any(member in shards for shards in files.values())
    ]
    of_name = {member.name: member for member in ignored}
    raw = with_parts(
        read_tables(files, choice),
        {member.name: without_compression(member).stem for member in ignored},
        lambda name: read_tables({"train": [of_name[name]]}, choice).splits["train"],
        other=choice.other,
        what="files that are not named after a split",
    )
    return _with_mapping(raw, path / _MAPPING) if _MAPPING in names and not stored_names(raw) else raw


def _with_mapping(raw: RawSource, path: Path) -> RawSource:
    """Return a source whose label ids are named after a file beside it, and a note; names stay."""
    try:
        sets = labels_in_cells(raw.splits).sets
    except DataError:  # Whatever uses the labels says what is wrong with them.
        return raw
    labels = [of_row.labels for of_split in sets.values() for of_row in of_split if of_row]
    present = {str(label) for of_row in labels for label in of_row}
    names = {label for label in present if whole_number(label) is None}
    table = {} if names == present else read_names(path)
    # Some splits may have ids and others names.
    if not table or not names <= set(table.values()):
        return replace(raw, notes=(*raw.notes, f"{path.name} is not used, since not all labels are ids."))
    note = f"Labels are named after {path.name}."
    return replace(raw, label_names=table, notes=(*raw.notes, note))


def _is_tweeteval(members: Sequence[Path]) -> bool:
    return any(member.name == f"{name}_text.txt" for member in members for name in _TWEETEVAL_SPLITS)


def read_tables(files: Mapping[str, Sequence[Path]], choice: ColumnChoice) -> RawSource:
    """Read the tables of each split; raise a `DataError` if one cannot be read or lacks a column."""
    read_exports: Callable[..., RawSource | None] = resolve_name(EXPORTS)
    if (exported := read_exports(files, choice)) is not None:
        return exported
    first = next(iter(files.values()))[0]
    columns = column_names(first, choice.reading)
    text, label, column_notes = choice.find(columns, origin=str(first))
    others = deciding_columns(columns, choice, text=text, label=label, origin=str(first))
    raw = RawSource(
        {split: _read_split(shards, text, label, others, choice.reading) for split, shards in files.items()},
        None,
        (*column_notes, *_notes_on_files(files, choice.reading)),
    )
    return decide_columns(raw, choice, label=label, origin=str(first))


def _notes_on_files(files: Mapping[str, Sequence[Path]], reading: Reading) -> list[str]:
    return [note for shards in files.values() for file in shards for note in table_notes(file, reading)]


def _read_split(
    shards: Sequence[Path], text: str, label: LabelColumn, others: Sequence[str], reading: Reading
) -> RawSplit:
    pieces, texts, labels = [], [], []
    more: dict[str, list[Any]] = {name: [] for name in others}
    for shard in shards:
        columns = column_names(shard, reading)
        missing = next(
            (name for name in (*reading.parts_of(text), *label.columns) if name not in columns), None
        )
        if missing is not None:
            raise DataError(
                f"{shard} has no column '{missing}', which train has. Its columns are: "
                f"{listed_columns(columns)}.",
                "Give all files the same columns. Move a file without labels out of the folder: a missing "
                "validation or test split is made from train.",
            )
        numbers = []
        known = format_of(shard, reading)
        wanted = (text, *label.columns, *(name for name in others if name in columns))
        for row in read_rows(shard, columns=wanted, reading=reading):
            numbers.append(row.line)
            texts.append(row.values[text])
            labels.append(
                label.value_in(row.values, partial("{}, {} {}".format, shard, known.unit, row.line))
            )
            for name, values in more.items():
                values.append(row.values.get(name))
        names = dict(enumerate(known.label_names(shard, label.name))) if known.label_names else None
        pieces.append(Piece(str(shard), str(shard), known.unit, numbers, label.names or names))
    return RawSplit(tuple(pieces), texts, labels, more)


def _files_by_split(paths: Sequence[Path], *, first_word: bool = False) -> dict[str, list[Path]]:
    """Return the files that are named after each split; with `first_word`, up to the first dot."""
    by_split: defaultdict[str, list[tuple[Path, re.Match[str]]]] = defaultdict(list)
    for path in paths:
        if match := _split_name(path, first_word=first_word):
            by_split[SPLIT_OF[match["name"].lower()]].append((path, match))
    for split, shards in by_split.items():
        _check_shards(split, shards)
    return {split: [path for path, _ in by_split[split]] for split in SPLITS if split in by_split}


def _split_name(path: Path, *, first_word: bool = False) -> re.Match[str] | None:
    stem = without_compression(path).stem
    match = _SHARD.fullmatch(stem.partition(".")[0] if first_word else stem)
    is_split = match is not None and match["name"].lower() in SPLIT_OF
    return match if is_split and may_be_table(path) else None


def _check_shards(split: str, shards: Sequence[tuple[Path, re.Match[str]]]) -> None:
    names = ", ".join(path.name for path, _ in shards)
    kinds = {(match["name"], match["total"], path.suffix) for path, match in shards}
    if len(kinds) > 1 or len({match["number"] for _, match in shards}) < len(shards):
        raise DataError(
            f"Several files in {shards[0][0].parent} could be the split {split}: {names}.",
            "Keep only one of these files in the folder.",
        )
    total = shards[0][1]["total"]
    if total and int(total) != len(shards):
        raise DataError(
            f"The split {split} in {shards[0][0].parent} should have {counted(int(total), 'file')}, but has "
            f"{len(shards)}: {names}.",
            "Add the missing files.",
        )


def _read_tweeteval(path: Path, members: Collection[str]) -> RawSource:
    names = read_names(path / _MAPPING) if _MAPPING in members else None
    notes = (
        () if names else (f"There is no {_MAPPING}, so the labels keep their names from the label files.",)
    )
    splits = {}
    for name, split in _TWEETEVAL_SPLITS.items():
        text_file, label_file = path / f"{name}_text.txt", path / f"{name}_labels.txt"
        if text_file.name in members or label_file.name in members:
            texts, labels = list(read_lines(text_file)), list(read_lines(label_file))
            if len(texts) != len(labels):
                raise DataError(
                    f"{text_file} has {counted(len(texts), 'line')}, but {label_file} has {len(labels):,}.",
                    "Each line of one file is a text, and the same line of the other is its label: add the "
                    "missing lines.",
                )
            piece = Piece(str(text_file), str(label_file), "line", range(1, len(texts) + 1))
            splits[split] = RawSplit((piece,), texts, labels)
    return RawSource(splits, names, notes)


def _unknown_folder(path: Path, members: Sequence[Path]) -> DataError:
    for folder in members:
        if folder.is_dir() and any(map(_split_name, folder.iterdir())):
            hint = f"Its folder {folder} does: use that."
            break
    else:
        tables = [member for member in members if member.is_file() and find_format(member)]
        single = f"the file {tables[0]}" if len(tables) == 1 else "a single file"
        hint = (
            "Name the tables after splits: train, validation and test, each with one of the suffixes "
            f"{', '.join(table_suffixes())}. Or use {single}, which is split automatically."
        )
    return DataError(
        f"{path} has no file that is named after a split. It holds: "
        f"{listed([member.name for member in members], most=8) or 'nothing'}.",
        hint,
    )
