"""`textune predict --engine ray`: files through a run's classifier on a cluster, into a folder."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from textune.commands.predict import check_apart, said_when_stopped
from textune.context import Observer, Pace, Silence
from textune.errors import RequestError
from textune.extras import check_extra
from textune.prediction.resuming import describe_origin

if TYPE_CHECKING:
    from textune.cluster.rows import Reading


def predict_on_cluster(
    run: str | Path,
    input_file: str,
    output: str | Path,
    *,
    text_column: str = "",
    address: str = "",
    workers: int = 0,
    runtime: str = "",
    restart: bool = False,
    observer: Observer | None = None,
) -> int:
    """Classify files on a Ray cluster, or on a Ray of this computer's own; return how many rows there were.

    The output is a folder of Parquet files, whose rows say which row of which file they are, and stand in no
    order. It appears when it is whole. A prediction that is interrupted goes on with what is missing
    when it is called again.

    Args:
        run: A finished run's folder.
        input_file: A file, a folder of tables, or a pattern for files, as every process sees them.
        output: The folder, where every process can write.
        text_column: The files' column that holds the text; found by its name unless given.
        address: The cluster's address; empty: that of the variable RAY_ADDRESS, else this computer.
        workers: How many processes classify; 0: one for each GPU, or for each CPU but one.
        runtime: What classifies: `torch`, or empty, which means it too, as workers have nothing else.
        restart: Begin anew, whatever was done before.
        observer: Hears how it goes.

    Raises:
        RequestError: The run or a file is wrong, or something has changed since the prediction began.
        VerificationError: A row is missing in the end, or there twice.
        StoppedError: It was interrupted, and can go on.
    """
    _check_torch(run, runtime)
    check_extra("ray", "cluster", "The engine 'ray'")
    from textune.cluster.ray_engine import LOCAL
    from textune.cluster.rows import PARTS, check_complete, done_rows
    from textune.prediction.inputs import find_files
    from textune.prediction.journal import journal_folder, open_journal
    from textune.run.layout import open_run

    observer = observer or Silence()
    target = Path(output).expanduser().absolute()
    _check_request(input_file, output, target)
    files = [path.absolute() for path in find_files(input_file)]
    for place in (target, journal_folder(target)):
        check_apart(place / "part-0.parquet", input_file, files)
    folder = open_run(Path(run).expanduser()).path.absolute()
    observer.stage("Looking at the input")
    reading = _begin_reading(files, text_column)
    origin = describe_origin(folder, files, text_column=text_column, hashed=False)
    with (
        open_journal(target, origin, restart=restart, unlisted=PARTS) as journal,
        said_when_stopped(journal),
    ):
        reading = reading.without(done_rows(journal.folder))
        with journal.checked_input(origin.files):
            _classify(
                reading,
                journal.folder,
                run=folder,
                address=address or os.environ.get("RAY_ADDRESS") or LOCAL,
                workers=workers,
                total=origin.rows,
                observer=observer,
            )
        observer.stage("Checking that every row is there once")
        done = done_rows(journal.folder)
        count = check_complete(done, reading.filled_files(done))
        journal.become(target)
    return count


def _check_torch(run: str | Path, runtime: str) -> None:
    from textune.runtimes.exports import is_export
    from textune.runtimes.registry import TORCH

    alone = is_export(Path(run).expanduser())
    if alone or runtime not in ("", TORCH):
        raise RequestError(
            "The workers of --engine ray classify with a run's own model in torch, and "
            f"{f'{run} is an export' if alone else f'--runtime {runtime} is asked for'}.",
            "Give the folder of the run that it was made from, or leave --engine ray out."
            if alone
            else "Leave --runtime out, or --engine ray.",
        )


def _check_request(input_file: str, output: str | Path, target: Path) -> None:
    from textune.prediction.bulk import OUTPUT_SUFFIXES

    if input_file in {"", "-"} or not output:
        raise RequestError(
            "--engine ray classifies files into a folder.",
            "Give both: --input 'posts/*.parquet' --output FOLDER",
        )
    if target.suffix.lower() in OUTPUT_SUFFIXES:
        raise RequestError(
            f"With --engine ray the output is a folder of Parquet files, and {target.name} is a file's name.",
            "Give a name without an ending.",
        )
    if target.is_file() or (target.is_dir() and any(target.iterdir())):
        raise RequestError(
            f"The output {target} cannot be made: there is something there already.",
            f"Give another folder with --output, or remove this one first: rm -r {shlex.quote(str(target))}",
        )


def _begin_reading(files: list[Path], text_column: str) -> Reading:
    from textune.cluster.rows import Reading, begin_columns
    from textune.prediction.inputs import open_texts

    open_texts(files, text_column=text_column)  # It says early what is wrong with any of them.
    names = tuple(str(path) for path in files)
    return Reading(names, text_column, begin_columns(names, text_column=text_column), {})


def _classify(
    reading: Reading, folder: Path, *, run: Path, address: str, workers: int, total: int, observer: Observer
) -> None:
    from textune.cluster.ray_engine import LOCAL, classify_on_ray, connected, share_copy
    from textune.cluster.rows import count_rows, read_copy

    done = count_rows(reading.done)
    if done:
        observer.note(f"Going on after {done:,} rows that were done before.")
    observer.stage("Starting Ray" if address == LOCAL else f"Connecting to Ray at {address}")
    with connected(address, workers=workers) as found:
        # Nobody knows whether the run's folder is where the cluster's processes are: they get a copy.
        source = str(run) if address == LOCAL else share_copy(read_copy(run))
        kind = "with a GPU each" if found.gpus else "with a CPU each"
        observer.note(f"Classifying with {found.count} workers {kind}.")
        observer.stage("Classifying")
        pace = Pace(observer, total, done=done)
        classify_on_ray(reading, folder, run=source, workers=found, on_progress=pace.advance)
