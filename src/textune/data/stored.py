"""Datasets of the `datasets` library as sources, in memory or in a `save_to_disk` folder.

In: a `DatasetDict`, or the path of a folder. Out: its splits as a `RawSource`, or a `DataError`. Does not
check texts or labels, nor make splits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from textune.data.columns import ColumnChoice
from textune.data.deciding_columns import decide_columns, deciding_columns
from textune.data.label_columns import LabelColumn
from textune.data.outside_splits import note_on_ignored, with_parts
from textune.data.raw import Piece, RawSource, RawSplit, choose_splits
from textune.errors import DataError, TextuneError
from textune.formats.joining import join_columns, with_made_names
from textune.formats.registry import Reading

if TYPE_CHECKING:
    from datasets import Dataset

EXPORTED_ROWS = "textune.annotations.exported_source:read_exported_rows"
"""What reads the rows that an annotation tool exported. It is imported when a dataset is read."""


def is_saved_dataset(path: Path) -> bool:
    """Return whether `save_to_disk` wrote a folder."""
    names = {"state.json", "dataset_info.json"}
    return (path / "dataset_dict.json").is_file() or all((path / name).is_file() for name in names)


def read_saved_dataset(path: Path, choice: ColumnChoice) -> RawSource:
    """Read a folder that `save_to_disk` wrote; raise a `DataError` if it is damaged or incomplete."""
    from datasets import DatasetDict, load_from_disk

    try:
        loaded = load_from_disk(str(path))
        splits = loaded if isinstance(loaded, DatasetDict) else {"train": loaded}
        for rows in splits.values():
            # Arrow trusts the files that it maps: without this, damaged offsets would crash the process.
            rows.data.table.validate(full=True)
        return read_dataset(splits, choice, origin=str(path))
    except TextuneError:
        raise
    except Exception as error:  # datasets and pyarrow raise almost any exception for a damaged folder.
        reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        raise DataError(
            f"{path} looks like a dataset saved with save_to_disk, but cannot be read ({reason}).",
            "Save it again.",
        ) from error


def read_dataset(splits: Mapping[str, Dataset], choice: ColumnChoice, *, origin: str) -> RawSource:
    """Read a dataset's splits; others are ignored, unless they hold the texts of no class (`with_parts`)."""
    split_names, left_out = choose_splits(splits, origin=origin)
    rows = {
        split: (f"{origin}, split {name}", splits[name].with_format(None))
        for split, name in split_names.items()
    }
    read_exported_rows: Callable[..., RawSource | None] = resolve_name(EXPORTED_ROWS)
    if (exported := read_exported_rows(rows, choice)) is not None:
        return replace(exported, notes=(*exported.notes, *note_on_ignored(left_out)))
    first = splits[next(iter(split_names.values()))]
    reading = choice.reading
    names = with_made_names(first.column_names, reading)
    text, label, notes = choice.find(names, origin=origin)
    beside = deciding_columns(names, choice, text=text, label=label, origin=origin)
    others = [name for name in _plain_columns(first) if name in beside]

    def read(name: str) -> RawSplit:
        return _read_split(splits[name], f"{origin}, split {name}", text, label, others, reading)

    raw = RawSource({split: read(name) for split, name in split_names.items()}, None, notes)
    raw = with_parts(raw, {name: name for name in left_out}, read, other=choice.other)
    return decide_columns(raw, choice, label=label, origin=origin)


def _plain_columns(rows: Dataset) -> list[str]:
    from datasets import ClassLabel, Value

    return [name for name, kind in rows.features.items() if isinstance(kind, Value | ClassLabel)]


def _read_split(
    rows: Dataset, origin: str, text: str, label: LabelColumn, others: list[str], reading: Reading
) -> RawSplit:
    texts = reading.parts_of(text)
    missing = next((name for name in (*texts, *label.columns) if name not in rows.column_names), None)
    if missing is not None:
        raise DataError(
            f"{origin} has no column '{missing}', which train has.", "Give all splits the same columns."
        )
    present = [name for name in others if name in rows.column_names]
    columns = rows.select_columns([*texts, *label.columns, *present]).with_format(None)[:]
    columns = join_columns(columns, reading, origin)
    # The feature of a list holds that of its items.
    kind = rows.features[label.columns[0]]
    names = getattr(getattr(kind, "feature", kind), "names", None)
    named = label.names or (dict(enumerate(names)) if names else None)
    piece = Piece(origin, origin, "row", range(1, len(rows) + 1), named)
    more = {name: columns[name] if name in present else [None] * len(rows) for name in others}
    return RawSplit((piece,), columns[text], label.values_in(columns, origin), more)
