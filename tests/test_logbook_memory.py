"""Keeping predictions takes a bounded amount of disk and of memory, however many requests there are.

`TEXTUNE_LOG_REQUESTS` sets how many there are (`make soak-log`: 10,000,000).
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from kept_requests import LABELS, kept_header, kept_request, prediction_log
from textune.logbook import log_writer
from textune.logbook.log_folder import folder_bytes
from textune.logbook.log_reader import read_log
from textune.logbook.log_writer import PredictionLog
from textune.logbook.logged_request import LoggedRequest

REQUESTS = int(os.environ.get("TEXTUNE_LOG_REQUESTS", "80000"))
MOST_BYTES = 10_000_000
WIDTH = 32
MOST_GROWTH_MB = 40.0
"""What a heap may gain for no reason of the requests': Arrow's pool and what is being written come and go."""


def megabytes_held() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_disk_and_memory_stay_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writer, "_SECONDS_BETWEEN_WRITES", 0.02)
    monkeypatch.setattr(log_writer, "_SECONDS_BETWEEN_SYNCS", 0.05)
    filled = prediction_log(tmp_path / "before")  # Libraries are loaded.
    filled.put(kept_request(1))
    filled.close()
    log = PredictionLog(tmp_path / "log", kept_header(width=WIDTH), most_bytes=MOST_BYTES)
    log.start()
    random = np.random.default_rng(0)
    features = random.standard_normal((100, 1, WIDTH)).astype(np.float32)
    logits = random.standard_normal((100, 1, len(LABELS))).astype(np.float32)
    truncated = np.zeros(1, bool)
    disk, memory = list[int](), list[float]()

    for number in range(REQUESTS):
        while log._admitted - log._taken > 10_000:  # As fast as it can be written.
            time.sleep(0.001)
        place = number % 100
        log.put(LoggedRequest(1e9 + number, f"{number}", logits[place], truncated, features[place]))
        if number % 1000 == 0:
            disk.append(folder_bytes(tmp_path / "log"))
            memory.append(megabytes_held())
    log.close()

    kept = [name for block in read_log(tmp_path / "log") for name in block.requests]
    settled = memory[len(memory) // 3 :]
    assert (log.texts, log.dropped) == (REQUESTS, 0)
    assert max(disk) <= MOST_BYTES
    assert kept == [f"{number}" for number in range(REQUESTS - len(kept), REQUESTS)]
    assert max(settled[-100:]) - min(settled[:100]) < MOST_GROWTH_MB
