"""textune compared with other tools: same data, same encoder weights, same machine, in turns.

Contestants that need packages of their own run in environments that `make bench-peers` builds from
`requirements/`. Each training is a process. "Whole" is the time that a person waits, including imports and
prediction. "Train" is what the contestant itself counts as training. The peak is the process's resident
memory. Test metrics are those of the first seed, with 95 % bootstrap intervals. Seconds and memory are
medians over the turns; contestants that take minutes have fewer turns. Results are stored under `.bench`, so
a comparison that was stopped resumes.

    python benchmarks/peers/compare.py [--data FOLDER] [--model embedded:minilm] [--turns 3] [--slow-turns 1]
                                       [--only NAME ...] [--picture FILE.svg] [--start-over]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from picture import draw
from protocol import ENVIRONMENTS, Contestant

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
TWEETEVAL = Path(os.environ.get("TEXTUNE_TWEETEVAL", REPOSITORY.parent / "shared" / "tweeteval"))

CONTESTANTS = {
    "keras": Contestant("the study's pipeline in Keras", "keras_study.py", environment="keras", slow=True),
    "trainer-frozen": Contestant(
        "`Trainer`, frozen encoder, 15 epochs", "hf_trainer.py", "frozen", slow=True
    ),
    "trainer": Contestant("`Trainer`, its defaults", "hf_trainer.py", slow=True),
    "setfit": Contestant("SetFit, stopped after 5 minutes", "setfit_defaults.py", "300", "setfit", slow=True),
    "sentence": Contestant(
        "sentence-transformers + logistic regression", "sentence_embeddings.py", environment="setfit"
    ),
    "tfidf": Contestant("TF-IDF + logistic regression, scikit-learn's defaults", "tfidf.py"),
    "paper": Contestant("textune `paper`", "", "paper"),
    "frozen": Contestant("textune `frozen`", "", "frozen"),
    "full": Contestant("textune `full`", "", "full"),
}
PACKAGES = {
    "": ("torch", "transformers", "scikit-learn"),
    "keras": ("tensorflow", "keras", "keras-hub"),
    "setfit": ("setfit", "sentence-transformers"),
}
"""Packages whose versions are printed, by environment."""


def write_data(source: str, path: Path) -> dict[str, Any]:
    """Write a data set in the form that the contestants read, and return it."""
    from textune.data.sources import load_source

    dataset = load_source(source)
    data: dict[str, Any] = {"labels": list(dataset.label_names)}
    for split, rows in dataset.items():
        data[split] = {"text": list(rows.texts), "label": rows.labels.tolist()}
    path.write_text(json.dumps(data))
    return data


def run_once(contestant: Contestant, options: argparse.Namespace, *, seed: int, model: str) -> np.ndarray:
    """Train a contestant once, note its seconds and memory, and return its test probabilities."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        if contestant.script:
            out.mkdir()
            command = [contestant.python, str(HERE / contestant.script), "--data", options.json]
            command += [
                "--model",
                model,
                "--seed",
                str(seed),
                "--variant",
                contestant.variant,
                "--out",
                str(out),
            ]
        else:
            command = [sys.executable, "-m", "textune", "train", "--recipe", contestant.variant, "--json"]
            command += [
                "--model",
                options.model,
                "--data",
                options.data,
                "--seed",
                str(seed),
                "--out",
                str(out),
            ]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TEXTUNE_CACHE": f"{folder}/cache"}
        start = time.perf_counter()
        log = Path(folder) / "log"
        with log.open("w") as stream:
            process = subprocess.Popen(command, stdout=stream, stderr=stream, env=environment)
            _, status, usage = os.wait4(process.pid, 0)
        contestant.whole.append(time.perf_counter() - start)
        if status:
            sys.exit(f"{contestant.title} failed:\n{log.read_text()[-2000:]}")
        contestant.peak.append(usage.ru_maxrss / 1000)
        seconds, probabilities = read_result(contestant, out)
        contestant.train.append(seconds)
        return probabilities


def read_result(contestant: Contestant, out: Path) -> tuple[float, np.ndarray]:
    """Return the seconds of training and the test rows' probabilities."""
    if contestant.script:
        return json.loads((out / "seconds.json").read_text()), np.load(out / "probabilities.npy")
    import pyarrow.parquet

    seconds = json.loads((out / "metrics.json").read_text())["seconds"]
    table = pyarrow.parquet.read_table(out / "predictions" / "test.parquet")
    probabilities = np.array([list(scores.values()) for scores in table["scores"].to_pylist()])
    return sum(seconds.get(stage, 0.0) for stage in ("plan", "features", "train")), probabilities


