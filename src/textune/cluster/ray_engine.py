"""Rows through a classifier on Ray: read by tasks, classified by actors, written by tasks.

An actor holds nothing but the classifier, so any actor can classify any rows, and classify them again.
Resuming and completeness are the caller's concern.
"""

from __future__ import annotations

import logging
import os
import socket
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.cluster.rows import RowReader, classify, load_copy, write_part
from textune.encoder.memory import keep_memory_low
from textune.errors import RequestError, TextuneError
from textune.prediction.stream import WINDOW, WINDOWS_PER_PART
from textune.runtimes.choosing import load_predictor
from textune.runtimes.predictor import Predictor
from textune.wording import first_line

LOCAL = "local"
_BLOCK_BYTES = 1 << 20
"""The size of a block of rows: a few thousand short texts, so that a kill costs seconds of work."""
_MOST_READERS = 1000
_SECONDS_TO_ANSWER = 10
_CPUS_BESIDE = 0.5
"""CPUs for reading, and for writing. With 1, as for classifying, Ray would let the actors read, and a large
file would keep only one of them busy."""


@dataclass(frozen=True)
class Workers:
    """The number of processes that classify, and of GPUs per process; with 0, each has a CPU."""

    count: int
    gpus: int


class Classifier:
    """The actor: a classifier from a run folder, or from a reference to a copy of it."""

    def __init__(self, run: Any, mark_truncated: bool) -> None:
        keep_memory_low()
        import ray

        self._mark_truncated = mark_truncated
        self._predictor: Predictor = (
            load_predictor(run, runtime="torch") if isinstance(run, str) else load_copy(ray.get(run))
        )

    def __call__(self, table: Any) -> Any:
        """Return the rows with their predictions."""
        return classify(self._predictor, table, mark_truncated=self._mark_truncated)


@contextmanager
def connected(address: str, *, workers: int) -> Iterator[Workers]:
    """Connect to a cluster, or start Ray on this computer for the length of the block.

    The address may be `LOCAL`. For `workers` and errors see `count_workers`; an unreachable cluster is a
    `RequestError`, too.
    """
    import ray

    # Without these, Ray reports its use to its makers, and warns about its own parts.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    starts = not ray.is_initialized()
    if starts:
        _connect(address, workers)
    try:
        resources = ray.cluster_resources()
        yield count_workers(workers, cpus=int(resources.get("CPU", 0)), gpus=int(resources.get("GPU", 0)))
    finally:
        if starts:
            ray.shutdown()


def count_workers(requested: int, *, cpus: int, gpus: int) -> Workers:
    """Return the processes that a cluster has room for: `requested`, or one per GPU, or per CPU but one.

    Raise a `RequestError` if no CPU is left for reading and writing: Ray would wait for one forever.
    """
    if gpus:
        return Workers(requested or gpus, 1)
    count = requested or max(1, cpus - 1)
    if count >= cpus:
        available = f"{cpus} {'CPU' if cpus == 1 else 'CPUs'}"
        raise RequestError(
            f"The Ray cluster has {available}, and {count} {'worker' if count == 1 else 'workers'} would "
            "leave none for reading and writing.",
            f"Set --ray-workers to {cpus - 1} or fewer, or remove it."
            if cpus > 1
            else "Give the cluster another CPU, or remove --engine ray.",
        )
    return Workers(count, 0)


def _connect(address: str, workers: int) -> None:
    import ray

    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if address == LOCAL:
        # Reading and writing need a CPU besides the workers'. Locally, Ray believes the number that it gets.
        try:
            ray.init(LOCAL, num_cpus=(workers or os.cpu_count() or 1) + 1, include_dashboard=False, **quiet)
        # Ray raises a bare Exception if its own processes do not start in time.
        except Exception as error:
            raise TextuneError(
                f"Ray did not start on this computer: {first_line(error)}",
                "Run the command again when the computer is less busy. Without --engine, one process "
                "classifies the same rows.",
            ) from error
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if host and port.isdecimal():
            # Ray would try for many minutes.
            socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS_TO_ANSWER).close()
        ray.init(address, **quiet)
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        raise RequestError(
            f"The Ray cluster at {address} cannot be reached: {reason}.",
            "Check --ray-address (HOST:6379 of the head node, or `auto` on a node of the cluster), and check "
            "that the cluster is up: ray status",
        ) from error


def classify_on_ray(
    reader: RowReader, folder: Path, *, run: Any, workers: Workers, on_progress: Callable[[int], None]
) -> None:
    """Read, classify and write all rows that are not done; report the number of rows written.

    `run` is the run folder as a string, or a reference to the result of `read_copy`. A `TextuneError` of a
    process is raised here.
    """
    import ray

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.raise_original_map_exception = True
    context.target_max_block_size = _BLOCK_BYTES
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # What it logs is raised here.
    numbers = [{"number": number} for number in range(len(reader.files))]
    resources = {"num_gpus": workers.gpus} if workers.gpus else {"num_cpus": 1}
    files = ray.data.from_items(numbers, override_num_blocks=min(len(numbers), _MOST_READERS))
    rows = files.map_batches(
        _read, fn_kwargs={"reader": reader}, batch_size=1, batch_format="pyarrow", num_cpus=_CPUS_BESIDE
    )
    classified = rows.map_batches(
        Classifier,
        fn_constructor_args=(run, reader.mark_truncated),
        batch_size=WINDOW * (WINDOWS_PER_PART if workers.gpus else 1),
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(min_size=1, initial_size=workers.count, max_size=workers.count),
        **resources,
    )
    counts = classified.map_batches(
        _write,
        fn_kwargs={"folder": folder, "files": reader.files},
        batch_size=None,
        batch_format="pyarrow",
        num_cpus=_CPUS_BESIDE,
    )
    done = 0
    with _own_errors(), warnings.catch_warnings():
        # Fewer blocks than workers are fine.
        warnings.filterwarnings("ignore", message="The minimum number of concurrent actors")
        for batch in counts.iter_batches(batch_size=None, batch_format="pyarrow"):
            done += sum(batch["rows"].to_pylist())
            on_progress(done)


def _read(batch: Any, *, reader: RowReader) -> Iterator[Any]:
    for number in batch["number"].to_pylist():
        yield from reader.read(number)


def _write(table: Any, *, folder: Path, files: tuple[str, ...]) -> Any:
    import pyarrow as pa

    return pa.table({"rows": [write_part(table, folder, files)]})


@contextmanager
def _own_errors() -> Iterator[None]:
    """Raise a process's `TextuneError` without what Ray wrapped around it."""
    try:
        yield
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None and not (type(cause).__module__.startswith("textune.")):
            cause = getattr(cause, "cause", None) or cause.__cause__
        if isinstance(cause, TextuneError):
            raise cause from None
        raise
