"""How fast textune's server answers in each of its protocols, compared with `/predict`.

One server speaks all protocols, with the export that it chooses by default. Clients in this process ask with
one text per request. In each turn, every protocol has its part of the time, in another order, and its rate is
divided by that of `/predict` in the same turn. The result is the median of the turns. Beside it are the
answers per second of the server's own time on the processor, which other programs hardly change (on Linux).

    python benchmarks/protocols.py [--run RUN] [--seconds 4] [--turns 5]

Without --run, it first trains a run with the recipe `frozen` on the sample. It takes three minutes.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

try:
    from uvloop import run as run_loop
except ImportError:
    from asyncio import run as run_loop

import textune
from load import closed_loop, question
from serve import CLIENTS, read_texts
from textune.cli.render.progress import Watcher

MODEL = "emotion"
PEER = "tei"
ASKING: dict[str, tuple[str, Callable[[str], Any]]] = {
    PEER: ("/predict", lambda text: {"inputs": text}),
    "hf": ("/", lambda text: {"inputs": text}),
    "oip": (
        f"/v2/models/{MODEL}/infer",
        lambda text: {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}]},
    ),
    "kserve": (f"/v1/models/{MODEL}:predict", lambda text: {"instances": [text]}),
    "vllm": ("/classify", lambda text: {"input": text}),
    "vertex": ("/vertex", lambda text: {"instances": [text]}),
    "sagemaker": ("/invocations", lambda text: {"inputs": text}),
    "mlflow": ("/invocations", lambda text: {"dataframe_split": {"columns": ["text"], "data": [[text]]}}),
}


@contextmanager
def server(run: Path) -> Iterator[tuple[int, int]]:
    """Run a server that speaks all protocols for the length of the block; yield its process and its port."""
    command = [sys.executable, "-m", "textune", "serve", str(run), "--port", "0"]
    options = ["--protocols", "all", "--model-name", MODEL]
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout
        yield process.pid, int(process.stdout.readline().rsplit(":", 1)[1])
    finally:
        process.terminate()
        process.wait(30)


def processor_seconds(process: int) -> float:
    """Return the seconds that a process has spent on processors; NaN where the system does not say."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(
    address: tuple[int, int], texts: Sequence[str], *, turns: int, seconds: float
) -> list[dict[str, tuple[float, float]]]:
    """Return the answers per second, and per second of the processor, in each protocol, by turn."""
    process, port = address
    requests = {
        name: [question(path, json.dumps(body(text)).encode()) for text in texts]
        for name, (path, body) in ASKING.items()
    }
    found: list[dict[str, tuple[float, float]]] = []
    for turn in range(turns):
        order = list(ASKING)
        random.Random(turn).shuffle(order)
        found.append({})
        for name in order:
            before = processor_seconds(process)
            outcome = run_loop(closed_loop(port, requests[name], clients=CLIENTS, seconds=seconds))
            assert set(outcome.statuses) == {200}, (name, outcome.statuses)
            spent = processor_seconds(process) - before
            found[-1][name] = outcome.statuses[200] / outcome.seconds, outcome.statuses[200] / spent
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--run", type=Path, help="a run")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    texts = read_texts()
    gc.freeze()
    gc.disable()
    with tempfile.TemporaryDirectory() as folder:
        run = options.run
        if run is None:
            with Watcher(quiet=True) as observer:
                trained = textune.train(
                    "frozen",
                    model="embedded:minilm",
                    data="sample:emotion",
                    out=f"{folder}/run",
                    observer=observer,
                )
                textune.export(trained.run, runtime="onnx", observer=observer)
            run = Path(trained.run)
        with server(run) as address:
            measure(address, texts, turns=1, seconds=1)
            turned = measure(address, texts, turns=options.turns, seconds=options.seconds)
    print(f"{len(texts):,} texts, {os.cpu_count()} cores, {options.turns} turns, {CLIENTS} clients\n")
    peer = ASKING[PEER][0]
    print(f"{'protocol':<12} requests/s  of {peer}   lowest to highest   processor, of {peer}")
    for name in ASKING:
        ratios, spent = ([turn[name][kind] / turn[PEER][kind] for turn in turned] for kind in (0, 1))
        rate = statistics.median(turn[name][0] for turn in turned)
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        print(
            f"{name:<12} {rate:>10,.0f} {statistics.median(ratios):>12.2f} {spread:>19} "
            f"{statistics.median(spent):>22.2f}"
        )


if __name__ == "__main__":
    main()
