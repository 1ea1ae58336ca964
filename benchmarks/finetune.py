"""Fine-tuning: textune compared with `transformers.Trainer`, with the same model, data and epochs.

textune trains twice: all layers, as `Trainer` does, and then the upper half of them, as the recipe `full`
does. The peer is `Trainer` as its documentation shows it: its own defaults except batches of 16, padded to
the longest text, in fp32 on a CPU. Checkpoints are turned off for `Trainer` but not for textune. Each
training is its own process. Contestants take turns, with one seed per turn. Speed and memory are medians
over the turns, and quality is a mean. Then the same is done with an encoder of DistilBERT's size and random
weights, to measure speed alone.

    python benchmarks/finetune.py [--data FOLDER] [--model embedded:minilm] [--epochs 3] [--turns 3]

Seconds are those of training: `Trainer.train()`, and textune's stages plan, features and train.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

REPOSITORY = Path(__file__).parent.parent
TWEETEVAL = Path(os.environ.get("TEXTUNE_TWEETEVAL", REPOSITORY.parent / "shared" / "tweeteval"))
TRAINER, ALL, FULL = "Trainer, batches of 16", "textune, all layers trained", "textune, recipe full"
SMALL_ROWS = 640


def train_with_trainer(
    model: str, data: str, epochs: int, seed: int, out: str, *, batch_size: int = 16, bf16: bool = False
) -> dict[str, Any]:
    """Train with `Trainer`; return the seconds and the test metrics."""
    import numpy as np
    import torch
    from sklearn.metrics import f1_score
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    from textune.context import Context
    from textune.data.sources import load_source
    from textune.encoder.loading import find_model

    set_seed(seed)
    source, folder = load_source(data), find_model(model, ctx=Context(offline=True)).path
    tokenizer = AutoTokenizer.from_pretrained(folder)
    names = source.label_names
    classifier = AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=len(names), dtype=torch.float32
    )
    tokens = source.to_dataset_dict().map(lambda rows: tokenizer(rows["text"], truncation=True), batched=True)
    arguments = TrainingArguments(
        output_dir=out,
        num_train_epochs=epochs,
        per_device_train_batch_size=batch_size,
        bf16=bf16,
        use_cpu=not torch.cuda.is_available(),
        seed=seed,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    trainer = Trainer(
        classifier, arguments, train_dataset=tokens["train"], data_collator=DataCollatorWithPadding(tokenizer)
    )
    seconds = trainer.train().metrics["train_runtime"]
    logits = torch.from_numpy(trainer.predict(tokens["test"]).predictions).double()
    labels = np.array(list(tokens["test"]["label"]))
    predicted = logits.argmax(dim=1).numpy()
    return {
        "seconds": seconds,
        "rows": len(tokens["train"]),
        "accuracy": float((predicted == labels).mean()),
        "macro_f1": float(f1_score(labels, predicted, average="macro")),
        "log_loss": float(torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels))),
    }


def train_with_textune(
    model: str, data: str, epochs: int, seed: int, out: str, settings: list[str]
) -> dict[str, Any]:
    """Train with textune; return the seconds and the test metrics."""
    import textune

    settings = [f"train.num_train_epochs={epochs}", "evaluate.baselines=false", *settings]
    document = textune.train("full", model=model, data=data, out=out, seed=seed, settings=settings).document
    test, seconds = document["metrics"]["test"], document["seconds"]
    return {
        "seconds": sum(seconds[stage] for stage in ("plan", "features", "train")),
        "rows": document["metrics"]["train"]["examples"],
        "accuracy": test["accuracy"],
        "macro_f1": test["macro_f1"],
        "log_loss": test["log_loss"],
    }


def run_contestant(options: argparse.Namespace) -> None:
    """Train as one contestant, in this process, and print its results as JSON."""
    arguments = (options.model, options.data, options.epochs, options.seed, options.out)
    if options.contestant == TRAINER:
        result = train_with_trainer(*arguments)
    else:
        settings = ["model.frozen_layers=0"] if options.contestant == ALL else []
        result = train_with_textune(*arguments, settings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps({**result, "peak_megabytes": peak}))


def take_turns(model: str, data: str, *, epochs: int, turns: int) -> dict[str, list[dict[str, Any]]]:
    """Let each contestant train once per turn; return the results of each."""
    results: dict[str, list[dict[str, Any]]] = {TRAINER: [], ALL: [], FULL: []}
    for seed in range(turns):
        for contestant, turned in results.items():
            with tempfile.TemporaryDirectory() as folder:
                command = [
                    sys.executable,
                    __file__,
                    "--contestant",
                    contestant,
                    "--model",
                    model,
                    "--data",
                    data,
                ]
                command += ["--epochs", str(epochs), "--seed", str(seed), "--out", f"{folder}/run"]
                environment = {**os.environ, "TEXTUNE_CACHE": f"{folder}/cache"}
                finished = subprocess.run(
                    command, check=True, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
                )
            turned.append(json.loads(finished.stdout.splitlines()[-1]))
            print(f"  seed {seed}, {contestant}: {turned[-1]['seconds']:.1f} s", file=sys.stderr)
    return results


def show(results: dict[str, list[dict[str, Any]]], *, epochs: int, quality: bool) -> None:
    """Print one line per contestant."""
    columns = f"{'':<44}{'texts/s':>8}{'ratio':>7}{'seconds':>9}{'peak MB':>9}"
    print(columns + (f"{'accuracy':>10}{'macro-F1':>10}{'log loss':>10}" if quality else ""))
    peer = 0.0
    for name, turns in results.items():
        seconds = statistics.median(turn["seconds"] for turn in turns)
        rate = epochs * turns[0]["rows"] / seconds
        peer = peer or rate
        peak = statistics.median(turn["peak_megabytes"] for turn in turns)
        line = f"{name:<44}{rate:>8,.1f}{rate / peer:>7.2f}{seconds:>9,.1f}{peak:>9,.0f}"
        if quality:
            mean = {key: statistics.mean(turn[key] for turn in turns) for key in turns[0]}
            line += f"{mean['accuracy']:>10.1%}{mean['macro_f1']:>10.1%}{mean['log_loss']:>10.3f}"
        print(line, flush=True)


def build_random_distilbert(folder: Path) -> str:
    """Write an encoder of DistilBERT's size with random weights, and return its folder."""
    import torch
    from transformers import AutoTokenizer, DistilBertConfig, DistilBertModel

    from textune.context import Context
    from textune.encoder.loading import find_model

    torch.manual_seed(0)
    DistilBertModel(DistilBertConfig()).save_pretrained(folder)
    AutoTokenizer.from_pretrained(
        find_model("embedded:minilm", ctx=Context(offline=True)).path
    ).save_pretrained(folder)
    return str(folder)


