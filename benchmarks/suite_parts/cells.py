"""One cell: a contestant on a data set with a seed. How it is filled, stored, and known to be out of date.

    STORE/DATA/CONTESTANT/SEED.json       command, versions, outcome, seconds, memory; written last
    STORE/DATA/CONTESTANT/SEED.parquet    the test rows' predictions, as a run stores them
    STORE/DATA/CONTESTANT/SEED.log        what the process of a cell that failed printed
    STORE/DATA/CONTESTANT/SEED.running    the folder of a process; what a killed suite left is deleted

A cell is a process of its own. Its CPU seconds are those of user and system together, on all cores; its peak
is the resident memory of the process.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from suite_parts.contestants import (
    Contestant,
    Place,
    code_of,
    command_of,
    reason_against,
    versions_of,
    written,
)
from suite_parts.sources import Data
from textune.errors import TextuneError
from textune.evaluation.label_thresholds import choose_label_thresholds
from textune.files import write_json
from textune.run.predictions import Predictions, read_predictions, write_predictions
from textune.tasks.multi_label import USUAL_THRESHOLD, decide

MEASURED, OVER, FAILED = "measured", "over", "failed"


@dataclass(frozen=True)
class Cell:
    """A contestant on a data set with a seed."""

    data: Data
    contestant: Contestant
    seed: int
    place: Place

    @property
    def name(self) -> str:
        """What `--only` calls it."""
        return f"{self.data.name}/{self.contestant.name}/{self.seed}"

    @property
    def _stem(self) -> Path:
        return self.place.store / self.data.name / self.contestant.name

    @property
    def record_file(self) -> Path:
        """The file of its result."""
        return self._stem / f"{self.seed}.json"

    @property
    def predictions_file(self) -> Path:
        """The file of its predictions."""
        return self._stem / f"{self.seed}.parquet"

    @property
    def folder(self) -> Path:
        """The folder in which its process works."""
        return self._stem / f"{self.seed}.running"

    @property
    def command(self) -> list[str]:
        """The words of the command that fills it."""
        return command_of(self.contestant, self.data, self.seed, self.folder / "out", self.place)

    @property
    def reason_against(self) -> str:
        """Why it can have no result; empty if it can."""
        return reason_against(self.contestant, self.data, self.place)

    def identity(self) -> dict[str, Any]:
        """Return what its result depends on: a stored one with another identity is out of date."""
        return {
            "command": written(self.command),
            "rows": self.data.sha256,
            "versions": versions_of(self.place.python(self.contestant), self.contestant.packages),
            "code": code_of(self.contestant.script),
        }

    def record(self) -> dict[str, Any] | None:
        """Return its stored result, also one that is out of date; None if there is none."""
        try:
            return dict(json.loads(self.record_file.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return None

    def is_filled(self, minutes: float) -> bool:
        """Return whether it needs no process: its result is current, and was not stopped any earlier."""
        record = self.record()
        if record is None or record["identity"] != self.identity():
            return False
        return not (record["outcome"] == OVER and record["minutes"] < minutes)


def fill(cell: Cell, *, minutes: float) -> dict[str, Any]:
    """Run the process of a cell for at most so many minutes, store its result, and return it."""
    shutil.rmtree(cell.folder, ignore_errors=True)
    for suffix in (".json", ".parquet", ".log"):
        cell.record_file.with_suffix(suffix).unlink(missing_ok=True)
    out = cell.folder / "out"
    cell.folder.mkdir(parents=True)
    if cell.contestant.script:
        out.mkdir()
    # Before the process, which may last long enough for the code to change.
    started, identity = time.strftime("%Y-%m-%d %H:%M"), cell.identity()
    usage = _run(cell, minutes)
    outcome, message, train = MEASURED, "", None
    if usage["over"]:
        outcome, message = OVER, f"over {minutes:g} minutes, with {usage['cpu']:,.0f} s of CPU"
    elif usage["status"]:
        outcome, message = FAILED, _last_line(cell.folder / "log")
    else:
        try:
            write_predictions(cell.predictions_file, _read(cell, out))
            train = _train_seconds(cell, out)
        except (TextuneError, OSError, ValueError, KeyError, TypeError) as error:
            outcome, message = FAILED, f"its output cannot be read: {error}"
    record = {
        "cell": cell.name,
        "identity": identity,
        "outcome": outcome,
        "message": message,
        "minutes": minutes,
        "seconds": {"whole": usage["whole"], "cpu": usage["cpu"], "train": train},
        "peak_mb": usage["peak_mb"],
        "machine": f"{processor_name()}, {os.cpu_count()} cores",
        "started": started,
        "decides_only": outcome == MEASURED and _decides_only(cell, out),
    }
    if outcome == FAILED:
        (cell.folder / "log").replace(cell.record_file.with_suffix(".log"))
    write_json(cell.record_file, record)
    shutil.rmtree(cell.folder, ignore_errors=True)
    return record


def processor_name() -> str:
    """Return the name of the processor."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        names = {line.partition(":")[2].strip() for line in lines if line.startswith("model name")}
        if names:
            return names.pop()
    return platform.processor() or platform.machine()


