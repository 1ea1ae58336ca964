"""`textune watch --log`: how well a run's classifier did on what a server classified, by hour or day."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textune.context import Context, Observer
from textune.errors import RequestError, StorageError
from textune.watching.watch_defaults import MOST_OF_PERIOD

if TYPE_CHECKING:
    from textune.watching.log_periods import By
    from textune.watching.over_time import WatchedLog

_BY = ("hour", "day")


def watch_log(
    run: str | Path,
    log: str | Path,
    *,
    by: str = "day",
    most_texts: int = MOST_OF_PERIOD,
    picture: str | Path | None = None,
    offline: bool = False,
    observer: Observer | None = None,
) -> WatchedLog:
    """Estimate how well a run's classifier did on a server's texts, for each hour or day.

    The last estimate is also written into the log's folder, where servers that write to it find it.

    Args:
        run: The folder of the run that was served.
        log: The folder that `textune serve RUN --log` writes; servers may go on writing to it.
        by: `hour` or `day`, in UTC.
        most_texts: How many texts of each period are looked at, drawn at random.
        picture: An SVG file to draw the estimates over time in.
        offline: Make no network connection.
        observer: Receives progress and notes.

    Raises:
        RequestError: The run, the log or a file is wrong.
    """
    if by not in _BY:
        raise RequestError(f"'{by}' is not a period.", f"Give {' or '.join(_BY)} with --by.")
    if most_texts < 1:
        raise RequestError(f"{most_texts} is not a number of texts.", "Give 1 or more with --texts.")
    from textune.encoder.memory import keep_memory_low
    from textune.files import notes_on_replacing, picture_path, write_text
    from textune.logbook.log_estimate import write_log_estimate
    from textune.logbook.log_reader import find_log
    from textune.run.layout import model_sha256
    from textune.watching.log_periods import read_periods
    from textune.watching.over_time import estimate_of, watch_periods
    from textune.watching.time_picture import draw_over_time
    from textune.watching.watched_run import WatchedRun

    keep_memory_low()
    ctx, folder = Context(observer, offline), Path(log).expanduser()
    find_log(folder)
    file = picture_path(picture)
    for note in notes_on_replacing(file) if file is not None else ():
        ctx.note(note)
    opened = WatchedRun.open(Path(run).expanduser(), ctx)
    sha256 = model_sha256(opened.run)
    period: By = "hour" if by == "hour" else "day"
    periods = read_periods(folder, by=period, most_texts=most_texts, model_sha256=sha256, note=ctx.note)
    watched = watch_periods(opened, periods, log=str(log), by=period, ctx=ctx)
    if (estimate := estimate_of(watched, model_sha256=sha256)) is not None:
        try:
            write_log_estimate(folder, estimate)
        except StorageError as error:
            ctx.note(f"The servers do not learn of the estimate: {error.message}")
    if file is not None:
        write_text(file, draw_over_time(watched))
    return watched
