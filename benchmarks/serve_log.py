"""What it costs a server to keep its predictions: throughput and CPU time with `--log` and without.

Two servers of the same run, with the export that it chooses by default, run side by side. Clients in this
process ask one after the other, in turns that change places. A turn gives the requests per second, and the
CPU seconds of the server per thousand requests, which other programs on this computer disturb less. The
ratios are medians over pairs of turns, with the middle 80 % of them.

    python benchmarks/serve_log.py [--run RUN] [--seconds 6] [--turns 20] [--runtime RUNTIME] [--texts]

Without --run, it first trains a run with the recipe `full`, on TweetEval's emotion task (see CONTRIBUTING.md)
or on the sample. It takes six minutes, on Linux.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from load import closed_loop, to_request
from serve import CLIENTS, add_export, data_source, read_texts, run_loop, train_run, wait_for
from textune.logbook.log_reader import read_log

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    process: subprocess.Popen[bytes]
    port: int

    def cpu_seconds(self) -> float:
        """Return the processor time that the server has taken."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def server(run: Path, *options: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "textune", "serve", str(run), "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout
        port = int(process.stdout.readline().decode().rsplit(":", 1)[1])
        wait_for(port)
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait(30)


def turn(asked: Server, requests: Sequence[bytes], *, seconds: float) -> tuple[float, float]:
    """Return the requests per second, and the server's CPU seconds per thousand requests."""
    before = asked.cpu_seconds()
    outcome = run_loop(closed_loop(asked.port, requests, clients=CLIENTS, seconds=seconds))
    answered = outcome.statuses[200]
    return answered / outcome.seconds, (asked.cpu_seconds() - before) / answered * 1000


def describe(name: str, ratios: Sequence[float]) -> str:
    ordered = sorted(ratios)
    cut = len(ordered) // 10
    return f"{name:<28} {statistics.median(ratios):>8.3f}   {ordered[cut]:.3f} to {ordered[-1 - cut]:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--run", type=Path, help="a run of the recipe full")
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--runtime", default="")
    parser.add_argument("--texts", action="store_true", help="keep the texts, too")
    options = parser.parse_args()
    requests = [to_request(text) for text in read_texts()]
    with tempfile.TemporaryDirectory() as folder:
        run = options.run or train_run(folder)
        add_export(run)
        common = ["--runtime", options.runtime] if options.runtime else []
        kept = Path(folder) / "log"
        keeping = ["--log", str(kept), *(["--log-texts"] if options.texts else [])]
        with server(run, *common) as usual, server(run, *common, *keeping) as logging:
            for each in (usual, logging):
                turn(each, requests, seconds=2)
            rates, costs = list[float](), list[float]()
            for number in range(options.turns):
                pair = [usual, logging] if number % 2 else [logging, usual]
                results = {id(each): turn(each, requests, seconds=options.seconds) for each in pair}
                (rate, cost), (rate_logging, cost_logging) = results[id(usual)], results[id(logging)]
                rates.append(rate_logging / rate)
                costs.append(cost_logging / cost)
        texts = sum(map(len, read_log(kept)))
        size = sum(file.stat().st_size for file in kept.iterdir())
    load = f"load {os.getloadavg()[0]:.1f}"
    print(f"{data_source()}, {os.cpu_count()} cores, {options.turns} pairs of turns; {load}")
    print(f"{'with --log / without':<28} {'median':>8}   middle 80 %")
    print(describe("requests per second", rates))
    print(describe("CPU seconds per request", costs))
    print(f"{texts:,} texts kept, {size / texts / 1000:.2f} KB each")


if __name__ == "__main__":
    main()
