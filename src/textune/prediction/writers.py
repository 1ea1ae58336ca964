"""Files of predictions: CSV, JSONL and Parquet, each in one entry of `OUTPUT_FORMATS`.

A file is written whole, or in parts that make one file. Does not know what the predictions are made from.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from textune.errors import RequestError
from textune.files import atomic_path, notes_on_replacing
from textune.formats.text_pairs import fields_of_texts, text_fields
from textune.prediction.output_columns import (
    arrow_refusals,
    check_column_names,
    fit_columns,
    names_of,
    result_fields,
)
from textune.prediction.stream import (
    MULTI_LABEL_COLUMNS,
    OTHER,
    RESULT_COLUMNS,
    TRUNCATED,
    WINDOW,
    AnyPrediction,
    MultiLabelPrediction,
    prefix_clashes,
)
from textune.runtimes.predictor import Predictor

WriteRows = Callable[[Sequence[AnyPrediction]], None]
_SEPARATORS = ("|", ";", ",", "#")


@dataclass(frozen=True)
class OutputLayout:
    """What the rows of an output hold.

    With `may_abstain`, a table has the column `abstained`, and with `may_be_other`, the column `other`; with
    `mark_truncated`, an output of any format has the column `truncated`. With `multi_label`, the rows are
    those of `MultiLabelPrediction`; with `pairs`, they have both texts of a pair. `columns` is the Arrow
    schema of a Parquet file's other columns; None: that of the first window. A part is written `like` an
    earlier one, which sets the columns, and has no header.
    """

    label_names: Sequence[str]
    may_abstain: bool = False
    mark_truncated: bool = False
    columns: Any = None
    like: Path | None = None
    multi_label: bool = False
    pairs: bool = False
    may_be_other: bool = False

    @classmethod
    def of(cls, predictor: Predictor, *, mark_truncated: bool) -> OutputLayout:
        """Return what the predictions of a predictor hold."""
        return cls(
            predictor.label_names,
            predictor.threshold > 0,
            mark_truncated,
            multi_label=predictor.thresholds is not None,
            pairs=predictor.pairs,
            may_be_other=predictor.outside is not None,
        )

    @property
    def separator(self) -> str:
        """What stands between the labels of a text in CSV: the first of | ; , # that is in no label."""
        unused = (sign for sign in _SEPARATORS if not any(sign in name for name in self.label_names))
        return next(unused, "\n")

    def result_fields(self) -> list[Any]:
        """Return the Arrow fields of everything but the other columns."""
        return result_fields(
            self.label_names,
            multi_label=self.multi_label,
            pairs=self.pairs,
            may_abstain=self.may_abstain,
            may_be_other=self.may_be_other,
            mark_truncated=self.mark_truncated,
        )

    def notes(self, path: Path) -> list[str]:
        """Return sentences about the file that predictions replace, if any, and how theirs is to be read."""
        notes = notes_on_replacing(path)
        if self.multi_label and path.suffix.lower() == ".csv":
            notes.append(f"The labels of a text are in the column `labels`, separated by {self.separator!r}.")
        return notes


@dataclass(frozen=True)
class OutputFormat:
    """A kind of file that predictions are written to: how one is opened, and made of parts."""

    open: Callable[[Path, OutputLayout], AbstractContextManager[WriteRows]]
    join: Callable[[Sequence[Path], Path], None]


def check_output(path: Path) -> None:
    """Raise a `RequestError` unless predictions can be written to a file of this name."""
    if path.is_dir():
        raise RequestError(f"{path} is a folder.", "Give the name of a file.")
    if path.suffix.lower() not in OUTPUT_FORMATS:
        raise RequestError(
            f"Predictions cannot be written to {path}: '{path.suffix}' is not a known format.",
            f"Give a file that ends in {', '.join(OUTPUT_FORMATS)}.",
        )


def write_file(path: Path, predictions: Iterable[AnyPrediction], layout: OutputLayout) -> int:
    """Write predictions as CSV, JSONL or Parquet, whole or not at all; return the number of rows.

    CSV has a column `score_LABEL` per label instead of `scores`, and several labels in one cell. The other
    columns of a CSV or Parquet file are those of the first window; a `DataError` says that they cannot hold a
    later one.
    """
    check_output(path)
    count, windows = 0, in_windows(predictions)
    with atomic_path(path) as temporary, open_writer(temporary, path.suffix, layout) as write:
        # The first window is written even without rows: a table has its columns all the same.
        for window in chain([next(windows, [])], windows):
            write(window)
            count += len(window)
    return count


