"""`textune report`: the results of finished runs as one HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textune.context import Context, Observer
from textune.errors import RequestError
from textune.files import notes_on_replacing, write_text
from textune.run.layout import open_run


def report(runs: Sequence[str | Path], *, output: str | Path = "", observer: Observer | None = None) -> Path:
    """Write the report of one or more runs; return its file.

    Args:
        runs: Finished runs' folders.
        output: The file, whose name ends in .html; by default `report.html` in the run folder or, for several
            runs, in the current folder.
        observer: Receives progress and notes.

    Raises:
        RequestError: A run or the output is wrong.
        StorageError: The file cannot be written.
    """
    ctx = Context(observer)
    if not runs:
        raise RequestError("There is no run to report on.", "Name a run folder: textune report RUN")
    file = Path(output).expanduser() if output else None
    if file is not None and (file.is_dir() or file.suffix.lower() not in {".html", ".htm"}):
        fault = "is a folder" if file.is_dir() else "does not end in .html"
        raise RequestError(
            f"The report cannot be written to {file}, which {fault}.",
            "Give the name of a file that ends in .html.",
        )
    for note in notes_on_replacing(file) if file is not None else ():
        ctx.note(note)
    ctx.stage("Reading the runs")
    opened = [open_run(Path(run).expanduser()) for run in dict.fromkeys(map(str, runs))]
    from textune.report.run_report import REPORT, report_again

    if len(opened) == 1:
        return report_again(opened[0], file, ctx)
    from textune.report.page import render_runs
    from textune.report.results import read_results

    file = file or Path(REPORT)
    write_text(file, render_runs([read_results(run) for run in opened]))
    return file
