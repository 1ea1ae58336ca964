"""The device of this machine: prediction and training beside transformers, on a GPU or, small, on a CPU.

It needs textune's wheel with what that depends on, and no connection. Each row is a peer or textune, and
takes turns with the others of its table until the time of the table is over; numbers are medians. "CPU
seconds" are those of all cores, and "of them system" those that the system spent: cores that wait actively
show there. A row that fails says why, and the others go on.

    python benchmarks/device.py [--minutes 7] [--model embedded:minilm] [--data FOLDER] [--turns 3]

Without the packages of the model, an encoder of its size with random weights is measured: the speed is the
same, the quality means nothing. Without --data, the texts are TweetEval's emotion task (see CONTRIBUTING.md)
or the sample. On a GPU, 60,624 texts are classified and all rows trained on; on a CPU, 600 and 160.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers

import textune
from textune.data.sources import load_source
from textune.encoder.loading import find_model
from textune.encoder.memory import keep_memory_low
from textune.errors import TextuneError
from textune.prediction.stream import TextRow, predict_rows
from textune.runtimes.choosing import load_predictor
from textune.runtimes.processor import available_cores, processor_name

REPOSITORY = Path(__file__).parent.parent
TWEETEVAL = Path(os.environ.get("TEXTUNE_TWEETEVAL", REPOSITORY.parent / "shared" / "tweeteval")) / "emotion"
ON_GPU = torch.cuda.is_available()
TEXTS_ON_GPU, TEXTS_ON_CPU = 60_624, 600
ROWS_ON_CPU = 160
SHARES = {"predict": 0.35, "train": 0.4}
"""The share of the time that each table may take; the last one takes what is left."""
COLUMNS = (
    "texts/s", "ratio to the best peer", "seconds", "CPU seconds", "of them system", "macro-F1", "turns"
)  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What one turn took: seconds, CPU seconds of all cores, those of the system; and macro-F1, if known."""

    seconds: float
    cpu: float
    system: float
    macro_f1: float | None = None


def measured(work: Callable[[], Any]) -> Cost:
    """Return what a call costs; it may return the seconds that count, and macro-F1."""
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    with redirect_stdout(sys.stderr):  # Trainer prints, and only the tables belong to the output.
        result = work()
    if ON_GPU:
        torch.cuda.synchronize()
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    seconds, macro_f1 = result if isinstance(result, tuple) else (seconds, None)
    return Cost(seconds, user + system, system, macro_f1)


def take_turns(
    rows: dict[str, Callable[[], Any]], *, texts: int, turns: int, seconds: float, title: str
) -> None:
    """Measure rows in turns for about so many seconds, and print a table; the best peer is the ratio's 1."""
    deadline, costs, failures = time.perf_counter() + seconds, dict[str, list[Cost]](), dict[str, str]()
    for turn in range(turns):
        for name, work in rows.items():
            if name in failures or (turn and time.perf_counter() > deadline):
                continue
            try:
                costs.setdefault(name, []).append(measured(work))
                print(f"  {name}: {costs[name][-1].seconds:.1f} s", file=sys.stderr)
            except Exception as error:
                failures[name] = str(error).partition("\n")[0][:90]
            gc.collect()
            if ON_GPU:
                torch.cuda.empty_cache()
    rates = {
        name: texts / statistics.median(cost.seconds for cost in row) for name, row in costs.items() if row
    }
    best = max((rate for name, rate in rates.items() if not name.startswith("textune")), default=float("nan"))
    print(f"\n{title}\n")
    print(f"| | {' | '.join(COLUMNS)} |")
    print(f"|{' --- |' * (len(COLUMNS) + 1)}")
    for name in rows:
        if name not in rates:
            print(f"| {name} | {failures.get(name, 'no time left')} | | | | | | |")
            continue
        row = costs[name]
        middle = {
            key: statistics.median(getattr(cost, key) for cost in row) for key in ("seconds", "cpu", "system")
        }
        quality = f"{row[0].macro_f1:.1%}" if row[0].macro_f1 is not None else ""
        print(
            f"| {name} | {rates[name]:,.0f} | {rates[name] / best:.2f} | {middle['seconds']:,.2f} | "
            f"{middle['cpu']:,.1f} | {middle['system']:,.1f} | {quality} | {len(row)} |"
        )
    sys.stdout.flush()


def build_encoder(folder: Path, texts: Sequence[str], *, layers: int, width: int) -> str:
    """Write a BERT with random weights and a tokenizer of the texts' words; return its folder."""
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    words = BertWordPieceTokenizer(lowercase=True)
    words.train_from_iterator(texts, vocab_size=30_522, show_progress=False)
    folder.mkdir()
    words.save_model(str(folder))
    torch.manual_seed(0)
    config = BertConfig(
        hidden_size=width, num_hidden_layers=layers, num_attention_heads=12, intermediate_size=4 * width
    )
    BertModel(config).save_pretrained(folder)
    tokenizer = BertTokenizerFast(vocab_file=str(folder / "vocab.txt"), model_max_length=512)
    tokenizer.save_pretrained(folder)
    return str(folder)


def write_rows(data: str, folder: Path, *, rows: int) -> str:
    """Write a data set of which train has at most so many rows, and test as many; return its folder."""
    folder.mkdir()
    for split, table in load_source(data).to_dataset_dict().items():
        table.select(range(min(len(table), rows))).to_parquet(folder / f"{split}.parquet")
    return str(folder)


