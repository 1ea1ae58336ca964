"""`textune predict`: texts, files or standard input through a run's classifier."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.context import Observer, Pace, Silence
from textune.encoder.memory import keep_memory_low
from textune.errors import RequestError, StoppedError
from textune.prediction.resuming import choose_as_begun, describe_origin

if TYPE_CHECKING:
    from textune.prediction.bulk import Prediction, TextRow
    from textune.prediction.journal import Journal


def predict(
    run: str | Path,
    texts: Sequence[str] = (),
    *,
    input_file: str = "",
    text_column: str = "",
    output: str | Path = "",
    restart: bool = False,
    runtime: str = "",
    observer: Observer | None = None,
    show: Callable[[Prediction], None] = lambda prediction: None,
) -> int:
    """Classify texts and show the predictions, or write them to a file; return how many there were.

    From files into a file, a prediction that is interrupted goes on where it was when it is called again.

    Args:
        run: A finished run's folder, or an export's.
        texts: The texts, unless there is an input file.
        input_file: A CSV, TSV, JSONL or Parquet file, a `.txt` file of one text a line, a folder of tables, a
            pattern for files, or `-` for standard input, one text a line.
        text_column: The files' column that holds the text; found by its name unless given.
        output: A CSV, JSONL or Parquet file; where it is empty, predictions go to `show`.
        restart: Begin anew, whatever was done before.
        runtime: `torch`, or the name of an export; by default the fastest that gives the run's probabilities.
        observer: Hears how it goes.
        show: Called with every prediction, in order.

    Raises:
        RequestError: The run, a text or a file is wrong, or something has changed since the prediction began.
        StoppedError: It was interrupted, and can go on.
    """
    from textune.prediction.bulk import check_output, predict_rows, write_file
    from textune.runtimes.choosing import choose, load_choice

    observer = observer or Silence()
    keep_memory_low()
    target = Path(output).expanduser() if output else None
    if target:
        check_output(target)
    _check_request(texts, input_file, restart=restart, resumable=bool(target) and input_file not in {"", "-"})
    if target and input_file not in {"", "-"}:
        return _predict_files(
            run,
            input_file,
            target,
            text_column=text_column,
            restart=restart,
            runtime=runtime,
            observer=observer,
        )
    rows, total = _open_rows(texts, input_file, text_column)
    if target and input_file:
        observer.note("Standard input can be read once only: if this prediction is stopped, it begins anew.")
    observer.stage("Loading the classifier")
    choice = choose(Path(run).expanduser(), runtime=runtime, texts=total or None)
    for sentence in choice.notes:
        observer.note(sentence)
    predictor = load_choice(choice)
    observer.stage("Classifying")
    tally, threshold = Tally(), predictor.threshold
    predictions = tally.counted(
        predict_rows(predictor, rows, threshold=threshold, on_progress=Pace(observer, total).advance)
    )
    if target:
        write_file(target, predictions, label_names=predictor.label_names, may_abstain=threshold > 0)
    else:
        for prediction in predictions:
            show(prediction)
    tally.tell(threshold, observer)
    return tally.predictions


class Tally:
    """How many predictions have gone by, and how many of them without a label that is sure enough."""

    def __init__(self) -> None:
        self.predictions = self.abstained = 0

    def counted(self, predictions: Iterable[Prediction]) -> Iterator[Prediction]:
        """Pass predictions on, and count them."""
        for prediction in predictions:
            self.predictions += 1
            self.abstained += bool(prediction.abstained)
            yield prediction

    def tell(self, threshold: float, observer: Observer) -> None:
        """Say how many are left without a label, and why."""
        if not self.abstained:
            return
        shares = f"{self.abstained:,} of {self.predictions:,} texts are left without a label"
        if math.isinf(threshold):
            observer.note(
                f"{shares}: no threshold was found to give this run the precision that was asked for. "
                "Another precision is set by `textune evaluate RUN --min-precision SHARE`."
            )
        else:
            observer.note(f"{shares}: no label has a probability of {threshold:.1%} or more.")


def _predict_files(
    run: str | Path,
    given: str,
    output: Path,
    *,
    text_column: str,
    restart: bool,
    runtime: str,
    observer: Observer,
) -> int:
    """Classify files into a file, going on with what was done before; return how many rows it has."""
    from textune.prediction.bulk import predict_rows
    from textune.prediction.inputs import find_files, open_texts
    from textune.prediction.journal import open_journal
    from textune.prediction.parts import join_parts, write_parts
    from textune.runtimes.choosing import load_choice

    files = find_files(given)
    check_apart(output, given, files)
    rows = open_texts(files, text_column=text_column)
    observer.stage("Looking at the input")
    tally = Tally()
    choice = choose_as_begun(run, output, runtime=runtime, restart=restart, observer=observer)
    origin = describe_origin(run, files, text_column=text_column, choice=choice)
    with open_journal(output, origin, restart=restart) as journal, said_when_stopped(journal):
        observer.stage("Loading the classifier")
        for sentence in choice.notes:
            observer.note(sentence)
        predictor = load_choice(choice)
        if journal.rows:
            observer.note(f"Going on after {journal.rows:,} rows that were done before.")
        observer.stage("Classifying")
        pace = Pace(observer, origin.rows, done=journal.rows)
        with journal.checked_input(origin.files):
            _skip(rows, journal.rows)
            threshold = predictor.threshold
            columns = _columns(files, output, text_column=text_column, may_abstain=threshold > 0)
            predictions = tally.counted(
                predict_rows(predictor, rows, threshold=threshold, on_progress=pace.advance)
            )
            write_parts(
                journal,
                predictions,
                suffix=output.suffix,
                label_names=predictor.label_names,
                may_abstain=threshold > 0,
                columns=columns,
            )
        observer.stage(f"Writing {output}")
        count = journal.rows
        join_parts(journal, output)
        tally.tell(threshold, observer)
    return count


def _columns(files: Sequence[Path], output: Path, *, text_column: str, may_abstain: bool) -> Any:
    """Return the Arrow schema that a Parquet output takes over from its input; None: it takes over none."""
    from textune.prediction.output_columns import result_fields
    from textune.prediction.stored_columns import stored_columns

    if output.suffix.lower() != ".parquet":
        return None
    results = [field.name for field in result_fields((), may_abstain=may_abstain)]
    return stored_columns(files, text_column=text_column, results=results)


def check_apart(output: Path, given: str, files: Sequence[Path]) -> None:
    """Raise a `RequestError` if an output would become an input's file.

    Args:
        output: The output.
        given: The input, as it was asked for.
        files: The input's files.
    """
    from textune.prediction.inputs import is_input

    if not is_input(output, given, files):
        return
    if len(files) == 1 and output.exists():
        raise RequestError(f"{output} is the input itself.", "Give another file with --output.")
    raise RequestError(
        f"{output} would be among the input's files when the command is run again.",
        "Give a place outside of the input with --output.",
    )


@contextmanager
def said_when_stopped(journal: Journal) -> Iterator[None]:
    """Turn Ctrl-C into an error that says how to go on, where something is done that is kept."""
    try:
        yield
    except KeyboardInterrupt:
        if not journal.holds_something:
            raise
        raise StoppedError(
            f"Stopped. What is done is kept in {journal.folder}.",
            "Run the same command again to go on, or with --restart to begin anew.",
        ) from None


def _check_request(texts: Sequence[str], input_file: str, *, restart: bool, resumable: bool) -> None:
    if bool(texts) == bool(input_file):
        raise RequestError(
            "There are texts and an input file." if texts else "There is nothing to classify.",
            'Give texts (`textune predict RUN "so happy today"`), or files with --input FILE (a pattern in '
            "quotes: --input 'posts/*.csv'), or pipe texts into --input -, one a line.",
        )
    if restart and not resumable:
        raise RequestError(
            "--restart is for a prediction from files into a file: no other goes on where it was stopped.",
            "Leave it out, or give --input FILE and --output FILE.",
        )


def _open_rows(texts: Sequence[str], input_file: str, text_column: str) -> tuple[Iterable[TextRow], int]:
    """Return the rows, the first one read already so that faults show early, and about how many there are."""
    from textune.prediction.bulk import TextRow
    from textune.prediction.inputs import estimate_rows, find_files, open_texts, read_stream

    if texts:
        return [TextRow(text, {}) for text in texts], len(texts)
    if input_file == "-":
        return read_stream(sys.stdin.buffer, "standard input"), 0
    files = find_files(input_file)
    return open_texts(files, text_column=text_column), sum(map(estimate_rows, files))


def _skip(rows: Iterator[TextRow], count: int) -> None:
    for _ in islice(rows, count):
        pass
