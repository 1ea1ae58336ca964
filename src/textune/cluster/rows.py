"""Rows by their files and numbers: what the processes of a cluster read, classify and write.

Every row carries its file and its number in that file, so the rows that are done are known in any order. Does
not know how tables travel between processes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from textune.data.columns import ColumnChoice
from textune.errors import DataError, VerificationError
from textune.files import atomic_path
from textune.formats.text_pairs import fields_of_texts, text_fields
from textune.prediction.input_columns import DETECTED
from textune.prediction.inputs import read_texts
from textune.prediction.output_columns import (
    arrow_refusals,
    fit_columns,
    result_fields,
    store_types,
    stored_columns,
)
from textune.prediction.stream import WINDOW, TextRow, predict_rows, prefix_clashes
from textune.prediction.writers import OutputLayout
from textune.run.layout import open_run, read_manifest
from textune.run.predictions import texts_in
from textune.runtimes.choosing import load_predictor
from textune.runtimes.predictor import Predictor

PARTS = "part-*.parquet"
Intervals = Mapping[str, Sequence[tuple[int, int]]]
"""The first and last numbers of consecutive rows, by file."""

_PLACE = ("file", "row")
_IS_TRUNCATED = "textune:truncated"
"""The column of a table in memory that says which texts were truncated, whether the output says so or not."""

_TRUNCATED_TEXTS = b"textune.truncated_texts"
"""The entry of a part's metadata with the number of its truncated texts."""


@dataclass(frozen=True)
class RowReader:
    """Turns files into tables of rows.

    Paths are absolute. `columns` is the Arrow schema of the columns besides the text. Rows that are `done`
    are skipped. With `mark_truncated`, the output has the column `truncated`; with `multi_label`, a
    text has a list of labels in it; with `pairs`, it has both texts of a pair; with `may_be_other`, it has
    the column `other`.
    """

    files: tuple[str, ...]
    choice: ColumnChoice
    columns: Any
    done: Intervals
    mark_truncated: bool = False
    multi_label: bool = False
    pairs: bool = False
    may_be_other: bool = False

    def read(self, number: int) -> Iterator[Any]:
        """Yield the rows of a file, by its number, as Arrow tables of one window each.

        Raise a `DataError` if the file cannot be read, a row is invalid, or its columns are not the output's.
        """
        import pyarrow as pa

        file = self.files[number]
        texts = dict.fromkeys(fields_of_texts(pairs=self.pairs), pa.string())
        schema = pa.schema([("file", pa.string()), ("row", pa.int64()), *texts.items(), *self.columns])
        results = _result_names(self.mark_truncated, self.multi_label, self.pairs, self.may_be_other)
        remaining = self._remaining(file)
        while window := list(islice(remaining, WINDOW)):
            others = [prefix_clashes(row.others, results=results) for _, row in window]
            values = [
                {"file": file, "row": place, **text_fields(row.text), **columns}
                for (place, row), columns in zip(window, others, strict=True)
            ]
            with _column_errors(file):
                if not store_types([Path(name) for name in self.files]):
                    fit_columns(others, self.columns)
                table = pa.Table.from_pylist(values, schema=schema)
            yield table

    def filled_files(self, done: Intervals) -> list[str]:
        """Return the files that have rows; files with rows that are done are not opened."""
        return [file for file in self.files if file in done or next(self._texts(file), None) is not None]

    def _texts(self, file: str) -> Iterator[TextRow]:
        return read_texts(Path(file), self.choice, may_be_empty=len(self.files) > 1)

    def _remaining(self, file: str) -> Iterator[tuple[int, TextRow]]:
        done = iter([*self.done.get(file, ()), (0, 0)])
        first, last = next(done)
        for place, row in enumerate(self._texts(file), start=1):
            if first and place > last:
                first, last = next(done)
            if not first <= place <= last:
                yield place, row


def read_columns(
    files: Sequence[str],
    choice: ColumnChoice = DETECTED,
    *,
    mark_truncated: bool = False,
    multi_label: bool = False,
    pairs: bool = False,
    may_be_other: bool = False,
) -> Any:
    """Return the Arrow schema of the output's other columns.

    If all files are Parquet, it is the files' own schema, otherwise that of the first window. Columns that
    Parquet cannot hold are a `DataError`.
    """
    paths = [Path(file) for file in files]
    results = _result_names(mark_truncated, multi_label, pairs, may_be_other)
    if store_types(paths):
        with _column_errors():
            return stored_columns(paths, choice, results=results)
    for file in files:
        rows = read_texts(Path(file), choice, may_be_empty=file != files[-1])
        if window := list(islice(rows, WINDOW)):
            break
    with _column_errors(file):
        return fit_columns([prefix_clashes(row.others, results=results) for row in window], None)


