"""Bulk prediction: every runtime compared with transformers' pipeline, on the same texts and weights.

The peer is what transformers' documentation shows: `pipeline("text-classification", batch_size=32)` on the
run's own folder, which loads in plain transformers. All read the same texts, and tokenizing counts. They take
turns, and each number is the median of the turns. Without --run, a run is trained first, for a single epoch:
the speed of a model does not depend on its quality.

    python benchmarks/predict.py [--run RUN] [--texts FILE] [--turns 3] [--limit N]

RUN is a run with a stock head. Without --texts, the texts are the test split of TweetEval's emotion task (see
CONTRIBUTING.md) or of the sample.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from transformers import pipeline

import textune
from textune.runtimes.choosing import load_predictor
from textune.runtimes.processor import available_cores, computes_in_bf16, processor_name

REPOSITORY = Path(__file__).parent.parent
TWEETEVAL = Path(os.environ.get("TEXTUNE_TWEETEVAL", REPOSITORY.parent / "shared" / "tweeteval")) / "emotion"
EXPORTS = [("onnx", {}), ("onnx", {"int8": True}), ("openvino", {}), ("openvino", {"int8": True})]


def read_texts(file: str) -> tuple[list[str], str]:
    path = Path(file) if file else TWEETEVAL / "test_text.txt"
    if path.is_file():
        name = file or "TweetEval emotion, test"
        return path.read_text(encoding="utf-8").split("\n")[:-1], name
    from textune.data.sources import load_source

    return list(load_source("sample:emotion")["test"].texts), "sample:emotion, test"


@contextmanager
def some_run(folder_of_run: str) -> Iterator[Path]:
    """Yield the run in a folder; without one, train a run and delete it afterwards."""
    if folder_of_run:
        yield Path(folder_of_run)
        return
    with tempfile.TemporaryDirectory() as folder:
        data = str(TWEETEVAL) if TWEETEVAL.is_dir() else "sample:emotion"
        settings = ["train.num_train_epochs=1", "evaluate.baselines=false"]
        yield textune.train(
            "full", model="embedded:minilm", data=data, out=Path(folder) / "run", settings=settings
        ).run


def load_contestants(run: Path, folder: Path) -> dict[str, Callable[[list[str]], object]]:
    """Return what classifies, by name, the peer first."""
    plain = pipeline("text-classification", model=str(run / "model"), device="cpu")
    contestants: dict[str, Callable[[list[str]], object]] = {
        "transformers pipeline, batch_size=32": lambda texts: plain(texts, batch_size=32, truncation=True),
        "textune, torch fp32": load_predictor(run, runtime="torch").predict_proba,
    }
    for runtime, options in [*EXPORTS, *([("openvino", {"bf16": True})] if computes_in_bf16() else [])]:
        place = folder / "-".join([runtime, *options])
        textune.export(run, runtime=runtime, out=place, force=True, **options)
        contestants[f"textune, {place.name}"] = load_predictor(place).predict_proba
    return contestants


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--run", default="", help="a finished run with a stock head")
    parser.add_argument("--texts", default="", help="a file with one text per line")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--limit", type=int, default=0, help="use only this many texts; 0 uses all")
    options = parser.parse_args()
    texts, source = read_texts(options.texts)
    texts = texts[: options.limit or None]
    with some_run(options.run) as run, tempfile.TemporaryDirectory() as folder:
        contestants = load_contestants(run, Path(folder))
        seconds: dict[str, list[float]] = {name: [] for name in contestants}
        for classify in contestants.values():
            classify(texts[:64])
        for _ in range(options.turns):
            for name, classify in contestants.items():
                start = time.perf_counter()
                classify(texts)
                seconds[name].append(time.perf_counter() - start)
    rates = {name: len(texts) / statistics.median(turns) for name, turns in seconds.items()}
    peer = next(iter(rates.values()))
    print(f"{len(texts):,} texts of {source}, medians of {options.turns} turns")
    print(f"{processor_name()}, {available_cores()} cores, torch {torch.__version__}\n")
    print(f"{'':<40} {'texts/s':>8} {'ratio':>6}")
    for name, rate in rates.items():
        print(f"{name:<40} {rate:>8,.0f} {rate / peer:>6.2f}")


if __name__ == "__main__":
    main()
