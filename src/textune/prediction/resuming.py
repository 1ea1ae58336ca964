"""Classify files into a file, and resume where an earlier attempt was stopped.

The output is written in parts, which survive a kill and become one file in the end. A part always holds the
same rows, so the output has the same bytes however often it was interrupted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from textune.context import Context, Pace
from textune.data.columns import ColumnChoice
from textune.errors import ExportError, MissingExtraError, RequestError, StoppedError
from textune.files import atomic_path, publish, storage_errors
from textune.formats.text_pairs import AnyText
from textune.prediction.inputs import find_files, input_notes, is_input, open_texts
from textune.prediction.job import describe_job
from textune.prediction.journal import Journal, open_journal, started_job
from textune.prediction.output_columns import stored_columns
from textune.prediction.stream import WINDOWS_PER_PART, AnyPrediction, Tally, predict_rows
from textune.prediction.writers import OUTPUT_FORMATS, OutputLayout, in_windows, open_writer
from textune.runtimes.choosing import Choice, choose, load_choice


def predict_files(
    run: Path,
    input_name: str,
    output: Path,
    *,
    input_columns: ColumnChoice,
    mark_truncated: bool,
    restart: bool,
    runtime: str,
    ctx: Context,
) -> int:
    """Classify files into a file, resuming what was done before; return how many rows it has.

    For the arguments and errors see `commands.predict`. Without a `runtime`, it is the one that the job was
    started with, else the fastest.
    """
    files = find_files(input_name)
    check_apart(output, input_name, files)
    rows = open_texts(files, input_columns)
    for sentence in input_notes(files, input_columns):
        ctx.note(sentence)
    ctx.stage("Looking at the input")
    choice = choose_as_started(run, output, runtime=runtime, restart=restart, ctx=ctx)
    job = describe_job(
        run, files, choice=input_columns, mark_truncated=mark_truncated, runtime=choice.runtime
    )
    with open_journal(output, job, restart=restart) as journal, advise_when_stopped(journal):
        ctx.stage("Loading the classifier")
        for sentence in choice.notes:
            ctx.note(sentence)
        predictor = load_choice(choice)
        if journal.rows:
            ctx.note(f"Resuming after {journal.rows:,} rows that were done before.")
        ctx.stage("Classifying")
        pace = Pace(ctx, job.rows, done=journal.rows)
        with journal.checked_input(job.files):
            next(islice(rows, journal.rows, journal.rows), None)  # The rows that are done are skipped.
            layout = OutputLayout.of(predictor, mark_truncated=mark_truncated)
            for sentence in layout.notes(output):
                ctx.note(sentence)
            if output.suffix.lower() == ".parquet":
                results = [field.name for field in layout.result_fields()]
                layout = replace(layout, columns=stored_columns(files, input_columns, results=results))
            predictions = predict_rows(
                predictor, rows, threshold=predictor.threshold, on_progress=pace.advance
            )
            write_parts(journal, predictions, layout, suffix=output.suffix)
        ctx.stage(f"Writing {output}")
        tally = Tally(journal.rows, **{name: journal.count(name) for name in Tally().counts})
        join_parts(journal, output)
        tally.report(predictor, ctx)
    return tally.predictions


def write_parts(
    journal: Journal, predictions: Iterable[AnyPrediction], layout: OutputLayout, *, suffix: str
) -> None:
    """Write the predictions of the rows after those that are done."""
    windows = in_windows(predictions)
    # The first part is written even without rows: a table has its columns all the same.
    while (window := next(windows, None)) is not None or not journal.parts:
        path, tally = journal.next_path(suffix.lower()), Tally()
        if journal.parts:
            layout = replace(layout, like=journal.paths[0])
        with atomic_path(path) as temporary, open_writer(temporary, suffix, layout) as write:
            for rest in chain([window or []], islice(windows, WINDOWS_PER_PART - 1)):
                write(list(tally.count(rest)))
        journal.add(path, rows=tally.predictions, counts=tally.counts)


def join_parts(journal: Journal, output: Path) -> None:
    """Make one file of all parts, then delete them and their journal; if it cannot be written, they stay."""
    whole = journal.folder / "whole"
    with storage_errors(output):
        OUTPUT_FORMATS[output.suffix.lower()].join(journal.paths, whole)
    publish(whole, output)
    journal.discard()


def choose_as_started(run: Path, output: Path, *, runtime: str, restart: bool, ctx: Context) -> Choice:
    """Choose what classifies: unless another is asked for, the runtime that a prediction was started with.

    The fastest would be another one if the run has gained or lost an export since then.
    """
    started = None if runtime or restart else started_job(output)
    if started and started.runtime:
        try:
            return choose(run, runtime=started.runtime)
        except (ExportError, MissingExtraError) as error:
            ctx.note(f"Not used: {error.message}")
    return choose(run, runtime=runtime)


def check_prediction_request(
    texts: Sequence[AnyText], input_file: str, *, restart: bool, resumable: bool
) -> None:
    """Raise a `RequestError` unless there are texts or files, and something to start over if asked to."""
    if bool(texts) == bool(input_file):
        raise RequestError(
            "There are both texts and an input file." if texts else "There is nothing to classify.",
            'Give texts (`textune predict RUN "so happy today"`), or files with --input FILE (put a pattern '
            "in quotes: --input 'posts/*.csv'), or pipe texts into --input -, one per line.",
        )
    if restart and not resumable:
        raise RequestError(
            "--restart needs --input FILE and --output FILE: no other prediction can be resumed.",
            "Remove --restart, or give --input FILE and --output FILE.",
        )


def check_apart(output: Path, input_name: str, files: Sequence[Path]) -> None:
    """Raise a `RequestError` if an output would become one of the input's files; see `is_input`."""
    if not is_input(output, input_name, files):
        return
    if len(files) == 1 and output.exists():
        raise RequestError(f"{output} is the input itself.", "Give another file with --output.")
    raise RequestError(
        f"{output} would be among the input's files when the command is run again.",
        "Give a place outside the input with --output.",
    )


@contextmanager
def advise_when_stopped(journal: Journal) -> Iterator[None]:
    """Turn Ctrl-C into an error that says how to resume, if anything is done."""
    try:
        yield
    except KeyboardInterrupt:
        if not journal.has_progress:
            raise
        raise StoppedError(
            f"Stopped. The finished parts are kept in {journal.folder}.",
            "Run the same command again to resume, or with --restart to start over.",
        ) from None
