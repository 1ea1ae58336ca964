"""Encoding throughput: the frozen prefix compared with plain transformers, on the same texts and weights.

The peer is what transformers' documentation shows: `AutoModel` in fp32, batches of 32 in file order, padded
to the longest text of the batch. Both tokenize. They take turns, and each number is the median of the turns.

    python benchmarks/encode.py [--texts FILE] [--model embedded:minilm] [--turns 5]

Without --texts, it reads all splits of TweetEval's emotion task (see CONTRIBUTING.md) or of the sample.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from transformers import AutoModel

from textune.context import Context
from textune.encoder.loading import find_model, load_encoder, load_tokenizer
from textune.encoder.placement import Placement, choose_placement
from textune.encoder.prefix import Pooling, encode

REPOSITORY = Path(__file__).parent.parent


def read_texts(file: str) -> tuple[list[str], str]:
    root = Path(os.environ.get("TEXTUNE_TWEETEVAL", REPOSITORY.parent / "shared" / "tweeteval")) / "emotion"
    if file:
        return Path(file).read_text(encoding="utf-8").split("\n")[:-1], file
    if root.is_dir():
        lines = [
            (root / f"{split}_text.txt").read_text(encoding="utf-8") for split in ("train", "val", "test")
        ]
        return [line for text in lines for line in text.split("\n")[:-1]], "TweetEval emotion"
    from textune.data.sources import load_source

    dataset = load_source("sample:emotion")
    return [text for split in dataset.values() for text in split.texts], "sample:emotion"


def encode_plainly(model: AutoModel, tokenizer: object, texts: list[str]) -> None:
    with torch.inference_mode():
        for start in range(0, len(texts), 32):
            batch = tokenizer(texts[start : start + 32], padding=True, truncation=True, return_tensors="pt")
            model(**batch)


def encode_with_prefix(encoder: object, tokenizer: object, texts: list[str], placement: Placement) -> None:
    rows = tokenizer(texts, truncation=True)["input_ids"]
    encode(
        encoder,
        rows,
        pooling=Pooling("mean", (-5, -3, -1)),
        padding_id=tokenizer.pad_token_id,
        placement=placement,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--texts", default="", help="a file with one text per line")
    parser.add_argument("--model", default="embedded:minilm")
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    texts, source = read_texts(options.texts)
    folder = find_model(options.model, ctx=Context(offline=True))
    tokenizer, placement = load_tokenizer(folder), choose_placement()
    plain = AutoModel.from_pretrained(folder.path, dtype=torch.float32).eval()
    encoder = load_encoder(folder)
    contestants = {
        "AutoModel, fp32, batches of 32 in file order": lambda: encode_plainly(plain, tokenizer, texts),
        f"textune, {placement.precision}, sorted by length": lambda: encode_with_prefix(
            encoder, tokenizer, texts, placement
        ),
        "textune, fp32, sorted by length": lambda: encode_with_prefix(
            encoder, tokenizer, texts, Placement("cpu", "fp32", placement.attention)
        ),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(options.turns):
        for name, run in contestants.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    rates = {name: len(texts) / statistics.median(turns) for name, turns in seconds.items()}
    peer = next(iter(rates.values()))
    cpu = torch.cpu.get_capabilities().get("cpu_name", platform.machine())
    print(f"{len(texts):,} texts of {source}, {options.model}, medians of {options.turns} turns")
    print(f"{cpu}, {torch.get_num_threads()} threads, torch {torch.__version__}\n")
    print(f"{'':<46} {'texts/s':>8} {'ratio':>6}")
    for name, rate in rates.items():
        print(f"{name:<46} {rate:>8,.0f} {rate / peer:>6.2f}")


if __name__ == "__main__":
    main()
