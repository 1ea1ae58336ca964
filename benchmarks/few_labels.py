"""textune with few labels, against SetFit with the same encoder: 8, 16 and 64 texts per class at random.

Draw d of a size takes that many training rows of each class at random, by the seed "DATA/SIZE/d"; a class
with fewer rows gives all it has. Every contestant gets these rows and no others, and classifies all test
rows. A training is a process of its own, from its imports to the test rows' probabilities.

Each result is a line of `.bench/few_labels.jsonl`, so a comparison that was stopped resumes, and `--only`,
`--data`, `--sizes` and `--draws` fill some cells of the table. Results of other code are not counted.
"Training" is what each contestant counts as such. "CPU" counts the processor seconds of a process, which
other work on the machine changes less than its seconds. A cell whose processes had less than nine tenths of
the machine to themselves is marked with *: its seconds are too long.

    python benchmarks/few_labels.py [--data emotion banking77 clinc150] [--sizes 8 16 64] [--draws 10]
                                    [--only NAME ...] [--show]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from suite_parts.contestants import code_of

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parent / ".bench"
SHARED = HERE.parent.parent / "shared"
TWEETEVAL = Path(os.environ.get("TEXTUNE_TWEETEVAL", SHARED / "tweeteval"))
DATASETS = Path(os.environ.get("TEXTUNE_DATASETS", SHARED / "datasets"))
STORE = ENVIRONMENTS / "few_labels.jsonl"
MODEL = "embedded:minilm"


@dataclass(frozen=True)
class Contestant:
    """A tool: what the table calls it, and textune's recipe or the variant of SetFit."""

    title: str
    recipe: str = ""
    variant: str = ""


CONTESTANTS = {
    "few": Contestant("textune `few`", recipe="few"),
    "frozen": Contestant("textune `frozen`", recipe="frozen"),
    "setfit": Contestant("SetFit, its defaults: all pairs"),
    "setfit-20": Contestant("SetFit, `num_iterations=20`", variant="iterations=20"),
}
_SECONDS = ("train_seconds", "seconds", "cpu_seconds")
Rows = list[tuple[str, str]]
"""Texts with their labels."""


def read(name: str) -> tuple[Rows, Rows]:
    """Return the training and test rows of a data set."""
    if name == "emotion":
        folder = TWEETEVAL / name
        return _tweets(folder, "train"), _tweets(folder, "test")
    if name == "banking77":
        return _csv(DATASETS / name / "train.csv"), _csv(DATASETS / name / "test.csv")
    document = json.loads((DATASETS / "clinc150" / "data_full.json").read_text())
    train, test = ([(text, label) for text, label in document[split]] for split in ("train", "test"))
    return train, test


def _tweets(folder: Path, split: str) -> Rows:
    texts, ids = ((folder / f"{split}_{part}.txt").read_text().splitlines() for part in ("text", "labels"))
    names = dict(line.split("\t") for line in (folder / "mapping.txt").read_text().splitlines())
    return [(text, names[id]) for text, id in zip(texts, ids, strict=True)]


def _csv(path: Path) -> Rows:
    with path.open(newline="") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]


def draw(rows: Rows, name: str, size: int, number: int) -> Rows:
    """Return `size` random rows of each class."""
    chooser = random.Random(f"{name}/{size}/{number}")
    drawn = []
    for label in sorted({label for _, label in rows}):
        own = [row for row in rows if row[1] == label]
        drawn += chooser.sample(own, min(size, len(own)))
    chooser.shuffle(drawn)
    return drawn


def run_once(contestant: Contestant, train: Rows, test: Rows, *, seed: int, model: str) -> dict[str, Any]:
    """Train a contestant once; return its accuracy on test, and what it took."""
    with tempfile.TemporaryDirectory() as folder:
        out, data = Path(folder) / "out", Path(folder) / "data"
        command = (_textune if contestant.recipe else _setfit)(contestant, data, out, train, test)
        command += ["--seed", str(seed), "--model", MODEL if contestant.recipe else model, "--out", str(out)]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TEXTUNE_CACHE": f"{folder}/cache"}
        busy, start = _busy_seconds(), time.perf_counter()
        log = Path(folder) / "log"
        with log.open("w") as stream:
            process = subprocess.Popen(command, stdout=stream, stderr=stream, env=environment)
            _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status:
            sys.exit(f"{contestant.title} failed:\n{log.read_text()[-2000:]}")
        cpu_seconds = usage.ru_utime + usage.ru_stime
        right = [label == true for label, (_, true) in zip(_predicted(out), test, strict=True)]
        return {
            "accuracy": round(statistics.mean(right), 5),
            "seconds": round(seconds, 2),
            "train_seconds": round(_train_seconds(out), 2),
            "cpu_seconds": round(cpu_seconds, 2),
            "peak_megabytes": round(usage.ru_maxrss / 1000),
            "others_cores": round(max(0.0, (_busy_seconds() - busy - cpu_seconds) / seconds), 2),
        }


def _textune(contestant: Contestant, data: Path, out: Path, train: Rows, test: Rows) -> list[str]:
    data.mkdir()
    for split, rows in (("train", train), ("test", test)):
        lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
        (data / f"{split}.jsonl").write_text("\n".join(lines) + "\n")
    command = [sys.executable, "-m", "textune", "train", "--recipe", contestant.recipe, "--json"]
    return [*command, "--data", str(data), "--offline"]


