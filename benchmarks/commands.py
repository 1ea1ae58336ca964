"""Whole commands, from the shell's point of view: seconds and peak memory, imports included.

`frozen` with an empty cache, `frozen` again with the cache that it filled, `paper` with an empty cache, and
the classification of one sentence, with torch and with an export, take turns; each figure is the median of
the turns.

    python benchmarks/commands.py [--data FOLDER] [--model embedded:minilm] [--turns 3]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
TWEETEVAL = Path(os.environ.get("TEXTUNE_TWEETEVAL", REPOSITORY.parent / "shared" / "tweeteval"))


def run_command(arguments: list[str], *, cache: Path) -> tuple[float, float]:
    """Return the seconds that a command took, and the peak memory of the largest one so far, in MB."""
    environment = {**os.environ, "TEXTUNE_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "textune", *arguments, "--json"],
        check=True,
        env=environment,
        capture_output=True,
    )
    return time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", default=str(TWEETEVAL / "emotion"))
    parser.add_argument("--model", default="embedded:minilm")
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {
        "frozen, empty cache": [],
        "frozen, cached": [],
        "paper, empty cache": [],
    }
    sentence: dict[str, list[float]] = {"torch": [], "onnx": []}
    peak = 0.0
    for _ in range(options.turns):
        with tempfile.TemporaryDirectory() as folder:
            for name, turns in seconds.items():
                recipe = name.partition(", ")[0]
                cache = Path(folder) / ("paper" if recipe == "paper" else "frozen")
                out = str(Path(folder) / name.replace(", ", "-").replace(" ", "-"))
                arguments = ["train", "--recipe", recipe, "--model", options.model, "--data", options.data]
                taken, peak = run_command([*arguments, "--out", out], cache=cache)
                turns.append(taken)
            run_command(["export", out, "--runtime", "onnx"], cache=Path(folder))
            for runtime, turns in sentence.items():
                arguments = ["predict", out, "so happy today", "--runtime", runtime]
                turns.append(run_command(arguments, cache=Path(folder))[0])
    print(f"textune train on {Path(options.data).name}, {options.model}, medians of {options.turns} turns")
    print(f"{os.cpu_count()} cores; peak memory of the largest command {peak:,.0f} MB\n")
    sentences = {f"one sentence, {runtime}": turns for runtime, turns in sentence.items()}
    for name, turns in (seconds | sentences).items():
        print(f"{name:<22} {statistics.median(turns):>6.2f} s")


if __name__ == "__main__":
    main()
