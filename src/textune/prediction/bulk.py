"""Predict a stream of rows of any length in constant memory.

In: rows with a text each. Out: the same rows in the same order, each with its prediction, and files of
them. Rows are predicted in windows, inside which the encoder sorts them by length. Does not know which
runtime predicts, nor where the rows come from.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.errors import RequestError
from textune.files import atomic_path
from textune.prediction.output_columns import (
    WINDOW,
    arrow_refusals,
    check_names,
    fit_columns,
    names_of,
    result_fields,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from textune.runtimes.predictor import Predictor

OUTPUT_SUFFIXES = (".csv", ".jsonl", ".parquet")
_RESULT_COLUMNS = ("text", "label", "score", "scores")
_INPUT = re.compile("^(input_)+")

WriteRows = Callable[[Sequence["Prediction"]], None]


@dataclass(frozen=True)
class TextRow:
    """A text to classify, and the other columns that came with it."""

    text: str
    others: Mapping[str, Any]


@dataclass(frozen=True)
class Prediction:
    """A row with its prediction.

    Attributes:
        row: What was classified.
        label: The most probable label, or None where the text is empty, or no label is sure enough.
        score: The highest probability, or None where the text is empty.
        scores: Every label's probability; empty where the text is empty.
        abstained: Whether no label is sure enough; None where a label is always given.
    """

    row: TextRow
    label: str | None
    score: float | None
    scores: Mapping[str, float]
    abstained: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the prediction as JSON values, the row's other columns after it.

        It has `abstained` only where there is a threshold that may withhold a label.
        """
        result: dict[str, Any] = {
            "text": self.row.text,
            "label": self.label,
            "score": self.score,
            "scores": dict(self.scores),
        }
        if self.abstained is None:
            return result | kept_columns(self.row.others)
        result["abstained"] = self.abstained
        return result | kept_columns(self.row.others, results=tuple(result))


def kept_columns(others: Mapping[str, Any], *, results: Collection[str] = _RESULT_COLUMNS) -> dict[str, Any]:
    """Return a row's other columns; one that is named like a result's is kept as `input_NAME`.

    One that is named like what such a column becomes is renamed as well, so that no two become one.

    Example:
        >>> kept_columns({"id": 7, "label": "joy", "input_label": "fun"})
        {'id': 7, 'input_label': 'joy', 'input_input_label': 'fun'}
    """
    return {
        f"input_{name}" if _INPUT.sub("", name) in results else name: value for name, value in others.items()
    }


def predict_rows(
    predictor: Predictor,
    rows: Iterable[TextRow],
    *,
    threshold: float = 0.0,
    window: int = WINDOW,
    on_progress: Callable[[int], None] | None = None,
) -> Iterator[Prediction]:
    """Yield the prediction of every row, in order.

    Args:
        predictor: Classifies the texts.
        rows: The rows; read as far as a window ahead.
        threshold: The top probability below which no label is given; 0: one always is.
        window: Rows that are predicted together.
        on_progress: Called with the number of rows done, after every window.
    """
    remaining, done = iter(rows), 0
    while chunk := list(islice(remaining, window)):
        filled = [row.text for row in chunk if row.text.strip()]
        answers = iter(predictor.predict_proba(filled) if filled else ())
        for row in chunk:
            if row.text.strip():
                yield _prediction(row, next(answers), predictor.label_names, threshold)
            else:
                yield Prediction(row, None, None, {}, False if threshold else None)
        done += len(chunk)
        if on_progress:
            on_progress(done)


def check_output(path: Path) -> None:
    """Raise a `RequestError` unless predictions can be written to a file of this name."""
    if path.is_dir():
        raise RequestError(f"{path} is a folder.", "Give the name of a file.")
    if path.suffix.lower() not in OUTPUT_SUFFIXES:
        raise RequestError(
            f"Predictions cannot be written to {path}: '{path.suffix}' is no known format.",
            f"Give a file that ends in {', '.join(OUTPUT_SUFFIXES)}.",
        )


def write_file(
    path: Path, predictions: Iterable[Prediction], *, label_names: Sequence[str], may_abstain: bool = False
) -> int:
    """Write predictions as CSV, JSONL or Parquet, whole or not at all; return the number of rows.

    CSV has a column `score_LABEL` for every label instead of `scores`. The other columns of a CSV or Parquet
    file are those of the first window.

    Args:
        path: The file.
        predictions: What is written.
        label_names: The classes' names.
        may_abstain: Whether there is a threshold, so that a table has the column `abstained`.

    Raises:
        RequestError: The file's format is unknown.
        DataError: The format cannot hold the input's columns.
        StorageError: The file cannot be written.
    """
    check_output(path)
    count, windows = 0, in_windows(predictions)
    with (
        atomic_path(path) as temporary,
        open_writer(temporary, path.suffix, label_names, may_abstain=may_abstain) as write,
    ):
        # The first window is written even without rows: a table has its columns all the same.
        for window in chain([next(windows, [])], windows):
            write(window)
            count += len(window)
    return count