def _setfit(contestant: Contestant, data: Path, out: Path, train: Rows, test: Rows) -> list[str]:
    out.mkdir()
    rows = [("train", row) for row in train] + [("test", row) for row in test]
    lines = [json.dumps({"split": split, "text": text, "label": label}) for split, (text, label) in rows]
    data.write_text("\n".join(lines) + "\n")
    python = str(ENVIRONMENTS / "setfit" / "bin" / "python")
    command = [python, str(HERE / "peers" / "setfit_defaults.py"), "--rows", str(data)]
    return [*command, "--variant", contestant.variant]


def _predicted(out: Path) -> list[str]:
    """Return the labels that a contestant gives to the test rows."""
    if (out / "predictions.jsonl").is_file():
        rows = map(json.loads, (out / "predictions.jsonl").read_text().splitlines())
        scores = [row["scores"] for row in rows]
    else:
        import pyarrow.parquet

        scores = pyarrow.parquet.read_table(out / "predictions" / "test.parquet")["scores"].to_pylist()
    return [max(row, key=row.get) for row in scores]


def _train_seconds(out: Path) -> float:
    """Return the seconds that a contestant counts as training, without imports and test rows."""
    if (out / "seconds.json").is_file():
        return float(json.loads((out / "seconds.json").read_text()))
    seconds = json.loads((out / "metrics.json").read_text())["seconds"]
    return sum(seconds.get(stage, 0.0) for stage in ("plan", "features", "train"))


def _busy_seconds() -> float:
    """Return the seconds for which all cores of the machine together have been busy; 0 where unknown."""
    try:
        user, nice, system = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:4]
    except (OSError, ValueError):
        return 0.0
    return (int(user) + int(nice) + int(system)) / os.sysconf("SC_CLK_TCK")


def stored() -> list[dict[str, Any]]:
    """Return the results so far that come from the code as it is."""
    if not STORE.is_file():
        return []
    results = map(json.loads, STORE.read_text().splitlines())
    return [result for result in results if result.get("code") == code(result["contestant"])]


@cache
def code(contestant: str) -> str:
    """Return the hash of the code that a contestant's results come from."""
    return code_of("" if CONTESTANTS[contestant].recipe else "setfit_defaults.py")


def show(results: list[dict[str, Any]]) -> None:
    """Print the table: a line for each data set, size and contestant; `few` is compared on the same draws."""
    print(
        "| data | texts per class | | draws | accuracy | training | whole | CPU | peak memory "
        "| `few`: accuracy | trains faster by | whole | in CPU seconds | its memory |\n" + "| --- " * 14 + "|"
    )
    cells: dict[tuple[str, int, str], dict[int, dict[str, Any]]] = {}
    for result in results:
        cell = cells.setdefault((result["data"], result["size"], result["contestant"]), {})
        cell[result["draw"]] = result
    order = list(CONTESTANTS)
    for (data, size, name), cell in sorted(
        cells.items(), key=lambda item: (item[0][0], item[0][1], order.index(item[0][2]))
    ):
        few = cells.get((data, size, "few"), {})
        both = [draw for draw in cell if draw in few and name != "few"]
        ratios = [""] * 5
        if both:
            other, own = (_medians([draws[draw] for draw in both]) for draws in (cell, few))
            gains = [few[draw]["accuracy"] - cell[draw]["accuracy"] for draw in both]
            ratios = [f"{statistics.mean(gains) * 100:+.1f} points in {len(both)} draws"]
            ratios += [f"{other[key] / own[key]:,.1f}x" for key in _SECONDS]
            ratios.append(f"{own['peak_megabytes'] / other['peak_megabytes']:.0%}")
        accuracies = [result["accuracy"] for result in cell.values()]
        spread = f" ± {statistics.stdev(accuracies):.1%}" if len(accuracies) > 1 else ""
        medians = _medians(list(cell.values()))
        busy = max(result["others_cores"] for result in cell.values())
        mark = " s*" if busy > (os.cpu_count() or 1) * 0.1 else " s"
        print(
            f"| {data} | {size} | {CONTESTANTS[name].title} | {len(cell)} "
            f"| {statistics.mean(accuracies):.1%}{spread} | {medians['train_seconds']:,.1f}{mark} "
            f"| {medians['seconds']:,.1f}{mark} | {medians['cpu_seconds']:,.1f} s "
            f"| {medians['peak_megabytes']:,.0f} MB | {' | '.join(ratios)} |"
        )


def _medians(results: list[dict[str, Any]]) -> dict[str, float]:
    keys = (*_SECONDS, "peak_megabytes")
    return {key: statistics.median(result[key] for result in results) for key in keys}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", nargs="+", default=["emotion", "banking77", "clinc150"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[8, 16, 64])
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--only", nargs="+", default=["few", "frozen"], choices=list(CONTESTANTS))
    parser.add_argument("--show", action="store_true", help="print what has been measured, measure nothing")
    options = parser.parse_args()
    from textune.context import Context
    from textune.encoder.loading import find_model

    model = str(find_model(MODEL, ctx=Context(offline=True)).path)
    done = {(each["data"], each["size"], each["draw"], each["contestant"]) for each in stored()}
    STORE.parent.mkdir(exist_ok=True)
    for name in [] if options.show else options.data:
        train, test = read(name)
        for size in options.sizes:
            for number in range(options.draws):
                for contestant in options.only:
                    if (name, size, number, contestant) in done:
                        continue
                    rows = draw(train, name, size, number)
                    result = run_once(CONTESTANTS[contestant], rows, test, seed=number, model=model)
                    cell = {"data": name, "size": size, "draw": number, "contestant": contestant}
                    cell["code"] = code(contestant)
                    with STORE.open("a") as file:
                        file.write(json.dumps({**cell, **result}) + "\n")
                    print(json.dumps({**cell, **result}), file=sys.stderr, flush=True)
    show(stored())


if __name__ == "__main__":
    main()
