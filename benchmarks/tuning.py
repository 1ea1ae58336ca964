"""Whether a search keeps what it promises, on resampled training rows: a table, a line per seed.

    python benchmarks/tuning.py DATA [--seeds 20] [--rows 0.8] [--trials 200] [--max-minutes 10]
        [--results FILE] [--set section.key=value ...]

For each seed, a share of the rows of train and of validation is drawn, stratified by class. `textune tune`
searches on them, and the recipe `frozen` is trained on them as it is. Both are measured on all test rows, and
their difference has textune's paired interval. `below` counts the seeds whose interval lies below 0, `above`
those whose interval lies above.

The optimism that the search reports is the best trial's cross-validated score minus the nested one. The
optimism that test shows is what the best trial gains on the folds minus what it gains on test, each over the
default: both measure what the search saw in its folds, and new texts do not have. It has no answer where the
default stays.

Results go to a JSON Lines file, so a benchmark that was stopped goes on where it was. Those of other data or
options stand in the file as well, and are not counted. With `--shuffle`, each
seed's labels are shuffled instead, and the table shows whether the search says that nothing beats the
majority class.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import textune
from textune.context import Context
from textune.data.dataset import Dataset, Split
from textune.data.sources import load_dataset
from textune.evaluation.comparison import compare_probabilities
from textune.evaluation.metrics import METRICS, headline_metrics
from textune.recipe.recipes import resolve_recipe
from textune.run.predictions import read_predictions

KEYS = [metric.key for metric in headline_metrics()]
Rows = tuple[list[Any], list[str]]


def drawn(split: Split, names: Sequence[str], share: float, chooser: random.Random) -> Rows:
    """Return a share of the rows of each class, with the names of their labels."""
    by_class = defaultdict(list)
    for row, label in enumerate(split.labels.tolist()):
        by_class[label].append(row)
    rows = sorted(
        row
        for of_class in by_class.values()
        for row in chooser.sample(of_class, max(2, round(share * len(of_class))))
    )
    return [split.texts[row] for row in rows], [names[split.labels[row]] for row in rows]


def resampled(dataset: Dataset, seed: int, share: float, *, shuffle: bool) -> dict[str, Rows]:
    """Return the splits of one seed: parts of train and validation, and all of test."""
    chooser, names = random.Random(seed), dataset.label_names
    shares = {"train": share, "validation": share, "test": 1.0}
    splits = {name: drawn(dataset[name], names, of_split, chooser) for name, of_split in shares.items()}
    if shuffle:
        for _, labels in splits.values():
            chooser.shuffle(labels)
    return splits


def asked(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options on which a seed's result depends."""
    names = ("data", "settings", "model", "rows", "trials", "max_minutes", "shuffle")
    return {name: getattr(options, name) for name in names}


def measure(dataset: Dataset, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Return what a seed's search and its default show on test."""
    splits = resampled(dataset, seed, options.rows, shuffle=options.shuffle)
    settings = ["evaluate.baselines=false", "evaluate.bootstrap_samples=200"]
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        tuned = textune.tune(
            splits,
            model=options.model,
            out=Path(folder, "tuned"),
            trials=options.trials,
            max_minutes=options.max_minutes,
            seed=seed,
            settings=settings,
        )
        seconds = time.perf_counter() - start
        default = textune.train(
            "frozen",
            model=options.model,
            data=splits,
            out=Path(folder, "default"),
            seed=seed,
            settings=settings,
        )
        first, second = (
            read_predictions(result.run / "predictions" / "test.parquet") for result in (tuned, default)
        )
    comparison = compare_probabilities(first.probabilities, second.probabilities, first.labels)
    return {
        "asked": asked(options),
        "seed": seed,
        "trials": len(tuned.tuning["trials"]),
        "search_seconds": round(tuned.metrics.to_json()["seconds"]["search"], 1),
        "seconds": round(seconds, 1),
        "leaves_default": tuned.tuning["chosen"] != 0,
        "beats_majority": tuned.tuning["over_majority"]["clear"],
        "folds": {key: tuned.tuning["scores"][key] for key in KEYS},
        "test": {
            key: {"tuned": value.first, "default": value.second, "ci95": list(value.ci95)}
            for key, value in comparison.differences.items()
        },
    }


def optimism_on_test(result: dict[str, Any], key: str) -> float:
    """Return what the folds promise of the chosen trial over the default, and test does not show."""
    folds, test = result["folds"][key], result["test"][key]
    gain = (folds["best"] - folds["default"]) - (test["tuned"] - test["default"])
    return float(gain if METRICS[key].direction == "higher" else -gain)


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the results as a Markdown table, a line per metric."""
    trials, seconds = (np.median([each[key] for each in results]) for key in ("trials", "search_seconds"))
    lines = [
        f"{len(results)} seeds: the default was left in {sum(each['leaves_default'] for each in results)}, "
        f"and {sum(not each['beats_majority'] for each in results)} say that nothing beats the majority.",
        f"{trials:.0f} trials in {seconds:.0f} s (medians).",
        "",
        "| test | default | tuned | below | above | optimism, reported | optimism, on test |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for key in KEYS:
        metric, of_metric = METRICS[key], [result["test"][key] for result in results]
        sign = 1 if metric.direction == "higher" else -1
        ends = np.array([sorted(sign * end for end in each["ci95"]) for each in of_metric])
        left = [result for result in results if result["leaves_default"]]
        reported = np.mean([result["folds"][key]["optimism"] for result in left]) if left else np.nan
        shown = np.mean([optimism_on_test(result, key) for result in left]) if left else np.nan
        lines.append(
            f"| {metric.title} | {metric.write(float(np.mean([each['default'] for each in of_metric])))} "
            f"| {metric.write(float(np.mean([each['tuned'] for each in of_metric])))} "
            f"| {(ends[:, 1] < 0).sum()} | {(ends[:, 0] > 0).sum()} "
            f"| {metric.number(float(reported), sign=True)} | {metric.number(float(shown), sign=True)} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--model", default="embedded:minilm")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--rows", type=float, default=0.8, help="the share of rows that a seed draws")
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--max-minutes", type=float, default=10.0)
    parser.add_argument("--shuffle", action="store_true", help="shuffle the labels")
    parser.add_argument("--results", type=Path, default=Path(".bench/tuning.jsonl"))
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="data.key=value")
    options = parser.parse_args()
    recipe = resolve_recipe(
        "frozen", model=options.model, data=options.data, seed=0, settings=options.settings
    )
    dataset = load_dataset(recipe.data, Context(None, True), None)
    results = []
    options.results.parent.mkdir(parents=True, exist_ok=True)
    if options.results.exists():
        stored = [json.loads(line) for line in options.results.read_text(encoding="utf-8").splitlines()]
        results = [result for result in stored if result.get("asked") == asked(options)]
    for seed in range(options.seeds):
        if seed not in {result["seed"] for result in results}:
            results.append(measure(dataset, seed, options))
            with options.results.open("a", encoding="utf-8") as file:
                print(json.dumps(results[-1]), file=file)
            print(json.dumps(results[-1]["test"]["accuracy"]), flush=True)
    print(table(results))


if __name__ == "__main__":
    main()