def show(contestants: list[Contestant]) -> None:
    """Print the table, with one line per contestant."""
    print(
        "| | accuracy | macro-F1 | log loss | calibration error | train | whole | peak memory | turns |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    for each in contestants:
        metrics = each.metrics
        assert metrics
        print(
            f"| {each.title} | {metrics['accuracy']:.1%} ±{half(metrics['accuracy_ci95']):.1%} "
            f"| {metrics['macro_f1']:.1%} ±{half(metrics['macro_f1_ci95']):.1%} "
            f"| {metrics['log_loss']:.3f} ±{half(metrics['log_loss_ci95']):.3f} "
            f"| {metrics['expected_calibration_error']:.3f} "
            f"| {statistics.median(each.train):,.1f} s | {statistics.median(each.whole):,.1f} s "
            f"| {statistics.median(each.peak):,.0f} MB | {each.turns} |"
        )


def circumstances(options: argparse.Namespace) -> dict[str, str]:
    """Return what all results in one table must have in common."""
    import torch

    cpu = torch.cpu.get_capabilities().get("cpu_name", platform.machine())
    versions = []
    for environment, packages in PACKAGES.items():
        python = ENVIRONMENTS / environment / "bin" / "python" if environment else sys.executable
        program = f"from importlib.metadata import version as v; print(*map(v, {packages}))"
        printed = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout
        versions += map(" ".join, zip(packages, printed.split(), strict=True))
    return {
        "data": options.data,
        "model": options.model,
        "machine": f"{cpu}, {os.cpu_count()} cores",
        "versions": ", ".join(versions),
    }


def read_measured(path: Path, here: dict[str, str]) -> list[str]:
    """Read what earlier comparisons measured, so that this one resumes; return the days on which they did."""
    if not path.is_file():
        return []
    document = json.loads(path.read_text())
    if document["circumstances"] != here:
        sys.exit(f"{path} was measured with other data or versions, or on another machine. Add --start-over.")
    for name, measured in document["measured"].items():
        vars(CONTESTANTS[name]).update(measured)
    return list(document["days"])


def write_measured(path: Path, here: dict[str, str], days: list[str]) -> None:
    """Write what has been measured."""
    measured = {
        name: {key: vars(each)[key] for key in ("train", "whole", "peak", "metrics")}
        for name, each in CONTESTANTS.items()
        if each.metrics
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"circumstances": here, "days": days, "measured": measured}))


def half(interval: tuple[float, float]) -> float:
    """Return half of an interval's width."""
    return (interval[1] - interval[0]) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", default=str(TWEETEVAL / "emotion"))
    parser.add_argument("--model", default="embedded:minilm")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument(
        "--slow-turns", type=int, default=1, help="turns of the contestants that take minutes"
    )
    parser.add_argument("--only", nargs="+", default=list(CONTESTANTS), choices=list(CONTESTANTS))
    parser.add_argument("--picture", default="")
    parser.add_argument("--start-over", action="store_true", help="delete what has been measured")
    options = parser.parse_args()
    from textune.context import Context
    from textune.encoder.loading import find_model
    from textune.evaluation.split_metrics import measure

    store, here, today = ENVIRONMENTS / "peers.json", circumstances(options), time.strftime("%d %B %Y")
    if options.start_over:
        store.unlink(missing_ok=True)
    days = read_measured(store, here)
    contestants = [CONTESTANTS[name] for name in options.only]
    model = str(find_model(options.model, ctx=Context(offline=True)).path)
    with tempfile.TemporaryDirectory() as folder:
        options.json = f"{folder}/data.json"
        data = write_data(options.data, Path(options.json))
        for seed in range(max(options.turns, options.slow_turns)):
            for each in contestants:
                if each.turns > seed or seed >= (options.slow_turns if each.slow else options.turns):
                    continue
                probabilities = run_once(each, options, seed=seed, model=model)
                labels = np.asarray(data["test"]["label"])
                each.metrics = (
                    each.metrics or measure(probabilities, labels, label_names=data["labels"]).to_json()
                )
                days += [] if today in days else [today]
                write_measured(store, here, days)
                print(f"turn {seed + 1}, {each.title}: {each.whole[-1]:.1f} s", file=sys.stderr, flush=True)
    print(f"{here['machine']}, {', '.join(days)}\n{here['versions']}\n")
    show(contestants)
    if options.picture:
        draw({name: CONTESTANTS[name] for name in options.only}, options.picture)


if __name__ == "__main__":
    main()
