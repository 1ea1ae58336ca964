"""Predict a stream of rows of any length in constant memory.

In: rows with a text each. Out: the same rows in the same order, each with its prediction, and files of
them. Rows are predicted in windows, inside which the encoder sorts them by length. Does not know which
runtime predicts, nor where the rows come from.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.errors import RequestError
from textune.files import atomic_path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from textune.inference.predictor import Predictor

OUTPUT_SUFFIXES = (".csv", ".jsonl", ".parquet")
_WINDOW = 1024
_RESULT_COLUMNS = ("text", "label", "score", "scores")

WriteRow = Callable[["Prediction"], None]


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
        label: The most probable label, or None where the text is empty.
        score: Its probability, or None.
        scores: Every label's probability; empty where the text is empty.
    """

    row: TextRow
    label: str | None
    score: float | None
    scores: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return the prediction as JSON values, the row's other columns after it."""
        result = {
            "text": self.row.text,
            "label": self.label,
            "score": self.score,
            "scores": dict(self.scores),
        }
        return result | kept_columns(self.row.others)


def kept_columns(others: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row's other columns; one that is named like a result's is kept as `input_NAME`.

    Example:
        >>> kept_columns({"id": 7, "label": "joy"})
        {'id': 7, 'input_label': 'joy'}
    """
    return {f"input_{name}" if name in _RESULT_COLUMNS else name: value for name, value in others.items()}


def predict_rows(
    predictor: Predictor,
    rows: Iterable[TextRow],
    *,
    window: int = _WINDOW,
    on_progress: Callable[[int], None] | None = None,
) -> Iterator[Prediction]:
    """Yield the prediction of every row, in order.

    Args:
        predictor: Classifies the texts.
        rows: The rows; read as far as a window ahead.
        window: Rows that are predicted together.
        on_progress: Called with the number of rows done, after every window.
    """
    remaining, done = iter(rows), 0
    while chunk := list(islice(remaining, window)):
        filled = [row.text for row in chunk if row.text.strip()]
        answers = iter(predictor.predict_proba(filled) if filled else ())
        for row in chunk:
            if row.text.strip():
                yield _prediction(row, next(answers), predictor.label_names)
            else:
                yield Prediction(row, None, None, {})
        done += len(chunk)
        if on_progress:
            on_progress(done)


def check_output(path: Path) -> None:
    """Raise a `RequestError` unless predictions can be written to a file of this name."""
    if path.suffix not in OUTPUT_SUFFIXES:
        raise RequestError(
            f"Predictions cannot be written to {path}: '{path.suffix}' is no known format.",
            f"Give a file that ends in {', '.join(OUTPUT_SUFFIXES)}.",
        )
    if path.is_dir():
        raise RequestError(f"{path} is a folder.", "Give the name of a file.")


def write_file(path: Path, predictions: Iterable[Prediction], *, label_names: Sequence[str]) -> int:
    """Write predictions as CSV, JSONL or Parquet, whole or not at all; return the number of rows.

    CSV has a column `score_LABEL` for every label instead of `scores`.

    Raises:
        RequestError: The file's format is unknown.
        StorageError: The file cannot be written.
    """
    check_output(path)
    writer = {".csv": _csv_writer, ".jsonl": _jsonl_writer, ".parquet": _parquet_writer}[path.suffix]
    count = 0
    with atomic_path(path) as temporary, writer(temporary, label_names) as write:
        for prediction in predictions:
            write(prediction)
            count += 1
    return count


def _prediction(row: TextRow, probabilities: NDArray[np.float64], label_names: Sequence[str]) -> Prediction:
    scores = {name: float(value) for name, value in zip(label_names, probabilities, strict=True)}
    label = label_names[int(probabilities.argmax())]
    return Prediction(row, label, scores[label], scores)


@contextmanager
def _jsonl_writer(path: Path, _: Sequence[str]) -> Iterator[WriteRow]:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        yield lambda prediction: print(
            json.dumps(prediction.to_json(), ensure_ascii=False, default=str), file=file
        )


@contextmanager
def _csv_writer(path: Path, label_names: Sequence[str]) -> Iterator[WriteRow]:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        started = False

        def write(prediction: Prediction) -> None:
            nonlocal started
            others = kept_columns(prediction.row.others)
            if not started:
                writer.writerow(
                    ["text", "label", "score", *(f"score_{name}" for name in label_names), *others]
                )
                started = True
            scores = [prediction.scores.get(name) for name in label_names]
            writer.writerow(
                [prediction.row.text, prediction.label, prediction.score, *scores, *others.values()]
            )

        yield write


@contextmanager
def _parquet_writer(path: Path, label_names: Sequence[str]) -> Iterator[WriteRow]:
    import pyarrow as pa
    from pyarrow import parquet

    scores = pa.struct([(name, pa.float64()) for name in label_names])
    known = [("text", pa.string()), ("label", pa.string()), ("score", pa.float64()), ("scores", scores)]
    waiting: list[Prediction] = []
    writer: Any = None

    def flush() -> None:
        nonlocal writer
        rows = [prediction.to_json() | {"scores": prediction.scores or None} for prediction in waiting]
        if writer is None:
            # The types of the other columns are those of the first window.
            names = dict.fromkeys(name for row in rows for name in row if name not in _RESULT_COLUMNS)
            others = pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows]).schema
            writer = parquet.ParquetWriter(path, pa.schema([*(pa.field(*pair) for pair in known), *others]))
        try:
            writer.write_table(pa.Table.from_pylist(rows, schema=writer.schema))
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise RequestError(
                f"The input's columns change their type, which a Parquet file does not allow: {error}.",
                "Write .jsonl or .csv instead.",
            ) from error
        waiting.clear()

    def write(prediction: Prediction) -> None:
        waiting.append(prediction)
        if len(waiting) >= _WINDOW:
            flush()

    try:
        yield write
        if waiting or writer is None:
            flush()
    finally:
        if writer is not None:
            writer.close()
