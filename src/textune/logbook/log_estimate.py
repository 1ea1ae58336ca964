"""The last estimate of a log, in its folder: `textune watch RUN --log` writes it, and servers publish it.

FOLDER/estimate.json
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from textune.files import write_json

_NAME = "estimate.json"
_FORMAT = 1


@dataclass(frozen=True)
class LogEstimate:
    """How well a classifier probably did in the last period that was looked at.

    Attributes:
        model_sha256: The hash of the classifier.
        metric: The key of the metric, `accuracy` or `exact_match`.
        ended: When the period ends, in seconds since 1970.
        texts: The number of its texts.
        value: The estimate; None: there is none, because too many texts are unlike any that were met.
        low: The lower end of its 95 % interval.
        high: The upper end.
        outside_share: The share of texts that are unlike any that were met.
    """

    model_sha256: str
    metric: str
    ended: float
    texts: int
    value: float | None
    low: float | None
    high: float | None
    outside_share: float


def write_log_estimate(folder: Path, estimate: LogEstimate) -> None:
    """Write an estimate into a log's folder; a `StorageError` says why that is impossible."""
    write_json(folder / _NAME, {"format": _FORMAT, **asdict(estimate)})


def read_log_estimate(folder: Path) -> LogEstimate | None:
    """Return the estimate in a log's folder, or None if there is none that can be read."""
    with suppress(OSError, ValueError, TypeError, AttributeError, KeyError):
        values = json.loads((folder / _NAME).read_text(encoding="utf-8"))
        if values.pop("format") == _FORMAT:
            return LogEstimate(**values)
    return None