def write_small_data(data: str, folder: Path) -> str:
    """Write the first rows of a data set, and return their folder."""
    from textune.data.sources import load_source

    dataset = load_source(data).to_dataset_dict()
    folder.mkdir()
    for split, rows in dataset.items():
        count = min(len(rows), SMALL_ROWS if split == "train" else 64)
        rows.select(range(count)).to_parquet(folder / f"{split}.parquet")
    return str(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", default=str(TWEETEVAL / "emotion"))
    parser.add_argument("--model", default="embedded:minilm")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--contestant", default="", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--out", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contestant:
        run_contestant(options)
        return
    import torch
    import transformers

    cpu = torch.cpu.get_capabilities().get("cpu_name", platform.machine())
    print(
        f"{cpu}, {os.cpu_count()} cores, torch {torch.__version__}, transformers {transformers.__version__}"
    )
    print(
        f"{options.turns} turns, one seed each\n\n"
        f"{options.model} on {options.data}, {options.epochs} epochs\n"
    )
    show(
        take_turns(options.model, options.data, epochs=options.epochs, turns=options.turns),
        epochs=options.epochs,
        quality=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        model = build_random_distilbert(Path(folder) / "model")
        data = write_small_data(options.data, Path(folder) / "data")
        print(f"\nan encoder of DistilBERT's size with random weights, {SMALL_ROWS} texts, 1 epoch\n")
        show(take_turns(model, data, epochs=1, turns=options.turns), epochs=1, quality=False)


if __name__ == "__main__":
    main()
