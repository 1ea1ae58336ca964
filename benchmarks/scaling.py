"""What more data costs: seconds and peak memory of whole trainings with 1, 4 and 16 times the rows.

Each new row joins the first words of one text and the last words of another of the same class, so lengths
stay as they are and no text occurs twice. Such rows measure speed, and say nothing about quality. Validation
and test stay as they are. `full` trains for one epoch.

    python benchmarks/scaling.py [--data FOLDER] [--model NAME] [--recipes full ...] [--factors 1 4 16]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parent.parent
TWEETEVAL = Path(os.environ.get("TEXTUNE_TWEETEVAL", REPOSITORY.parent / "shared" / "tweeteval"))
SETTINGS = {"paper": [], "frozen": [], "full": ["--set", "train.num_train_epochs=1"]}


def grow(texts: list[str], labels: list[int], factor: int) -> tuple[list[str], list[int]]:
    """Return the rows, followed by made-up ones, so that there are `factor` times as many."""
    draw = random.Random(0)
    by_class: dict[int, list[str]] = {}
    for text, label in zip(texts, labels, strict=True):
        by_class.setdefault(label, []).append(text)
    new_texts, new_labels = list(texts), list(labels)
    for _ in range(factor - 1):
        for text, label in zip(texts, labels, strict=True):
            words, others = text.split(), draw.choice(by_class[label]).split()
            cut = draw.randrange(len(words)) if words else 0
            new_texts.append(" ".join([*words[:cut], *others[cut:], f"#{draw.randrange(10**6)}"]))
            new_labels.append(label)
    return new_texts, new_labels


def write_grown(source: str, factor: int, folder: Path) -> int:
    """Write a data set with a larger training split; return how many training rows it has."""
    from datasets import Dataset

    from textune.data.sources import load_source

    dataset = load_source(source)
    names = dataset.label_names
    folder.mkdir()
    for split, rows in dataset.items():
        texts, labels = list(rows.texts), rows.labels.tolist()
        if split == "train":
            texts, labels = grow(texts, labels, factor)
            count = len(texts)
        table = {"text": texts, "label": [names[label] for label in labels]}
        Dataset.from_dict(table).to_parquet(folder / f"{split}.parquet")
    return count


def train(recipe: str, data: str, model: str, folder: Path) -> dict[str, Any]:
    """Train in a process; return seconds of training and of the whole, and the peak memory in MB."""
    out = folder / recipe
    command = [sys.executable, "-m", "textune", "train", "--recipe", recipe, "--json", *SETTINGS[recipe]]
    command += ["--model", model, "--data", data, "--out", str(out)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TEXTUNE_CACHE": str(folder / "cache")}
    start = time.perf_counter()
    log = folder / "log"
    with log.open("w") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(log.read_text()[-2000:])
    seconds = json.loads((out / "metrics.json").read_text())["seconds"]
    return {
        "train": sum(seconds.get(stage, 0.0) for stage in ("plan", "features", "train")),
        "whole": time.perf_counter() - start,
        "peak": usage.ru_maxrss / 1000,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", default=str(TWEETEVAL / "emotion"))
    parser.add_argument("--model", default="embedded:minilm")
    parser.add_argument("--recipes", nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--factors", type=int, nargs="+", default=[1, 4, 16])
    options = parser.parse_args()
    import torch

    cpu = torch.cpu.get_capabilities().get("cpu_name", platform.machine())
    print(f"{cpu}, {os.cpu_count()} cores, torch {torch.__version__}\n")
    print(f"{'recipe':<10}{'rows':>10}{'train s':>10}{'texts/s':>10}{'whole s':>10}{'peak MB':>10}")
    for recipe in options.recipes:
        for factor in options.factors:
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                rows = write_grown(options.data, factor, folder / "data")
                cost = train(recipe, str(folder / "data"), options.model, folder)
            print(
                f"{recipe:<10}{rows:>10,}{cost['train']:>10,.1f}{rows / cost['train']:>10,.0f}"
                f"{cost['whole']:>10,.1f}{cost['peak']:>10,.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
