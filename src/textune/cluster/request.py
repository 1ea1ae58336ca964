"""The engine `ray`: classify files on a cluster, and write the predictions into a folder."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from textune.cluster.ray_engine import LOCAL, classify_on_ray, connected
from textune.cluster.rows import (
    PARTS,
    RowReader,
    check_complete,
    count_rows,
    count_truncated,
    done_rows,
    read_columns,
    read_copy,
)
from textune.context import UNWATCHED, Context, Pace
from textune.data.pairs import misfit
from textune.encoder.truncation import describe_truncation
from textune.errors import RequestError
from textune.extras import check_extra
from textune.formats.text_pairs import TextPair
from textune.model.outside_threshold import read_outside_threshold
from textune.prediction.input_columns import choose_columns
from textune.prediction.inputs import find_files, input_notes, open_texts
from textune.prediction.job import describe_job
from textune.prediction.journal import journal_folder, open_journal
from textune.prediction.resuming import advise_when_stopped, check_apart
from textune.prediction.stream import TextRow
from textune.prediction.writers import OUTPUT_FORMATS
from textune.run.layout import Run, open_run
from textune.runtimes.exports import is_export
from textune.runtimes.registry import TORCH


def predict_on_cluster(
    run: str | Path,
    input_file: str,
    output: str | Path,
    *,
    text_column: str | Sequence[str] = "",
    settings: Sequence[str] = (),
    mark_truncated: bool = False,
    address: str = "",
    workers: int = 0,
    runtime: str = "",
    restart: bool = False,
    ctx: Context = UNWATCHED,
) -> int:
    """Classify files on a Ray cluster, or with Ray on this computer; return the number of rows.

    The output is a folder of Parquet files, which appears once it is complete. Each row holds its file and
    its number in that file; rows have no order. Every process must see the input and be able to write the
    output. Workers use the runtime `torch`. For the other arguments and errors see `commands.predict`.

    The cluster is at `address`, else at RAY_ADDRESS, else on this computer. By default there is one worker
    per GPU, or one per CPU but one. A missing or repeated row is a `VerificationError`.
    """
    _check_torch(run, runtime)
    check_extra("ray", "cluster", "The engine 'ray'")
    target = Path(output).expanduser().absolute()
    _check_request(input_file, output, target)
    files = [path.absolute() for path in find_files(input_file)]
    for place in (target, journal_folder(target)):
        check_apart(place / "part-0.parquet", input_file, files)
    folder = open_run(Path(run).expanduser()).path.absolute()
    ctx.stage("Looking at the input")
    choice = choose_columns(folder, text_column=text_column, settings=settings)
    rows = open_texts(files, choice)  # Raises early for any unreadable file.
    pairs = _check_texts(folder, next(iter(rows)))
    for sentence in input_notes(files, choice):
        ctx.note(sentence)
    names = tuple(str(path) for path in files)
    from textune.model.storage import read_kind

    multi_label = read_kind(Run(folder).model).is_multi_label
    kinds = {
        "mark_truncated": mark_truncated,
        "multi_label": multi_label,
        "pairs": pairs,
        "may_be_other": read_outside_threshold(Run(folder).model) is not None,
    }
    columns = read_columns(names, choice, **kinds)
    job = describe_job(folder, files, choice=choice, mark_truncated=mark_truncated, hashed=False)
    opened = open_journal(target, job, restart=restart, unlisted=PARTS)
    with opened as journal, advise_when_stopped(journal):
        done = done_rows(journal.folder)
        reader = RowReader(names, choice, columns, done, **kinds)
        with journal.checked_input(job.files):
            cluster = address or os.environ.get("RAY_ADDRESS") or LOCAL
            _classify(reader, journal.folder, folder, cluster, workers, total=job.rows, ctx=ctx)
        ctx.stage("Checking that every row is there once")
        done = done_rows(journal.folder)
        count = check_complete(done, reader.filled_files(done))
        truncated = count_truncated(journal.folder)
        journal.become(target)
    if truncated:
        from textune.model.storage import read_max_length, read_windows

        model = Run(folder).model
        windows = read_windows(model)
        most = windows.max_windows if windows else 0
        max_tokens = read_max_length(model)
        ctx.note(describe_truncation(truncated, count, max_tokens=max_tokens, max_windows=most))
    return count


def _check_texts(run: Path, first: TextRow) -> bool:
    """Return whether a run takes pairs; raise a `DataError` if the first row is of another kind."""
    from textune.model.storage import read_takes_pairs

    pairs = read_takes_pairs(Run(run).model)
    if isinstance(first.text, TextPair) is not pairs:
        raise misfit(pairs=pairs, place="the first text of the input")
    return pairs


def _check_torch(run: str | Path, runtime: str) -> None:
    reason = "The workers of --engine ray classify with the run's own model in torch, but "
    if is_export(Path(run).expanduser()):
        raise RequestError(
            f"{reason}{run} is an export.",
            "Give the folder of the run that it was made from, or remove --engine ray.",
        )
    if runtime not in ("", TORCH):
        raise RequestError(f"{reason}the runtime is {runtime}.", "Remove --runtime or --engine ray.")


def _check_request(input_file: str, output: str | Path, target: Path) -> None:
    if input_file in {"", "-"} or not output:
        raise RequestError(
            "--engine ray needs input files and an output folder.",
            "Give both: --input 'posts/*.parquet' --output FOLDER",
        )
    if target.suffix.lower() in OUTPUT_FORMATS:
        raise RequestError(
            f"With --engine ray, the output is a folder of Parquet files, but {target.name} is the name of a "
            "file.",
            "Give a name without a suffix.",
        )
    if target.is_file() or (target.is_dir() and any(target.iterdir())):
        raise RequestError(
            f"The output {target} already exists.",
            f"Give another folder with --output, or delete this one first: rm -r {shlex.quote(str(target))}",
        )


def _classify(
    reader: RowReader, folder: Path, run: Path, address: str, workers: int, *, total: int, ctx: Context
) -> None:
    import ray

    done = count_rows(reader.done)
    if done:
        ctx.note(f"Resuming after {done:,} rows that are done.")
    ctx.stage("Starting Ray" if address == LOCAL else f"Connecting to Ray at {address}")
    with connected(address, workers=workers) as started:
        # The cluster's processes may not see the run folder, so they get a copy.
        source = str(run) if address == LOCAL else ray.put(read_copy(run))
        kind = "on one GPU each" if started.gpus else "on one CPU each"
        ctx.note(f"Classifying with {started.count} workers {kind}.")
        ctx.stage("Classifying")
        pace = Pace(ctx, total, done=done)
        classify_on_ray(reader, folder, run=source, workers=started, on_progress=pace.advance)
