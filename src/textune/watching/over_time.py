"""What is said of a server's texts over time: an estimate or a refusal for each hour or day of its log.

In: an open run, and the periods of a log. Out: a `WatchedLog`. Does not know what is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.context import Context
from textune.errors import DataError
from textune.logbook.log_estimate import LogEstimate
from textune.watching.estimating import Watch
from textune.watching.log_periods import SECONDS, By, LogPeriod
from textune.watching.reference import WatchedRows
from textune.watching.watch_result import WatchResult
from textune.watching.watched_run import WatchedRun

FEWEST_TEXTS = 50
"""The fewest texts of a period of which anything is said."""


@dataclass(frozen=True)
class WatchedPeriod:
    """What is said of an hour or a day, which has `total` texts; of too few, the result is None."""

    start: datetime
    total: int
    result: WatchResult | None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        of_texts = {} if self.result is None else self.result.to_json()
        return {"start": self.start.isoformat(), "total": self.total, **of_texts}


@dataclass(frozen=True)
class WatchedLog:
    """What is said of the periods of a log, in the order of time; `metric` is the key of its first metric."""

    run: str
    log: str
    by: By
    metric: str
    periods: Sequence[WatchedPeriod]

    @property
    def last(self) -> WatchedPeriod | None:
        """The last period of which something is said."""
        return next((period for period in reversed(self.periods) if period.result is not None), None)

    def end_of(self, period: WatchedPeriod) -> datetime:
        """Return when a period ends."""
        return period.start + timedelta(seconds=SECONDS[self.by])

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        periods = [period.to_json() for period in self.periods]
        return {"run": self.run, "log": self.log, "by": self.by, "periods": periods}


def watch_periods(
    opened: WatchedRun, periods: Iterable[LogPeriod], *, log: str, by: By, ctx: Context
) -> WatchedLog:
    """Return what can be said of each period; a `DataError` says that the log has nothing to go by."""
    reference = opened.reference(opened.train_texts(), ctx)
    ctx.stage("Testing the estimate on shifts of validation")
    watch = Watch.of(reference)
    width, watched = reference.features.shape[1], list[WatchedPeriod]()
    for period in periods:
        ctx.stage(f"Estimating {period.start:%Y-%m-%d %H:%M}")
        result = None
        if len(period.logits) >= FEWEST_TEXTS:
            probabilities = opened.decisions.kind.probabilities(period.logits)
            features = _features(opened, period, log=log, ctx=ctx)
            if features.shape[1] != width:
                raise DataError(
                    f"The log {log} has features of {features.shape[1]} numbers, and the run's have {width}.",
                    "Give the run that was served.",
                )
            result = watch.estimate(WatchedRows(features, probabilities))
        watched.append(WatchedPeriod(period.start, period.total, result))
    return WatchedLog(str(opened.run.path), log, by, opened.decisions.metric, watched)


def _features(opened: WatchedRun, period: LogPeriod, *, log: str, ctx: Context) -> NDArray[np.float32]:
    """Return the features of a period's texts: those that were kept, or those of the texts that were."""
    if period.features is not None:
        return period.features.astype(np.float32)
    if period.texts is None:
        raise DataError(
            f"The log {log} has neither features nor texts of {period.start:%Y-%m-%d %H:%M}, so nothing "
            "tells whether they are like those that the run has met.",
            "Serve an export that this version of textune made, or give --log-texts to `textune serve`.",
        )
    return opened.read(period.texts, ctx, called=f"log · {period.start:%Y-%m-%d %H:%M}")[0]


def estimate_of(watched: WatchedLog, *, model_sha256: str) -> LogEstimate | None:
    """Return what is said of the last period in the form in which servers publish it, if anything is said."""
    period = watched.last
    if period is None or period.result is None:
        return None
    estimate = period.result.estimates.get(watched.metric)
    low, high = (None, None) if estimate is None else estimate.interval
    return LogEstimate(
        model_sha256,
        watched.metric,
        watched.end_of(period).timestamp(),
        period.total,
        None if estimate is None else estimate.value,
        low,
        high,
        period.result.outside_share,
    )