def in_windows(predictions: Iterable[AnyPrediction]) -> Iterator[list[AnyPrediction]]:
    """Return predictions in the windows in which they are written."""
    remaining = iter(predictions)
    return iter(lambda: list(islice(remaining, WINDOW)), [])


def open_writer(path: Path, suffix: str, layout: OutputLayout) -> AbstractContextManager[WriteRows]:
    """Open a file for predictions; `suffix` is a key of `OUTPUT_FORMATS` in any case."""
    return OUTPUT_FORMATS[suffix.lower()].open(path, layout)


@contextmanager
def _write_jsonl(path: Path, layout: OutputLayout) -> Iterator[WriteRows]:
    with path.open("w", encoding="utf-8", newline="\n") as file:

        def write(predictions: Sequence[AnyPrediction]) -> None:
            for prediction in predictions:
                values = prediction.to_json(mark_truncated=layout.mark_truncated)
                print(json.dumps(values, ensure_ascii=False, default=str), file=file)

        yield write


@contextmanager
def _write_csv(path: Path, layout: OutputLayout) -> Iterator[WriteRows]:
    last = ["abstained"] * layout.may_abstain + [OTHER] * layout.may_be_other
    last += [TRUNCATED] * layout.mark_truncated
    texts = fields_of_texts(pairs=layout.pairs)
    decided = ["labels"] if layout.multi_label else ["label", "score"]
    results = [*texts, *decided, *(f"score_{name}" for name in layout.label_names), *last]
    reserved = (*(MULTI_LABEL_COLUMNS if layout.multi_label else RESULT_COLUMNS), *results)
    names = None
    if layout.like is not None:
        with layout.like.open(encoding="utf-8", newline="") as first_part:
            names = next(csv.reader(first_part, strict=True))[len(results) :]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)

        def write(predictions: Sequence[AnyPrediction]) -> None:
            nonlocal names
            others = [prefix_clashes(prediction.row.others, results=reserved) for prediction in predictions]
            if names is None:
                names = names_of(others)
                writer.writerow([*results, *names])
            check_column_names(others, names)
            for prediction, values in zip(predictions, others, strict=True):
                scores = [prediction.scores.get(name) for name in layout.label_names]
                fields = text_fields(prediction.row.text)
                cells: list[Any] = [fields.get(name) for name in texts]
                if isinstance(prediction, MultiLabelPrediction):
                    cells += [layout.separator.join(prediction.labels or ()), *scores]
                else:
                    cells += [prediction.label, prediction.score, *scores]
                cells += [str(getattr(prediction, name)).lower() for name in last]
                writer.writerow([*cells, *(values.get(name) for name in names)])

        yield write


@contextmanager
def _write_parquet(path: Path, layout: OutputLayout) -> Iterator[WriteRows]:
    import pyarrow as pa
    from pyarrow import parquet

    results = layout.result_fields()
    names = [field.name for field in results]
    schema = layout.columns
    if layout.like is not None:
        schema = pa.schema(list(parquet.read_schema(layout.like))[len(results) :])
    writer: Any = None

    def write(predictions: Sequence[AnyPrediction]) -> None:
        nonlocal schema, writer
        with arrow_refusals():
            if layout.columns is None:
                others = [prefix_clashes(prediction.row.others, results=names) for prediction in predictions]
                schema = fit_columns(others, schema)
            if writer is None:
                writer = parquet.ParquetWriter(path, pa.schema([*results, *schema]))
            rows = [prediction.to_arrow(mark_truncated=layout.mark_truncated) for prediction in predictions]
            writer.write_table(pa.Table.from_pylist(rows, schema=writer.schema))

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()


def _join_bytes(paths: Sequence[Path], target: Path) -> None:
    with target.open("wb") as whole:
        for path in paths:
            with path.open("rb") as part:
                shutil.copyfileobj(part, whole)


def _join_tables(paths: Sequence[Path], target: Path) -> None:
    from pyarrow import parquet

    with parquet.ParquetWriter(target, parquet.read_schema(paths[0])) as writer:
        for path in paths:
            with parquet.ParquetFile(path) as part:
                for group in range(part.num_row_groups):
                    writer.write_table(part.read_row_group(group))


OUTPUT_FORMATS = {
    ".csv": OutputFormat(_write_csv, _join_bytes),
    ".jsonl": OutputFormat(_write_jsonl, _join_bytes),
    ".parquet": OutputFormat(_write_parquet, _join_tables),
}
"""What a file of predictions can be, by its suffix."""