def in_windows(predictions: Iterable[Prediction]) -> Iterator[list[Prediction]]:
    """Return predictions in the windows in which they are written."""
    remaining = iter(predictions)
    return iter(lambda: list(islice(remaining, WINDOW)), [])


def open_writer(
    path: Path,
    suffix: str,
    label_names: Sequence[str],
    *,
    like: Path | None = None,
    may_abstain: bool = False,
    columns: Any = None,
) -> AbstractContextManager[WriteRows]:
    """Open a file for predictions.

    Args:
        path: The file.
        suffix: One of `OUTPUT_SUFFIXES`: the format.
        label_names: The classes' names.
        like: A file of predictions that this one is to follow: it gets the same columns, and no header.
        may_abstain: Whether a table has the column `abstained`.
        columns: The Arrow schema of a Parquet file's other columns; None: that of the first window.
    """
    suffix = suffix.lower()
    if suffix == ".parquet":
        return _parquet_writer(path, label_names, like, may_abstain, columns)
    return _csv_writer(path, label_names, like, may_abstain) if suffix == ".csv" else _jsonl_writer(path)


def _prediction(
    row: TextRow, probabilities: NDArray[np.float64], label_names: Sequence[str], threshold: float
) -> Prediction:
    scores = {name: float(value) for name, value in zip(label_names, probabilities, strict=True)}
    label = label_names[int(probabilities.argmax())]
    abstained = scores[label] < threshold
    return Prediction(
        row, None if abstained else label, scores[label], scores, abstained if threshold else None
    )


@contextmanager
def _jsonl_writer(path: Path) -> Iterator[WriteRows]:
    with path.open("w", encoding="utf-8", newline="\n") as file:

        def write(predictions: Sequence[Prediction]) -> None:
            for prediction in predictions:
                print(json.dumps(prediction.to_json(), ensure_ascii=False, default=str), file=file)

        yield write


@contextmanager
def _csv_writer(
    path: Path, label_names: Sequence[str], like: Path | None, may_abstain: bool
) -> Iterator[WriteRows]:
    last = ["abstained"] if may_abstain else []
    results = ["text", "label", "score", *(f"score_{name}" for name in label_names), *last]
    names = None if like is None else _csv_header(like)[len(results) :]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)

        def write(predictions: Sequence[Prediction]) -> None:
            nonlocal names
            others = [
                kept_columns(prediction.row.others, results=(*_RESULT_COLUMNS, *results))
                for prediction in predictions
            ]
            if names is None:
                names = names_of(others)
                writer.writerow([*results, *names])
            check_names(others, names)
            for prediction, values in zip(predictions, others, strict=True):
                scores = [prediction.scores.get(name) for name in label_names]
                known = [prediction.row.text, prediction.label, prediction.score, *scores]
                known += [str(prediction.abstained).lower()] if may_abstain else []
                writer.writerow([*known, *(values.get(name) for name in names)])

        yield write


def _csv_header(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file, strict=True))


@contextmanager
def _parquet_writer(
    path: Path, label_names: Sequence[str], like: Path | None, may_abstain: bool, columns: Any
) -> Iterator[WriteRows]:
    import pyarrow as pa
    from pyarrow import parquet

    results = result_fields(label_names, may_abstain=may_abstain)
    kept = [field.name for field in results]
    known: Any = columns if like is None else pa.schema(list(parquet.read_schema(like))[len(results) :])
    writer: Any = None

    def write(predictions: Sequence[Prediction]) -> None:
        nonlocal known, writer
        with arrow_refusals():
            if columns is None:
                known = fit_columns(
                    [kept_columns(prediction.row.others, results=kept) for prediction in predictions], known
                )
            if writer is None:
                writer = parquet.ParquetWriter(path, pa.schema([*results, *known]))
            rows = [arrow_values(prediction) for prediction in predictions]
            writer.write_table(pa.Table.from_pylist(rows, schema=writer.schema))

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()


def arrow_values(prediction: Prediction) -> dict[str, Any]:
    """Return a prediction's values by the names of its Arrow fields."""
    return prediction.to_json() | {"scores": prediction.scores or None}
