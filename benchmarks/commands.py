"""Whole commands, from the shell's point of view: seconds and peak memory, imports included.

The commands take turns: `--version` and `--help`, `frozen` with an empty cache, `frozen` again with the cache
that it filled, `paper` with an empty cache, and the classification of one sentence with torch and with an
export. Each number is the median over the turns. With `--before`, every command also runs with the sources of
another checkout in the same turn, and the ratio of the two is printed.

    python benchmarks/commands.py [--data FOLDER] [--model embedded:minilm] [--turns 3] [--before CHECKOUT]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
TWEETEVAL = Path(os.environ.get("TEXTUNE_TWEETEVAL", REPOSITORY.parent / "shared" / "tweeteval"))


@dataclass(frozen=True)
class Cost:
    """What one command took: seconds, and peak memory in MB."""

    seconds: float
    megabytes: float


def run_command(arguments: list[str], *, checkout: Path, cache: Path) -> Cost:
    """Run a command with the sources of a checkout."""
    variables = {"PYTHONPATH": str(checkout / "src"), "TEXTUNE_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "textune", *arguments],
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"textune {' '.join(arguments)} failed with the sources of {checkout}")
    return Cost(time.perf_counter() - start, usage.ru_maxrss / 1000)


def measure_turn(checkout: Path, *, model: str, data: str) -> dict[str, Cost]:
    """Return the cost of each command, by its name."""
    costs = {}
    for option in ("--version", "--help"):
        costs[option] = run_command([option], checkout=checkout, cache=Path())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, recipe in enumerate(("frozen", "frozen", "paper")):
            title = f"{recipe}, {'cached' if number == 1 else 'empty cache'}"
            out = str(folder / str(number))
            arguments = [
                "train",
                "--recipe",
                recipe,
                "--model",
                model,
                "--data",
                data,
                "--out",
                out,
                "--json",
            ]
            costs[title] = run_command(arguments, checkout=checkout, cache=folder / recipe)
        run_command(["export", out, "--runtime", "onnx"], checkout=checkout, cache=folder)
        for runtime in ("torch", "onnx"):
            arguments = ["predict", out, "so happy today", "--runtime", runtime, "--json"]
            costs[f"one sentence, {runtime}"] = run_command(arguments, checkout=checkout, cache=folder)
    return costs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", default=str(TWEETEVAL / "emotion"))
    parser.add_argument("--model", default="embedded:minilm")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--before", type=Path, help="another checkout, which takes the same turns")
    options = parser.parse_args()
    checkouts = [REPOSITORY, *([options.before] if options.before else [])]
    costs: dict[tuple[Path, str], list[Cost]] = defaultdict(list)
    for turn in range(options.turns):
        for checkout in checkouts[:: 1 if turn % 2 else -1]:
            for title, cost in measure_turn(checkout, model=options.model, data=options.data).items():
                costs[checkout, title].append(cost)
    print(f"textune on {Path(options.data).name}, {options.model}, medians of {options.turns} turns")
    print(f"{os.cpu_count()} cores{'; then the build before, and the ratio' if options.before else ''}\n")
    for title in [title for checkout, title in costs if checkout == REPOSITORY]:
        medians = [
            (
                statistics.median(cost.seconds for cost in costs[checkout, title]),
                statistics.median(cost.megabytes for cost in costs[checkout, title]),
            )
            for checkout in checkouts
        ]
        line = f"{title:<22}" + "".join(f"{seconds:>8.2f} s {size:>6,.0f} MB" for seconds, size in medians)
        if options.before:
            line += f"{medians[0][0] / medians[1][0]:>8.2f}"
        print(line)


if __name__ == "__main__":
    main()
