"""textune's server compared with a plain one (FastAPI and transformers' pipeline), and under overload.

All serve the same run, on this computer, to clients in this process. textune serves it with torch, and with
the export that it chooses by default. The servers take turns, and each number is the median of the turns.
Then textune's server, with its export, gets one, three and ten times as many requests per second as it can
answer. Answers that arrive after the load has ended do not count towards the rate. Over the turns, counts are
summed, rates are medians, and latencies are the worst.

    python benchmarks/serve.py [--run RUN] [--seconds 12] [--turns 3]

Without --run, it first trains a run with the recipe `full`, on TweetEval's emotion task (see CONTRIBUTING.md)
or on the sample. It takes seven minutes.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

try:
    from uvloop import run as run_loop  # Cheaper: the load shares its cores with the server.
except ImportError:
    from asyncio import run as run_loop

import textune
from load import Outcome, closed_loop, open_loop, to_request
from textune.cli.render.progress import Watcher
from textune.runtimes.choosing import choose

HERE = Path(__file__).parent
CLIENTS = 32
TIMES = (1, 3, 10)
PLAIN = "FastAPI + pipeline"
SERVERS = {
    PLAIN: [str(HERE / "plain_server.py"), "{run}/model", "{port}"],
    "textune, torch": ["-m", "textune", "serve", "{run}", "--port", "{port}", "--runtime", "torch"],
    "textune, export": ["-m", "textune", "serve", "{run}", "--port", "{port}"],
}


def data_source() -> str:
    tweeteval = os.environ.get("TEXTUNE_TWEETEVAL", HERE.parent.parent / "shared" / "tweeteval")
    folder = Path(tweeteval) / "emotion"
    return str(folder) if folder.is_dir() else "sample:emotion"


def read_texts() -> list[str]:
    from textune.data.sources import load_source

    return list(load_source(data_source())["test"].texts)


def train_run(folder: str) -> Path:
    with Watcher(quiet=True) as observer:
        result = textune.train(
            "full", model="embedded:minilm", data=data_source(), out=f"{folder}/run", observer=observer
        )
    return Path(result.run)


def add_export(run: Path) -> None:
    """Export a run, unless that has been done, and print what its server chooses by default."""
    for runtime in ("onnx", "openvino"):
        if not (run / "exports" / runtime).is_dir():
            textune.export(run, runtime=runtime)
    print(choose(run).notes[-1])


@contextmanager
def server(kind: str, run: Path) -> Iterator[int]:
    """Run a server for the length of the block and yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [part.format(run=run, port=port) for part in SERVERS[kind]]
    process = subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def wait_for(port: int) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/",
        json.dumps({"inputs": "so happy"}).encode(),
        {"content-type": "application/json"},
    )
    for _ in range(600):
        try:
            urllib.request.urlopen(request).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The server did not start.")


def compare(run: Path, requests: list[bytes], *, turns: int, seconds: float) -> float:
    """Print the servers' rates; return how many requests per second textune answers with its export."""
    rates: dict[str, list[float]] = {name: [] for name in SERVERS}
    singles: dict[str, list[float]] = {name: [] for name in rates}
    for _ in range(turns):
        for name in rates:
            with server(name, run) as port:
                run_loop(closed_loop(port, requests, clients=4, seconds=1))
                many = run_loop(closed_loop(port, requests, clients=CLIENTS, seconds=seconds))
                one = run_loop(closed_loop(port, requests, clients=1, seconds=seconds / 3))
            rates[name].append(many.statuses[200] / many.seconds)
            singles[name].append(one.percentile(50))
    peer = statistics.median(rates[PLAIN])
    print(f"{'':<20} {CLIENTS} clients, requests/s {'ratio':>6}   one client, p50")
    for name, turned in rates.items():
        rate = statistics.median(turned)
        print(f"{name:<20} {rate:>22,.0f} {rate / peer:>6.2f} {statistics.median(singles[name]):>14.1f} ms")
    return statistics.median(rates["textune, export"])


def overload(run: Path, requests: list[bytes], *, capacity: float, turns: int, seconds: float) -> None:
    """Print what becomes of more requests than can be answered."""
    loads: dict[int, list[Outcome]] = {times: [] for times in TIMES}
    probes: dict[int, list[Outcome]] = {times: [] for times in TIMES}
    with server("textune, export", run) as port:
        run_loop(closed_loop(port, requests, clients=4, seconds=1))
        for _ in range(turns):
            for times in TIMES:
                load, probe = run_loop(open_loop(port, requests, rate=capacity * times, seconds=seconds))
                loads[times].append(load)
                probes[times].append(probe)
    print(
        f"\n{'load':<6} {'sent':>7} {'200':>7} {'429':>7} {'504':>5} {'lost':>5} {'200/s':>7} {'of 1x':>6} "
        f"{'p99 of 429':>11} {'p99 of /health':>15}"
    )
    first = 0.0
    for times, turned in loads.items():
        sent = sum(load.sent for load in turned)
        counts = [sum(load.statuses[status] for load in turned) for status in (200, 429, 504)]
        goodput = statistics.median(load.in_time / load.seconds for load in turned)
        first = first or goodput
        refused = [load for load in turned if load.statuses[429]]
        refusals = f"{max(load.percentile(99, 429) for load in refused):.1f} ms" if refused else "-"
        health = max(probe.percentile(99) for probe in probes[times])
        print(
            f"{times:>3}x   {sent:>7} {counts[0]:>7} {counts[1]:>7} {counts[2]:>5} {sent - sum(counts):>5} "
            f"{goodput:>7.0f} {goodput / first:>6.2f} {refusals:>11} {health:>12.1f} ms"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--run", type=Path, help="a run of the recipe full")
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    requests = [to_request(text) for text in read_texts()]
    # The load must not pause on its own: its pauses would count as the server's delay.
    gc.freeze()
    gc.disable()
    with tempfile.TemporaryDirectory() as folder:
        run = options.run or train_run(folder)
        add_export(run)
        print(f"{len(requests):,} texts of {data_source()}, {os.cpu_count()} cores, {options.turns} turns\n")
        capacity = compare(run, requests, turns=options.turns, seconds=options.seconds)
        overload(run, requests, capacity=capacity, turns=options.turns, seconds=options.seconds)


if __name__ == "__main__":
    main()
