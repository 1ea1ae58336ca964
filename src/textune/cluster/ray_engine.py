"""Rows through a classifier on Ray: read by tasks, classified by actors, written by tasks.

An actor keeps nothing but the classifier, so that any of them can do any rows, and do them again. Does not
know what was done before, nor when all is done.
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
from textune.prediction.stream import WINDOW
from textune.runtimes.choosing import load_predictor
from textune.runtimes.predictor import Predictor

LOCAL = "local"
_BLOCK_BYTES = 1 << 20
"""Rows that travel together: some thousands of short texts, so that a kill costs seconds of work."""
_MOST_READERS = 1000
_SECONDS_TO_ANSWER = 10
_CPUS_BESIDE = 0.5
"""CPUs for reading, and for writing. If it were 1, as for classifying, Ray would let the actors read, and a
large file would keep only one of them at work."""


@dataclass(frozen=True)
class Workers:
    """The processes that classify, and the GPUs of each; 0: it has a CPU of its own."""

    count: int
    gpus: int


class Classifier:
    """The actor: a classifier from a run's folder, or from a reference to a copy of one."""

    def __init__(self, run: Any) -> None:
        keep_memory_low()
        import ray

        self._predictor: Predictor = (
            load_predictor(run, runtime="torch") if isinstance(run, str) else load_copy(ray.get(run))
        )

    def __call__(self, table: Any) -> Any:
        """Return the rows with their predictions."""
        return classify(self._predictor, table)


@contextmanager
def connected(address: str, *, workers: int) -> Iterator[Workers]:
    """Connect to a cluster, or start Ray on this computer; end what was started when the block ends.

    The address may be `LOCAL`. For `workers` and errors see `count_workers`; a cluster that cannot be reached
    is a `RequestError`, too.
    """
    import ray

    # Set before Ray starts: otherwise it reports its use to its makers, and warns about its own parts.
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


def count_workers(asked: int, *, cpus: int, gpus: int) -> Workers:
    """Return the processes that a cluster has room for: `asked`, or one per GPU, or per CPU but one.

    A `RequestError` says that they would take the CPU that reads and writes: Ray would wait for it forever.
    """
    if gpus:
        return Workers(asked or gpus, 1)
    count = asked or max(1, cpus - 1)
    if count >= cpus:
        named = f"{cpus} {'CPU' if cpus == 1 else 'CPUs'}"
        raise RequestError(
            f"The Ray cluster has {named}, and {count} {'worker' if count == 1 else 'workers'} would leave "
            "none for reading and writing.",
            f"Give --ray-workers {cpus - 1} or fewer, or leave it out."
            if cpus > 1
            else "Give the cluster another CPU, or leave --engine ray out.",
        )
    return Workers(count, 0)


def _connect(address: str, workers: int) -> None:
    import ray

    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if address == LOCAL:
        # Reading and writing need a CPU besides the workers'; here, Ray has as many as it is given.
        ray.init(LOCAL, num_cpus=(workers or os.cpu_count() or 1) + 1, include_dashboard=False, **quiet)
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if host and port.isdecimal():
            # If nobody answers, Ray goes on trying for many minutes.
            socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS_TO_ANSWER).close()
        ray.init(address, **quiet)
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error).strip().partition("\n")[0]
        raise RequestError(
            f"The Ray cluster at {address} cannot be reached: {reason}.",
            "Check --ray-address (HOST:6379 of the head node, or `auto` on a node of the cluster), and that "
            "the cluster is up: ray status",
        ) from error


def classify_on_ray(
    reader: RowReader, folder: Path, *, run: Any, workers: Workers, on_progress: Callable[[int], None]
) -> None:
    """Read, classify and write all rows that are not done; progress is the number of rows written.

    `run` is the run's folder as a string, or a reference to the result of `read_copy`. What a process raised
    on purpose is raised here.
    """
    import ray

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.raise_original_map_exception = True
    context.target_max_block_size = _BLOCK_BYTES
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # What it logs becomes an error here.
    numbers = [{"number": number} for number in range(len(reader.files))]
    resources = {"num_gpus": workers.gpus} if workers.gpus else {"num_cpus": 1}
    files = ray.data.from_items(numbers, override_num_blocks=min(len(numbers), _MOST_READERS))
    rows = files.map_batches(
        _read, fn_kwargs={"reader": reader}, batch_size=1, batch_format="pyarrow", num_cpus=_CPUS_BESIDE
    )
    classified = rows.map_batches(
        Classifier,
        fn_constructor_args=(run,),
        batch_size=WINDOW,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(min_size=1, initial_size=workers.count, max_size=workers.count),
        **resources,
    )
    written = classified.map_batches(
        _write,
        fn_kwargs={"folder": folder, "files": reader.files},
        batch_size=None,
        batch_format="pyarrow",
        num_cpus=_CPUS_BESIDE,
    )
    done = 0
    with _own_errors(), warnings.catch_warnings():
        # Ray warns if there are fewer blocks than workers, which is fine.
        warnings.filterwarnings("ignore", message="The minimum number of concurrent actors")
        for batch in written.iter_batches(batch_size=None, batch_format="pyarrow"):
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
    """Raise what a process raised on purpose, without what Ray has wrapped around it."""
    try:
        yield
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None and not (type(cause).__module__.startswith("textune.")):
            cause = getattr(cause, "cause", None) or cause.__cause__
        if isinstance(cause, TextuneError):
            raise cause from None
        raise
