"""textune beside other ways to a text classifier: same data, same encoder weights, same machine, in turns.

Contestants that need packages of their own run in environments that `make bench-peers` builds from
`requirements/`. Each is a process from its start to its end: "whole" is what a person waits for, imports and
prediction included; "train" is what the contestant itself counts as training; the peak is the process's
resident memory. Test figures are those of the first seed, with 95 % bootstrap intervals; seconds and memory
are medians over all of its turns. What has been measured is kept under `.bench`, so that a run that was
stopped goes on, and some can be given more turns than others.

    python benchmarks/peers/compare.py [--data FOLDER] [--model embedded:minilm] [--turns 3] [--only NAME ...]
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
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
TWEETEVAL = Path(os.environ.get("TEXTUNE_TWEETEVAL", REPOSITORY.parent / "shared" / "tweeteval"))
ENVIRONMENTS = REPOSITORY / ".bench"


@dataclass
class Contestant:
    """A way to a classifier.

    Attributes:
        title: What the table calls it.
        script: Its file in this folder; empty for textune's own command.
        variant: What is passed on: a script's variant, or textune's recipe.
        environment: The folder of its environment under `.bench`; empty for the one that runs this.
        train: Seconds of training by turn.
        whole: Seconds from start to end by turn.
        peak: Peak resident memory in MB by turn.
        figures: The test figures of the first turn.
    """

    title: str
    script: str
    variant: str = ""
    environment: str = ""
    train: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)
    figures: dict[str, Any] | None = None

    @property
    def turns(self) -> int:
        """How many turns it has had."""
        return len(self.whole)

    @property
    def python(self) -> str:
        """The interpreter that runs it."""
        return str(ENVIRONMENTS / self.environment / "bin" / "python") if self.environment else sys.executable


CONTESTANTS = {
    "keras": Contestant("the study's pipeline in Keras", "keras_study.py", environment="keras"),
    "trainer-frozen": Contestant("`Trainer`, frozen encoder, 15 epochs", "hf_trainer.py", "frozen"),
    "trainer": Contestant("`Trainer`, its defaults", "hf_trainer.py"),
    "setfit": Contestant("SetFit, stopped after 5 minutes", "setfit_defaults.py", "300", "setfit"),
    "sentence": Contestant(
        "sentence-transformers + logistic regression", "sentence_embeddings.py", environment="setfit"
    ),
    "tfidf": Contestant("TF-IDF + logistic regression", "tfidf.py"),
    "paper": Contestant("textune `paper`", "", "paper"),
    "frozen": Contestant("textune `frozen`", "", "frozen"),
    "full": Contestant("textune `full`", "", "full"),
}


PLACES = {
    "keras": ("right", "top"),
    "trainer": ("right", "top"),
    "trainer-frozen": ("right", "top"),
    "sentence": ("left", "top"),
    "tfidf": ("left", "bottom"),
}
"""Where a name in the picture is anchored to its point, so that no two of them meet."""


def write_data(source: str, path: Path) -> dict[str, Any]:
    """Write a data set as the contestants read it, and return it."""
    from textune.data.sources import load_source

    dataset = load_source(source).dataset
    data: dict[str, Any] = {"labels": dataset["train"].features["label"].names}
    for split, rows in dataset.items():
        data[split] = {"text": list(rows["text"]), "label": list(rows["label"])}
    path.write_text(json.dumps(data))
    return data


def run_once(contestant: Contestant, options: argparse.Namespace, *, seed: int, model: str) -> np.ndarray:
    """Let a contestant train once, note its seconds and memory, and return its test probabilities."""
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
    """Print the table, and a line for each."""
    print(
        "| | accuracy | macro-F1 | log loss | calibration error | train | whole | peak memory | turns |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    for each in contestants:
        found = each.figures
        assert found
        print(
            f"| {each.title} | {found['accuracy']:.1%} ±{half(found['accuracy_ci95']):.1%} "
            f"| {found['macro_f1']:.1%} ±{half(found['macro_f1_ci95']):.1%} "
            f"| {found['log_loss']:.3f} ±{half(found['log_loss_ci95']):.3f} "
            f"| {found['expected_calibration_error']:.3f} "
            f"| {statistics.median(each.train):,.1f} s | {statistics.median(each.whole):,.1f} s "
            f"| {statistics.median(each.peak):,.0f} MB | {each.turns} |"
        )


def take_up(path: Path) -> None:
    """Read what an earlier run has measured, so that this one goes on."""
    if path.is_file():
        for name, found in json.loads(path.read_text()).items():
            vars(CONTESTANTS[name]).update(found)


def keep(path: Path) -> None:
    """Write what has been measured."""
    measured = ("train", "whole", "peak", "figures")
    found = {
        name: {key: vars(each)[key] for key in measured} for name, each in CONTESTANTS.items() if each.figures
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found))


def half(interval: tuple[float, float]) -> float:
    """Return half of an interval's width."""
    return (interval[1] - interval[0]) / 2


def draw(contestants: list[Contestant], path: str) -> None:
    """Draw macro-F1 over the seconds that a person waits."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.2))
    for name, each in CONTESTANTS.items():
        if each not in contestants:
            continue
        seconds, score = statistics.median(each.whole), 100 * (each.figures or {})["macro_f1"]
        ours = each.title.startswith("textune")
        axes.plot(seconds, score, "o", color="#0a7a5c" if ours else "#777777")
        side, height = PLACES.get(name, ("right", "bottom"))
        axes.annotate(
            each.title.replace("`", ""),
            (seconds, score),
            xytext=(-7 if side == "right" else 7, 3 if height == "bottom" else -3),
            textcoords="offset points",
            horizontalalignment=side,
            verticalalignment=height,
            fontsize=8,
        )
    axes.set_xscale("log")
    axes.set_xlabel("seconds from command to result")
    axes.set_ylabel("macro-F1 on the test split, %")
    axes.grid(alpha=0.3)
    axes.margins(x=0.1, y=0.1)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", default=str(TWEETEVAL / "emotion"))
    parser.add_argument("--model", default="embedded:minilm")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=list(CONTESTANTS), choices=list(CONTESTANTS))
    parser.add_argument("--picture", default="")
    parser.add_argument("--afresh", action="store_true", help="forget what has been measured")
    options = parser.parse_args()
    from textune.encoder.loading import find_model
    from textune.evaluation.metrics import measure

    kept = REPOSITORY / ".bench" / "peers.json"
    if options.afresh:
        kept.unlink(missing_ok=True)
    take_up(kept)
    contestants = [CONTESTANTS[name] for name in options.only]
    model = str(find_model(options.model, offline=True).path)
    with tempfile.TemporaryDirectory() as folder:
        options.json = f"{folder}/data.json"
        data = write_data(options.data, Path(options.json))
        for seed in range(options.turns):
            for each in contestants:
                if each.turns > seed:
                    continue
                probabilities = run_once(each, options, seed=seed, model=model)
                labels = np.asarray(data["test"]["label"])
                each.figures = (
                    each.figures or measure(probabilities, labels, label_names=data["labels"]).to_json()
                )
                keep(kept)
                print(f"turn {seed + 1}, {each.title}: {each.whole[-1]:.1f} s", file=sys.stderr, flush=True)
    import torch

    cpu = torch.cpu.get_capabilities().get("cpu_name", platform.machine())
    print(f"{cpu}, {os.cpu_count()} cores, {time.strftime('%d %B %Y')}")
    print(", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "scikit-learn")) + "\n")
    show(contestants)
    if options.picture:
        draw(contestants, options.picture)


if __name__ == "__main__":
    main()