def classify(predictor: Predictor, table: Any, *, mark_truncated: bool = False) -> Any:
    """Return a table of `RowReader.read` with the predictions of its rows, for `write_part`."""
    import pyarrow as pa

    texts = fields_of_texts(pairs=predictor.pairs)
    rows = [TextRow(text, {}) for text in texts_in(table.select(texts))]
    predictions = list(predict_rows(predictor, rows, threshold=predictor.threshold))
    fields = OutputLayout.of(predictor, mark_truncated=mark_truncated).result_fields()
    values = [row.to_arrow(mark_truncated=mark_truncated) for row in predictions]
    results = pa.Table.from_pylist(values, schema=pa.schema(fields))
    others = [name for name in table.column_names if name not in (*_PLACE, *texts)]
    columns = {name: table[name] for name in _PLACE}
    columns |= {name: results[name] for name in results.column_names}
    columns |= {name: table[name] for name in others}
    return pa.table(columns | {_IS_TRUNCATED: pa.array([row.truncated for row in predictions], pa.bool_())})


def write_part(table: Any, folder: Path, files: Sequence[str]) -> int:
    """Write a table of `classify` to a file named after its first row; return the number of rows."""
    from pyarrow import compute, parquet

    if not table.num_rows:
        return 0
    number, row = files.index(table["file"][0].as_py()), table["row"][0].as_py()
    truncated = compute.sum(table[_IS_TRUNCATED]).as_py()
    table = table.drop_columns([_IS_TRUNCATED])
    table = table.replace_schema_metadata({_TRUNCATED_TEXTS: str(truncated)})
    with atomic_path(folder / f"part-{number:05d}-{row:012d}.parquet") as temporary:
        parquet.write_table(table, temporary)
    return int(table.num_rows)


def done_rows(folder: Path) -> Intervals:
    """Return the rows in a folder's parts; a repeated row is a `VerificationError`."""
    from pyarrow import parquet

    runs: list[tuple[str, int, int]] = []
    for path in folder.glob(PARTS):
        with parquet.ParquetFile(path) as part:
            runs += _consecutive(part.read(columns=list(_PLACE)))
    done: dict[str, list[tuple[int, int]]] = {}
    for file, first, last in sorted(runs):
        intervals = done.setdefault(file, [])
        if intervals and first <= intervals[-1][1]:
            raise VerificationError(
                f"Row {first:,} of {file} was predicted twice.", "Start over with --restart."
            )
        if intervals and first == intervals[-1][1] + 1:
            first = intervals.pop()[0]
        intervals.append((first, last))
    return done


def count_truncated(folder: Path) -> int:
    """Return how many truncated texts a folder's parts hold."""
    from pyarrow import parquet

    return sum(
        int((parquet.read_schema(path).metadata or {}).get(_TRUNCATED_TEXTS, 0))
        for path in folder.glob(PARTS)
    )


def check_complete(done: Intervals, files: Sequence[str]) -> int:
    """Return the number of rows that are done; a row without a prediction is a `VerificationError`."""
    for file in files:
        intervals = done.get(file, ())
        if [first for first, _ in intervals] != [1]:
            missing = 1 if not intervals or intervals[0][0] > 1 else intervals[0][1] + 1
            raise VerificationError(
                f"Row {missing:,} of {file} has no prediction.",
                "Run the same command again to predict the missing rows.",
            )
    return count_rows(done)


def count_rows(done: Intervals) -> int:
    """Return the number of rows in intervals."""
    return sum(last - first + 1 for intervals in done.values() for first, last in intervals)


def read_copy(run: Path) -> dict[str, bytes]:
    """Return the contents of a finished run's files by name, for computers that do not have the run."""
    opened = open_run(run)
    names = [*read_manifest(opened)["files"], opened.manifest.name]
    return {name: (run / name).read_bytes() for name in names}


def load_copy(copy: Mapping[str, bytes]) -> Predictor:
    """Load the classifier of a run that `read_copy` read."""
    with tempfile.TemporaryDirectory(prefix="textune-") as name:
        for file, contents in copy.items():
            path = Path(name) / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents)
        return load_predictor(name, runtime="torch")


@contextmanager
def _column_errors(file: str = "") -> Iterator[None]:
    """Add the file to an error about its columns, and a hint that suits Parquet output."""
    try:
        with arrow_refusals():
            yield
    except DataError as error:
        raise DataError(
            f"{file}: {error.message}" if file else error.message,
            "Give all files the same columns with the same types, or write .jsonl without --engine ray.",
        ) from error


def _result_names(mark_truncated: bool, multi_label: bool, pairs: bool, may_be_other: bool) -> list[str]:
    fields = result_fields(
        (),
        multi_label=multi_label,
        pairs=pairs,
        may_abstain=not multi_label,
        may_be_other=may_be_other,
        mark_truncated=mark_truncated,
    )
    return [*_PLACE, _IS_TRUNCATED, *(field.name for field in fields)]


def _consecutive(table: Any) -> Iterator[tuple[str, int, int]]:
    rows = table["row"].to_numpy()
    files = table["file"].combine_chunks().dictionary_encode()
    codes = files.indices.to_numpy(zero_copy_only=False)
    ends = np.flatnonzero((np.diff(rows) != 1) | (np.diff(codes) != 0))
    start = 0
    for end in chain(ends.tolist(), [len(rows) - 1] if len(rows) else []):
        yield files[start].as_py(), int(rows[start]), int(rows[end])
        start = end + 1
