"""Long texts: does a run find a sentence anywhere in 3,000 words, and does memory depend on the length?

The texts are posts of the shipped sample in random order, with one sentence about a refund or a parcel in
each: at the start of one half, anywhere in the other. Two runs are trained on the same texts, one that cuts
them and one that reads windows. Each then classifies new texts whose sentence stands at the start, and others
whose sentence stands anywhere behind what `cut` reads.

Memory is that of processes of their own, each of which classifies one text of so many words.

    python benchmarks/long_texts.py [--words 3000] [--texts 600] [--window 64] [--memory 3000 100000]
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import textune
from textune.context import Context
from textune.data.sources import load_dataset
from textune.recipe.settings import DataSettings

PLANTED = {
    "refund": [
        "I want my money back for the broken kettle.",
        "Please refund the order, the lamp never worked.",
        "The shop has to return what I paid for the toaster.",
    ],
    "parcel": [
        "The parcel is stuck at the depot in Leeds.",
        "My package has not arrived for two weeks.",
        "The courier left the box at the wrong door.",
    ],
}
WINDOWS = ["prepare.long_texts=windows", "prepare.window_overlap=16", "prepare.window_pooling=attention"]


def sample_posts() -> list[str]:
    data = load_dataset(DataSettings(source="sample:emotion"), Context())
    return [text for split in data for text in data[split].texts]


def long_texts(
    posts: list[str], count: int, words: int, *, seed: int, first_post: int = 0, last_post: int | None = None
) -> tuple[list[str], list[str]]:
    """Return texts with a sentence before a post of these numbers, by default any, and their labels."""
    chooser = random.Random(seed)
    labels = [sorted(PLANTED)[number % len(PLANTED)] for number in range(count)]
    texts = []
    for label in labels:
        parts, length = list[str](), 0
        while length < words:
            parts.append(chooser.choice(posts))
            length += len(parts[-1].split())
        place = chooser.randint(first_post, len(parts) if last_post is None else last_post)
        texts.append(" ".join([*parts[:place], chooser.choice(PLANTED[label]), *parts[place:]]))
    return texts, labels


def share_found(run: Path, rows: tuple[list[str], list[str]]) -> float:
    predictions = textune.predict(run, rows[0], runtime="torch")
    return sum(row.label == label for row, label in zip(predictions, rows[1], strict=True)) / len(rows[1])


def measure_finding(options: argparse.Namespace, folder: Path) -> Path:
    """Print the share of texts whose sentence is found, and return the run that reads windows."""
    posts, words = sample_posts(), options.words
    data = {}
    for seed, (split, count) in enumerate(
        {"train": options.texts, "validation": options.texts // 2, "test": options.texts // 3}.items()
    ):
        first = long_texts(posts, count // 2, words, seed=seed, last_post=0)
        anywhere = long_texts(posts, count // 2, words, seed=seed + 3)
        data[split] = (first[0] + anywhere[0], first[1] + anywhere[1])
    at_start = long_texts(posts, options.texts // 3, words, seed=10, last_post=0)
    # Posts have 16 words on average: ten of them are more than a window.
    behind = long_texts(posts, options.texts // 3, words, seed=11, first_post=max(10, options.window // 6))
    print(
        f"{'':>10}{'at the start':>15}{'behind it':>15}   of {len(behind[1])} texts of {words:,} words each"
    )
    for name, settings in {"cut": [], "windows": WINDOWS}.items():
        run = textune.train(
            "frozen",
            model="embedded:minilm",
            data=data,
            out=folder / name,
            settings=[f"prepare.max_length={options.window}", "evaluate.baselines=false", *settings],
        ).run
        print(f"{name:>10}{share_found(run, at_start):>15.1%}{share_found(run, behind):>15.1%}", flush=True)
    return run


def measure_memory(run: Path, words: int) -> None:
    """Print the peak memory of a process that classifies one text of so many words."""
    command = [sys.executable, __file__, "--one-text", str(run), "--words", str(words)]
    peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    print(f"{words:>9,} words: {peak} MB at most", flush=True)


def classify_one(run: Path, words: int) -> None:
    """Classify one text, and print this process's peak memory in MB."""
    (text,), _ = long_texts(sample_posts(), 1, words, seed=0)
    textune.predict(run, [text], runtime="torch")
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--words", type=int, default=3000)
    parser.add_argument("--texts", type=int, default=600, help="training texts")
    parser.add_argument("--window", type=int, default=64, help="tokens that are read at once")
    parser.add_argument(
        "--memory", type=int, nargs="*", default=[3000, 100_000], help="words of single texts"
    )
    parser.add_argument("--one-text", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one_text:
        classify_one(Path(options.one_text), options.words)
        return
    with tempfile.TemporaryDirectory() as folder:
        run = measure_finding(options, Path(folder))
        for words in options.memory:
            measure_memory(run, words)


if __name__ == "__main__":
    main()
