"""`textune report`: the results of finished runs as one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textune.context import Context, Observer, Silence
from textune.errors import RequestError
from textune.files import write_text
from textune.run.layout import open_run


def report(runs: Sequence[str | Path], *, output: str | Path = "", observer: Observer | None = None) -> Path:
    """Write the report of one or several runs; return its file.

    Args:
        runs: Finished runs' folders.
        output: The file, whose name ends in .html. By default `report.html`: of one run in its folder, of
            several in the current one.
        observer: Hears how it goes.

    Raises:
        RequestError: A run or the output is wrong.
        StorageError: The file cannot be written.
    """
    ctx = Context(observer or Silence())
    if not runs:
        raise RequestError("No run is named.", "Name a run's folder: textune report RUN")
    file = Path(output).expanduser() if output else None
    if file is not None and (file.is_dir() or file.suffix.lower() not in {".html", ".htm"}):
        refused = f"The report cannot be written to {file}: it is a page of HTML."
        raise RequestError(
            f"{file} is a folder." if file.is_dir() else refused,
            "Give the name of a file that ends in .html.",
        )
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
