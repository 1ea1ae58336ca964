"""`textune predict`: texts, a file or standard input through a run's classifier."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from textune.errors import RequestError
from textune.workflows.progress import Observer, Silence

if TYPE_CHECKING:
    from textune.inference.bulk import Prediction, TextRow


def predict(
    run: str | Path,
    texts: Sequence[str] = (),
    *,
    input_file: str = "",
    text_column: str = "",
    output: str | Path = "",
    observer: Observer | None = None,
    show: Callable[[Prediction], None] = lambda prediction: None,
) -> int:
    """Classify texts and show the predictions, or write them to a file; return how many there were.

    Args:
        run: A finished run's folder.
        texts: The texts, unless there is an input file.
        input_file: A CSV, TSV, JSONL or Parquet file, a `.txt` file of one text a line, or `-` for standard
            input, one text a line.
        text_column: The file's column that holds the text; found by its name unless given.
        output: A CSV, JSONL or Parquet file; where it is empty, predictions go to `show`.
        observer: Hears how it goes.
        show: Called with every prediction, in order.

    Raises:
        RequestError: The run, a text or a file is wrong.
    """
    from textune.inference.bulk import check_output, predict_rows, write_file
    from textune.inference.predictor import load_predictor

    observer = observer or Silence()
    if output:
        check_output(Path(output))
    rows, total = _open_rows(texts, input_file, text_column)
    if output and input_file not in {"", "-"}:
        _check_apart(Path(input_file), Path(output).expanduser())
    observer.stage("Loading the classifier")
    predictor = load_predictor(run)
    observer.stage("Classifying")
    predictions = predict_rows(
        predictor, rows, on_progress=lambda done: observer.advance(done, max(done, total), unit="texts")
    )
    if output:
        return write_file(Path(output).expanduser(), predictions, label_names=predictor.label_names)
    count = 0
    for prediction in predictions:
        show(prediction)
        count += 1
    return count


def _open_rows(texts: Sequence[str], input_file: str, text_column: str) -> tuple[Iterable[TextRow], int]:
    """Return the rows, the first one read already so that faults show early, and about how many there are."""
    from textune.inference.bulk import TextRow
    from textune.inference.inputs import estimate_rows, read_stream, read_texts

    if bool(texts) == bool(input_file):
        raise RequestError(
            "There are texts and an input file." if texts else "There is nothing to classify.",
            'Give texts (`textune predict RUN "so happy today"`), or a file with --input FILE, or pipe texts '
            "into --input -, one a line.",
        )
    if texts:
        return [TextRow(text, {}) for text in texts], len(texts)
    if input_file == "-":
        return read_stream(sys.stdin.buffer, "standard input"), 0
    path = Path(input_file).expanduser()
    rows = read_texts(path, text_column=text_column)
    first = list(islice(rows, 1))
    return chain(first, rows), estimate_rows(path)


def _check_apart(source: Path, output: Path) -> None:
    if output.exists() and output.samefile(source.expanduser()):
        raise RequestError(f"{output} is the input itself.", "Give another file with --output.")
