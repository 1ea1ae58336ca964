"""`textune watch`: how far off its estimate is where texts are shifted on purpose, and when it refuses.

    python benchmarks/watch.py ["SOURCE data.key=value ..." ...] [--shifts 100] [--seed 9] [--runs FOLDER]

A classifier (`frozen` on `embedded:minilm`) is trained on each source. `textune watch` compares new texts
with its validation rows. The new texts are drawn from the test rows, which neither has seen, and shifted in
one of four ways:

- labels: other shares of the labels, by normal log-weights with a standard deviation of 1 or 2.
- topic: half or nine tenths of the texts have one of one to three words that 1 to 15 % of test have.
- damage: 30 % or all of the texts have typing errors (3, 8 or 15 % of the letters), lack 30 % of their words,
  or end after their first half. `textune watch` itself compares with 8 % and with 30 %: the others are new.
- intruders: 5 to 60 % of the texts are those of another source, which are never right.

There are 400 to 2,000 texts. The table shows the mean absolute error of the share of right decisions: of the
estimate where one is given, of "it is as on validation", and of ATC on the same texts; how often the 95 %
interval holds the truth; and how often there is no estimate, where its error would have exceeded 10 points
and where it would not have exceeded 3. `test` is the whole test split as it is. Choices of the method were
made on other draws from the same test splits (docs/experiments.md), and with seeds 1 to 8.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

import textune
from textune.context import Context
from textune.run.predictions import read_predictions
from textune.watching.estimating import Watch
from textune.watching.expected_f1 import true_macro_f1
from textune.watching.reference import WatchedRows
from textune.watching.watched_run import WatchedRun

REPOSITORY = Path(__file__).parent.parent
SHARED = REPOSITORY.parent / "shared"
TWEETEVAL = Path(os.environ.get("TEXTUNE_TWEETEVAL", SHARED / "tweeteval"))
DATASETS = Path(os.environ.get("TEXTUNE_DATASETS", SHARED / "datasets"))
SOURCES = (
    f"{TWEETEVAL / 'emotion'}",
    f"{DATASETS / 'banking77'}",
    f"{DATASETS / 'clinc150' / 'data_full.json'} data.text_column=1 data.label_column=2",
    f"{DATASETS / 'goemotions'} data.header=false data.text_column=1 data.label_column=2 "
    f"data.label_names={DATASETS / 'goemotions' / 'emotions.txt'}",
    f"{TWEETEVAL / 'hate'}",
)
KINDS = ("labels", "topic", "damage", "intruders")
MOST_DAMAGED, MOST_INTRUDERS = 2000, 1000
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Rows:
    features: NDArray[np.float32]
    probabilities: NDArray[np.float64]
    labels: NDArray[np.int64]

    def __getitem__(self, rows: NDArray[np.int64]) -> Rows:
        return Rows(self.features[rows], self.probabilities[rows], self.labels[rows])

    def with_others(self, others: Rows) -> Rows:
        pairs = zip(vars(self).values(), vars(others).values(), strict=True)
        return Rows(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True)
class Watchable:
    """A run that is watched, and the rows to draw new texts from."""

    name: str
    opened: WatchedRun
    watch: Watch
    texts: Sequence[str]
    test: Rows
    damaged: dict[str, Rows]
    intruders: dict[str, Rows]


@dataclass(frozen=True)
class Result:
    """What was said of one shift, and what was true; shares of right decisions, and macro-F1."""

    source: str
    kind: str
    detail: str
    truth: float
    estimate: float
    interval: tuple[float, float] | None
    as_before: float
    atc: float
    macro_truth: float
    macro: float | None
    macro_interval: tuple[float, float] | None

    @property
    def error(self) -> float:
        return abs(self.estimate - self.truth)


def mistyped(share: float) -> Callable[[str, np.random.Generator], str]:
    def damage(text: str, rng: np.random.Generator) -> str:
        written, place = [], 0
        while place < len(text):
            letter, place = text[place], place + 1
            if not letter.isalpha() or rng.random() >= share:
                written.append(letter)
                continue
            kind = rng.integers(4)
            if kind == 1:
                written += [letter, LETTERS[rng.integers(26)]]
            elif kind == 2 and place < len(text):
                written += [text[place], letter]
                place += 1
            elif kind == 3:
                written.append(LETTERS[rng.integers(26)])
        return "".join(written) if "".join(written).strip() else text

    return damage


def without_words(text: str, rng: np.random.Generator) -> str:
    words = text.split()
    return " ".join(word for word in words if rng.random() > 0.3) or text


def first_half(text: str, rng: np.random.Generator) -> str:
    words = text.split()
    return " ".join(words[: (len(words) + 1) // 2])


DAMAGES = {
    "typing errors, 3 %": mistyped(0.03),
    "typing errors, 8 %": mistyped(0.08),
    "typing errors, 15 %": mistyped(0.15),
    "words missing": without_words,
    "second half missing": first_half,
}


def prepare(name: str, opened: WatchedRun, others: dict[str, Sequence[str]], ctx: Context) -> Watchable:
    stored = read_predictions(opened.run.predictions / "test.parquet")
    texts, labels = [str(text) for text in stored.texts], stored.labels

    def rows_of(part: Sequence[str], truth: NDArray[np.int64]) -> Rows:
        features, probabilities = opened.read(part, ctx, called="watch benchmark")
        return Rows(np.asarray(features), probabilities, truth)

    some = np.arange(min(len(texts), MOST_DAMAGED))
    rng = np.random.default_rng([1, 7])  # The same for all seeds, so that the cache has them.
    damaged = {
        kind: rows_of([damage(texts[row], rng) for row in some.tolist()], labels[some])
        for kind, damage in DAMAGES.items()
    }
    multi = opened.decisions.kind.is_multi_label
    nothing = np.zeros(labels.shape[1:], dtype=np.int64) if multi else np.int64(-2)
    intruders = {
        other: rows_of(part, np.repeat(nothing[None], len(part), axis=0)) for other, part in others.items()
    }
    watch = Watch.of(opened.reference(opened.train_texts(), ctx))
    return Watchable(name, opened, watch, texts, rows_of(texts, labels), damaged, intruders)


def plant(made: Watchable, kind: str, rng: np.random.Generator) -> tuple[str, Rows]:
    """Return what was done, and the new rows."""
    test, count, total = made.test, int(rng.choice([400, 1000, 2000])), len(made.test.labels)
    if kind == "labels":
        has = made.opened.decisions.has(test.labels)
        spread = float(rng.choice([1.0, 2.0]))
        tilt = has @ rng.normal(scale=spread, size=has.shape[1]) / np.maximum(has.sum(axis=1), 1)
        weights = np.exp(tilt)
        return f"spread {spread:g}", test[rng.choice(total, count, p=weights / weights.sum())]
    if kind == "topic":
        words: dict[str, list[int]] = {}
        for row, text in enumerate(made.texts):
            for word in set(re.findall(r"\w+", text.casefold())):
                words.setdefault(word, []).append(row)
        frequent = sorted(word for word, rows in words.items() if 0.01 <= len(rows) / total <= 0.15)
        chosen = rng.choice(frequent, int(rng.integers(1, 4)), replace=False).tolist()
        has_word = np.zeros(total, dtype=bool)
        for word in chosen:
            has_word[words[word]] = True
        share = float(rng.choice([0.5, 0.9]))
        weights = np.where(has_word, share / has_word.sum(), (1 - share) / (~has_word).sum())
        return f"{share:.0%} {', '.join(chosen)}", test[rng.choice(total, count, p=weights)]
    if kind == "damage":
        name, share = str(rng.choice(list(DAMAGES))), float(rng.choice([0.3, 1.0]))
        other = made.damaged[name]
    else:
        name, share = str(rng.choice(list(made.intruders))), float(rng.choice([0.05, 0.1, 0.2, 0.35, 0.6]))
        other = made.intruders[name]
    changed = int(count * share)
    drawn = test[rng.choice(total, count - changed)]
    return f"{share:.0%} {name}", drawn.with_others(other[rng.choice(len(other.labels), changed)])


def measure(made: Watchable, kind: str, detail: str, rows: Rows) -> Result:
    result = made.watch.estimate(WatchedRows(rows.features, rows.probabilities))
    said = {method.key: method.value for method in result.methods}
    chosen = next(method.value for method in result.methods if method.is_chosen)
    decisions, reference = made.opened.decisions, made.watch.reference
    share, macro = result.estimates.get(result.metric), result.estimates.get("macro_f1")
    inside = rows.labels != -2 if rows.labels.ndim == 1 else np.ones(len(rows.labels), dtype=bool)
    return Result(
        made.name,
        kind,
        detail,
        truth=float(decisions.right(rows.probabilities, rows.labels).mean()),
        estimate=chosen,
        interval=None if share is None else share.interval,
        as_before=float(reference.right.mean()),
        atc=said["atc"],
        macro_truth=true_macro_f1(decisions, rows.probabilities[inside], rows.labels[inside]),
        macro=None if macro is None else macro.value,
        macro_interval=None if macro is None else macro.interval,
    )


def points(values: Sequence[float]) -> str:
    return f"{np.mean(values) * 100:.2f}" if values else "-"


def share_of(values: Sequence[bool]) -> str:
    return f"{np.mean(values):.0%} of {len(values)}" if values else "-"


def line(name: str, results: Sequence[Result]) -> str:
    given = [each for each in results if each.interval is not None]
    holds = [each.interval[0] <= each.truth <= each.interval[1] for each in given if each.interval]
    widths = [(each.interval[1] - each.interval[0]) / 2 for each in given if each.interval]
    far = [each.interval is None for each in results if each.error > 0.10]
    near = [each.interval is None for each in results if each.error <= 0.03]
    plain = [each for each in given if each.kind != "intruders" and each.macro is not None]
    macro = [abs(each.macro - each.macro_truth) for each in plain if each.macro is not None]
    cells = (
        name,
        f"{len(given)} of {len(results)}",
        points([each.error for each in given]),
        points([abs(each.as_before - each.truth) for each in given]),
        points([abs(each.atc - each.truth) for each in given]),
        share_of(holds),
        points(widths),
        share_of(far),
        share_of(near),
        points(macro),
    )
    return f"| {' | '.join(cells)} |"


def report(results: Sequence[Result]) -> None:
    print(
        "\n| shifts | estimates | error | as on validation | ATC | interval holds | half its width "
        "| refused, error > 10 | refused, error <= 3 | error of macro-F1 |"
    )
    print(f"| --- |{' ---: |' * 9}")
    planted = [each for each in results if each.kind in KINDS]
    for kind in KINDS:
        print(line(kind, [each for each in planted if each.kind == kind]))
    for source in dict.fromkeys(each.source for each in planted):
        print(line(source, [each for each in planted if each.source == source]))
    print(line("all", planted))
    print("\n| test as it is | truth | estimate | interval | as on validation | ATC |")
    print(f"| --- |{' ---: |' * 5}")
    for each in results:
        if each.kind == "test":
            interval = "no estimate"
            if each.interval is not None:
                interval = f"{each.interval[0] * 100:.1f} to {each.interval[1] * 100:.1f}"
            shares = [each.truth, each.estimate, each.as_before, each.atc]
            truth, estimate, before, atc = (f"{share * 100:.1f} %" for share in shares)
            print(f"| {each.source} | {truth} | {estimate} | {interval} | {before} | {atc} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("sources", nargs="*", help="a source and its settings in quotes")
    parser.add_argument("--shifts", type=int, default=100, help="how many per source")
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--model", default="embedded:minilm")
    parser.add_argument("--recipe", default="frozen")
    parser.add_argument("--runs", type=Path, default=REPOSITORY / ".bench" / "watch")
    parser.add_argument("--results", type=Path, help="a JSON Lines file for every result")
    options = parser.parse_args()
    sources = options.sources or [each for each in SOURCES if Path(each.split()[0]).exists()]
    for missing in set(SOURCES) - set(sources) if not options.sources else ():
        print(f"Left out, as it is not there: {missing.split()[0]}")
    ctx, opened, texts = Context(), dict[str, WatchedRun](), dict[str, Sequence[str]]()
    for source in sources:
        path, *settings = source.split()
        name = next(part for part in reversed(Path(path).parts) if "." not in part)
        folder = options.runs / name
        if not (folder / "manifest.json").exists():
            print(f"Training on {name} ...", flush=True)
            textune.train(options.recipe, model=options.model, data=path, out=folder, settings=settings)
        opened[name] = WatchedRun.open(folder, ctx)
        test = read_predictions(opened[name].run.predictions / "test.parquet").texts
        texts[name] = [str(text) for text in test[:MOST_INTRUDERS]]
    results = []
    for name, run in opened.items():
        start = time.perf_counter()
        others = {other: part for other, part in texts.items() if other != name}
        made = prepare(name, run, others, ctx)
        chosen = made.watch.back_test.chosen
        print(f"{name}: prepared in {time.perf_counter() - start:.0f} s; {chosen}", flush=True)
        rng = np.random.default_rng([options.seed, len(results)])
        kinds = KINDS if others else KINDS[:-1]
        with threadpool_limits(limits=1):
            results.append(measure(made, "test", "", made.test))
            for number in range(options.shifts):
                kind = kinds[number % len(kinds)]
                results.append(measure(made, kind, *plant(made, kind, rng)))
    if options.results:
        lines = (json.dumps(asdict(each)) + "\n" for each in results)
        options.results.write_text("".join(lines), encoding="utf-8")
    report(results)


if __name__ == "__main__":
    main()