def _run(cell: Cell, minutes: float) -> dict[str, Any]:
    """Run the process of a cell; return its times, its memory, and whether it was stopped."""
    environment = {**os.environ, "TEXTUNE_CACHE": str((cell.folder / "cache").absolute())}
    if cell.contestant.script:
        # A peer has its own packages, and its own caches for this cell: nothing is left from another one.
        environment |= {"HF_HUB_OFFLINE": "1", "XDG_CACHE_HOME": str((cell.folder / "cache").absolute())}
        environment.pop("PYTHONPATH", None)
    start = time.perf_counter()
    with (cell.folder / "log").open("w") as log:
        process = subprocess.Popen(cell.command, stdout=log, stderr=log, env=environment, process_group=0)
        over = threading.Event()

        def stop() -> None:
            over.set()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        clock = threading.Timer(minutes * 60, stop)
        clock.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            stop()
            process.wait()
            raise
        finally:
            clock.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)  # Popen did not wait itself.
    return {
        "whole": round(time.perf_counter() - start, 2),
        "cpu": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mb": round(usage.ru_maxrss / 1000, 1),
        "status": status,
        "over": over.is_set() and status != 0,
    }


def _read(cell: Cell, out: Path) -> Predictions:
    """Return the predictions that a process wrote; raise an error if they are not of the test rows."""
    names, test = cell.data.dataset.label_names, cell.data.test
    if not cell.contestant.script:
        predictions = read_predictions(out / "predictions" / "test.parquet")
        if predictions.label_names != names or not np.array_equal(predictions.labels, test.labels):
            raise ValueError("it was measured on other rows")
        return predictions
    lines = _lines(out / "predictions.jsonl")
    if len(lines) != len(test):
        raise ValueError(f"it has {len(lines):,} rows, and the test split {len(test):,}")
    if "scores" not in lines[0]:
        decided = _decided(lines, names)
        given = decided if cell.data.dataset.is_multi_label else None
        return Predictions.of(test, decided.astype(np.float64), names, given=given)
    if not cell.data.dataset.is_multi_label:
        return Predictions.of(test, _probabilities(lines, names, sums_to_one=True), names)
    probabilities, thresholds = _probabilities(lines, names), np.full(len(names), USUAL_THRESHOLD)
    if (out / "validation.jsonl").exists():
        held_out = _probabilities(_lines(out / "validation.jsonl"), names)
        thresholds = choose_label_thresholds(held_out, cell.data.dataset["validation"].labels).thresholds
    return Predictions.of(test, probabilities, names, given=decide(probabilities, thresholds))


def _lines(file: Path) -> list[dict[str, Any]]:
    with file.open(encoding="utf-8", newline="\n") as lines:
        return [json.loads(line) for line in lines]


def _decided(lines: Sequence[dict[str, Any]], names: Sequence[str]) -> np.ndarray:
    """Return the labels that lines decide for, (rows, classes) of zeros and ones."""
    places = {name: place for place, name in enumerate(names)}
    cells = np.zeros((len(lines), len(names)), dtype=bool)
    for row, line in enumerate(lines):
        labels = line["labels"] if "labels" in line else [line["label"]]
        cells[row, [places[name] for name in labels]] = True
    return cells


def _probabilities(
    lines: Sequence[dict[str, Any]], names: Sequence[str], *, sums_to_one: bool = False
) -> np.ndarray:
    """Return the scores of lines as (rows, classes); raise a `ValueError` if they are not probabilities."""
    unknown = {name for line in lines for name in line["scores"]} - set(names)
    if unknown:
        raise ValueError(f"'{sorted(unknown)[0]}' is not a class")
    scores = np.array([[line["scores"].get(name, 0.0) for name in names] for line in lines])
    if not np.isfinite(scores).all() or scores.min() < 0 or scores.max() > 1 + 1e-6:
        raise ValueError("its scores are not probabilities")
    if sums_to_one and np.abs(scores.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError("its probabilities do not sum to 1 in each row")
    return scores


def _decides_only(cell: Cell, out: Path) -> bool:
    """Return whether there are labels and no probabilities, so that these are not measured."""
    return bool(cell.contestant.script) and "scores" not in _lines(out / "predictions.jsonl")[0]


def _train_seconds(cell: Cell, out: Path) -> float | None:
    """Return the seconds of training, as the contestant counts them; None if it does not."""
    file = out / ("seconds.json" if cell.contestant.script else "metrics.json")
    if not file.is_file():
        return None
    seconds = json.loads(file.read_text(encoding="utf-8"))
    if cell.contestant.script:
        return round(float(seconds), 2)
    stages = seconds["seconds"]
    return round(sum(stages.get(stage, 0.0) for stage in ("plan", "features", "train")), 2)


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "it wrote nothing")[:200]