def prediction_rows(run: Path, texts: Sequence[str]) -> dict[str, Callable[[], Any]]:
    """Return what classifies, by name, loaded and warm."""
    device = "cuda" if ON_GPU else "cpu"

    def pipeline(dtype: torch.dtype, batch_size: int) -> Callable[[], Any]:
        classify = transformers.pipeline(
            "text-classification", model=str(run / "model"), device=device, dtype=dtype
        )
        classify(list(texts[:64]), batch_size=batch_size, truncation=True)
        return lambda: classify(list(texts), batch_size=batch_size, truncation=True)

    predictor = load_predictor(run, runtime="torch")
    rows = [TextRow(text, {}) for text in texts]
    list(predict_rows(predictor, rows[:4096]))
    return {
        "transformers pipeline, fp32, batches of 32": pipeline(torch.float32, 32),
        "transformers pipeline, bf16, batches of 256": pipeline(torch.bfloat16, 256),
        f"textune predict, fp32 on {predictor.device}": lambda: list(predict_rows(predictor, rows)),
        "textune, tokenizing alone": lambda: [
            predictor.tokenize(texts[start : start + 4096]) for start in range(0, len(texts), 4096)
        ],
    }


def training_rows(
    model: str, data: str, folder: Path, *, epochs: int, recipe_full: bool
) -> dict[str, Callable[[], Any]]:
    """Return the trainings, by name; each returns its seconds and macro-F1 on test."""

    def with_trainer(*, bf16: bool, batch_size: int) -> Callable[[], Any]:
        from finetune import train_with_trainer

        def train() -> tuple[float, float]:
            with tempfile.TemporaryDirectory(dir=folder) as out:
                result = train_with_trainer(
                    model, data, epochs, seed=0, out=out, batch_size=batch_size, bf16=bf16
                )
            return result["seconds"], result["macro_f1"]

        return train

    def with_textune(*settings: str) -> Callable[[], Any]:
        from finetune import train_with_textune

        def train() -> tuple[float, float]:
            with tempfile.TemporaryDirectory(dir=folder) as out:
                result = train_with_textune(model, data, epochs, 0, f"{out}/run", list(settings))
            return result["seconds"], result["macro_f1"]

        return train

    rows = {
        "Trainer, fp32, batches of 16": with_trainer(bf16=False, batch_size=16),
        "Trainer, bf16, batches of 32": with_trainer(bf16=True, batch_size=32),
        "textune, all layers": with_textune("model.frozen_layers=0"),
    }
    return rows | ({"textune, recipe full": with_textune()} if recipe_full else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=7.0)
    parser.add_argument("--model", default="embedded:minilm")
    parser.add_argument("--data", default="")
    parser.add_argument("--rows", type=int, default=0, help="train on this many rows; 0: all on a GPU")
    parser.add_argument("--texts", type=int, default=0, help="classify this many texts; 0: as said above")
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    keep_memory_low()
    seconds, start = 60 * options.minutes, time.perf_counter()
    data = options.data or (str(TWEETEVAL) if TWEETEVAL.is_dir() else "sample:emotion")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["TEXTUNE_CACHE"] = str(folder / "cache")
        source = load_source(data)
        own = [str(text) for split in source.values() for text in split.texts]
        count = options.texts or (TEXTS_ON_GPU if ON_GPU else TEXTS_ON_CPU)
        texts = (own * (count // len(own) + 1))[:count]
        rows = options.rows or (len(own) if ON_GPU else ROWS_ON_CPU)
        data = write_rows(data, folder / "data", rows=rows)
        model = options.model
        try:
            find_model(model)
        except TextuneError:
            model = build_encoder(folder / "narrow", own, layers=6, width=384)
        wide = build_encoder(folder / "wide", own, layers=12, width=768)
        trained = len(load_source(data)["train"])
        device = torch.cuda.get_device_name() if ON_GPU else processor_name()
        print(f"{device}, {available_cores()} cores, torch {torch.__version__}, ", end="")
        print(f"transformers {transformers.__version__}, textune {textune.__version__}")
        settings = ["train.num_train_epochs=1", "evaluate.baselines=false"]
        run = textune.train("full", model=model, data=data, out=folder / "run", settings=settings).run
        take_turns(
            prediction_rows(Path(run), texts),
            texts=len(texts),
            turns=options.turns,
            seconds=SHARES["predict"] * seconds,
            title=f"{len(texts):,} texts classified, {options.model}, after loading",
        )
        epochs = 3 if ON_GPU else 1
        kind = options.model if model == options.model else "6 layers of width 384, random weights"
        take_turns(
            training_rows(model, data, folder, epochs=epochs, recipe_full=True),
            texts=epochs * trained,
            turns=options.turns,
            seconds=SHARES["train"] * seconds,
            title=f"{trained:,} texts trained on, {epochs} {'epochs' if epochs > 1 else 'epoch'}, {kind}",
        )
        left = seconds - (time.perf_counter() - start)
        if left <= 0:
            print("\nNo time is left for 12 layers of width 768.")
            return
        take_turns(
            training_rows(wide, data, folder, epochs=1, recipe_full=False),
            texts=trained,
            turns=1,
            seconds=left,
            title=f"{trained:,} texts trained on, 1 epoch, 12 layers of width 768, random weights",
        )


if __name__ == "__main__":
    main()
