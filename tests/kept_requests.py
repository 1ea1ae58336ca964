"""Requests as a server keeps them, made without one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from textune.logbook.log_reader import read_log
from textune.logbook.log_writer import PredictionLog
from textune.logbook.logged_request import LoggedRequest, LogHeader

LABELS = ("anger", "joy", "sadness")
WIDTH = 4


def kept_header(**values: Any) -> LogHeader:
    facts = {
        "run": "my-run",
        "model_sha256": "f00",
        "problem_type": "single_label_classification",
        "label_names": LABELS,
        "width": WIDTH,
    }
    return LogHeader(**{**facts, **values})


def kept_request(number: int, *, texts: int = 1, second: float = 0.0, **values: Any) -> LoggedRequest:
    """Return a request whose numbers tell it apart from others."""
    logits = np.full((texts, len(LABELS)), number, np.float32)
    facts: dict[str, Any] = {
        "logits": logits + np.arange(len(LABELS), dtype=np.float32),
        "truncated": np.arange(texts) % 2 == 1,
        "features": np.full((texts, WIDTH), number % 1000, np.float32),
    }
    return LoggedRequest(second or 1e9 + number, f"id-{number}", **{**facts, **values})


def prediction_log(folder: Path, *, header: LogHeader | None = None, **options: Any) -> PredictionLog:
    """Return a log that has begun to write."""
    log = PredictionLog(folder, header or kept_header(), **{"most_bytes": 10_000_000, **options})
    log.start()
    return log


def kept_ids(folder: Path) -> list[str]:
    """Return the ids of the requests in a folder, one per text."""
    return [each for block in read_log(folder) for each in block.requests]
