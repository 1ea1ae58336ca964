"""A million rows: seconds, processor time and peak memory of `train --recipe frozen` and of `audit`.

The rows are made as in `scaling.py`: speed and memory mean something, quality does not. By default, the model
has the tokenizer and the embeddings of `embedded:minilm` and a single thin layer. Its features are as wide as
those of a layer of the real model, and encoding takes a fraction of the time. The audit finds the features in
the cache. Every row of the table is one command as a process.

    python benchmarks/million.py [--rows 1000000] [--data FOLDER] [--model embedded:minilm] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from scaling import TWEETEVAL, write_grown

THIN = "thin"
_INSIDE = 16
"""The width inside the feed-forward network of the thin layer."""


@dataclass(frozen=True)
class Cost:
    """What a command took: seconds, processor time in seconds, and peak memory in MB."""

    seconds: float
    processor: float
    megabytes: float


def write_thin_model(folder: Path) -> str:
    """Write a model of one thin layer with the tokenizer and the embeddings of `embedded:minilm`."""
    import torch
    from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel

    from textune.context import Context
    from textune.encoder.loading import find_model

    source = find_model("embedded:minilm", revision=None, ctx=Context()).path
    known, tokenizer = AutoModel.from_pretrained(source), AutoTokenizer.from_pretrained(source)
    torch.manual_seed(0)
    sizes = {"hidden_size": known.config.hidden_size, "num_attention_heads": 2, "num_hidden_layers": 1}
    model = BertModel(BertConfig(vocab_size=len(tokenizer), intermediate_size=_INSIDE, **sizes))
    model.embeddings.load_state_dict(known.embeddings.state_dict())
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def run_command(arguments: list[str], folder: Path) -> Cost:
    """Run textune in a folder, with a cache that has room for everything."""
    variables = {"HF_HUB_OFFLINE": "1", "TEXTUNE_CACHE": str(folder / "cache")}
    variables["TEXTUNE_CACHE_MEGABYTES"] = "100000"
    start, log = time.perf_counter(), folder / "log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "textune", *arguments],
            stdout=stream,
            stderr=stream,
            env={**os.environ, **variables},
            cwd=folder,
        )
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(log.read_text()[-2000:])
    seconds = time.perf_counter() - start
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--data", default=str(TWEETEVAL / "emotion"))
    parser.add_argument("--model", default=THIN)
    parser.add_argument("--folder", type=Path, help="where to put data and runs, which are kept")
    options = parser.parse_args()
    import torch

    cpu = torch.cpu.get_capabilities().get("cpu_name", platform.machine())
    print(f"{cpu}, {os.cpu_count()} cores, torch {torch.__version__}")
    with tempfile.TemporaryDirectory() as name:
        folder = (options.folder or Path(name)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        # The first copy holds the rows themselves, so their number is found with it.
        rows = write_grown(options.data, 1, folder / "small")
        rows = write_grown(options.data, max(1, round(options.rows / rows)), folder / "data")
        model = write_thin_model(folder / "model") if options.model == THIN else options.model
        print(f"{rows:,} rows, {'one thin layer' if options.model == THIN else model}\n")
        print(f"{'command':<10}{'whole s':>10}{'processor s':>14}{'peak MB':>10}")
        common = ["--model", model, "--data", str(folder / "data")]
        commands = {
            "train": ["train", "--recipe", "frozen", *common, "--out", str(folder / "run"), "--json"],
            "audit": ["audit", str(folder / "data"), "--model", model],
        }
        for title, arguments in commands.items():
            cost = run_command(arguments, folder)
            print(
                f"{title:<10}{cost.seconds:>10,.0f}{cost.processor:>14,.0f}{cost.megabytes:>10,.0f}",
                flush=True,
            )
        seconds = json.loads((folder / "run" / "metrics.json").read_text())["seconds"]
        print("\ntrain: " + ", ".join(f"{stage} {value:,.0f} s" for stage, value in seconds.items()))


if __name__ == "__main__":
    main()
