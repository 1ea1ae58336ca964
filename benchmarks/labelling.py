"""`textune label`: whether its intervals hold the truth, and how long a person waits; ten minutes.

    python benchmarks/labelling.py [coverage] [latency] [--loops 1000] [--answers 40 80]

- coverage: Labellings are simulated. Each has its own population, whose labels are known, and a pool drawn
  from it. There are four kinds: two labels that are hard to tell apart, four of uneven shares, twelve of
  which half are rare, and four with a tenth of the labels drawn at random. `herding` chooses. After some
  answers, the loop's intervals are compared with the truth: accuracy and macro-F1 of its head on the
  population, and the share of each label in the pool. The table shows how often each interval holds it.
- latency: In a pool of 50,000 texts with 2,000 answers, 200 more are given. Each is timed from the answer to
  the next question: it is written and synced, the head is fitted, a text is chosen, and its labels are
  proposed. The peak memory is that of the process, encoder not included.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from textune.encoder.placement import one_thread
from textune.evaluation.intervals import Interval
from textune.labelling.answer_log import AnswerLog
from textune.labelling.asking import LabellingLoop, start_event
from textune.labelling.pool import Pool
from textune.labelling.quality import macro_f1_of, predicted
from textune.labelling.replay import EncodedPool
from textune.labelling.shown import show_question

WIDTH, POPULATION, POOL = 16, 8000, 600
TEXTS, EARLIER, MEASURED = 50_000, 2000, 200


@dataclass(frozen=True)
class Kind:
    """A kind of population: the shares of its labels, how far apart they are, and how many are random."""

    shares: tuple[float, ...]
    apart: float
    noise: float = 0.0


KINDS = {
    "two alike": Kind((0.5, 0.5), 0.25),
    "four uneven": Kind((0.43, 0.27, 0.21, 0.09), 0.5),
    "twelve, rare ones": Kind((0.14,) * 6 + (0.16 / 6,) * 6, 0.6),
    "four, noisy": Kind((0.4, 0.3, 0.2, 0.1), 0.6, 0.1),
}


@dataclass(frozen=True)
class Population:
    """Features (texts, width) and labels (texts,); the first `POOL` are the pool."""

    features: NDArray[np.float32]
    labels: NDArray[np.int64]

    @classmethod
    def draw(cls, kind: Kind, rng: np.random.Generator) -> Population:
        """Return texts around the directions of their labels, which differ from draw to draw."""
        classes = len(kind.shares)
        labels = rng.choice(classes, POPULATION, p=np.array(kind.shares) / sum(kind.shares))
        centres = kind.apart * rng.normal(size=(classes, WIDTH))
        features = centres[labels] + rng.normal(size=(POPULATION, WIDTH))
        is_random = rng.random(POPULATION) < kind.noise
        labels[is_random] = rng.integers(classes, size=int(is_random.sum()))
        return cls(features.astype(np.float32), labels)


@dataclass(frozen=True)
class Found:
    """What a loop said after some answers: whether each interval holds the truth, and its width."""

    accuracy: bool
    macro_f1: bool
    prevalence: tuple[bool, ...]
    width: float


def simulate_loop(kind: Kind, seed: int, answers: Sequence[int]) -> list[Found]:
    """Label a pool of one population, and return what the loop says after some numbers of answers."""
    population = Population.draw(kind, np.random.default_rng(seed))
    names = [f"label {number}" for number in range(len(kind.shares))]
    texts = [_text(seed, number) for number in range(POOL)]
    pool, row_of = Pool.of(texts, seed=seed), {text: row for row, text in enumerate(texts)}
    rows = np.array([row_of[str(text)] for text in pool.texts])
    log = AnswerLog(None)
    log.append({**start_event(names, is_multi=False, seed=seed), "id": "start"})
    loop = LabellingLoop(pool, log, EncodedPool(population.features[rows]), seed=seed)  # type: ignore[arg-type]
    shares = np.bincount(population.labels[:POOL], minlength=len(names)) / POOL
    found = []
    with threadpool_limits(limits=1), one_thread():
        for count in range(1, max(answers) + 1):
            question = loop.next_question()
            assert question is not None
            loop.answer(question.key, [names[population.labels[rows[question.number]]]])
            if count in answers:
                found.append(_compare(loop, population, shares))
    return found


def _compare(loop: LabellingLoop, population: Population, shares: NDArray[np.float64]) -> Found:
    quality, head = loop.measure(with_curve=False), loop.head
    assert quality is not None
    assert head is not None
    assert quality.accuracy is not None
    assert quality.macro_f1 is not None
    new = population.features[POOL:], population.labels[POOL:]
    accuracy = float((predicted(head, new[0]) == new[1]).mean())
    return Found(
        _holds(quality.accuracy.interval, accuracy),
        _holds(quality.macro_f1.interval, macro_f1_of(head, *new)),
        tuple(
            _holds(each.prevalence.interval, share)
            for each, share in zip(quality.by_label.values(), shares.tolist(), strict=True)
            if each.prevalence is not None
        ),
        quality.accuracy.interval[1] - quality.accuracy.interval[0],
    )


def _holds(interval: Interval, value: float) -> bool:
    return interval[0] - 1e-9 <= value <= interval[1] + 1e-9


def _text(seed: int, number: int) -> str:
    return hashlib.sha256(f"{seed} {number}".encode()).hexdigest()


def measure_coverage(loops: int, answers: Sequence[int]) -> None:
    print(f"{loops:,} simulated labellings: how often the intervals of 95 % hold the truth")
    print(
        "| labels | answers | accuracy | its mean width | macro-F1 | prevalence, all labels | worst label |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    all_found = defaultdict(list)
    for seed in range(loops):
        name = list(KINDS)[seed % len(KINDS)]
        for count, found in zip(answers, simulate_loop(KINDS[name], seed, answers), strict=True):
            all_found[name, count].append(found)
            all_found["all", count].append(found)
    for (name, count), found in sorted(
        all_found.items(), key=lambda item: ([*KINDS, "all"].index(item[0][0]), item[0][1])
    ):
        by_label = [each.prevalence for each in found]
        held = [hold for holds in by_label for hold in holds]
        worst = "" if name == "all" else f"{100 * np.mean(by_label, axis=0).min():.1f} %"
        print(
            f"| {name} | {count} | {_percent([each.accuracy for each in found])}"
            f" | {100 * np.mean([each.width for each in found]):.0f} points"
            f" | {_percent([each.macro_f1 for each in found])} | {_percent(held)} | {worst} |"
        )


def _percent(held: Sequence[bool]) -> str:
    return f"{100 * np.mean(held):.1f} %"


def measure_latency(classes: int) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(classes, size=TEXTS)
    centres = rng.normal(size=(classes, 384))
    features = (centres[labels] + 2 * rng.normal(size=(TEXTS, 384))).astype(np.float32)
    words = np.array(["".join(map(chr, rng.integers(97, 123, 6))) for _ in range(5000)])
    texts = [" ".join(row) for row in words[rng.integers(len(words), size=(TEXTS, 12))].tolist()]
    row_of = {text: row for row, text in enumerate(texts)}
    pool, names = Pool.of(texts, seed=0), [f"label {number}" for number in range(classes)]
    rows = np.array([row_of[str(text)] for text in pool.texts])
    features, labels = features[rows], labels[rows]
    with tempfile.TemporaryDirectory() as folder:
        log = AnswerLog(Path(folder))
        log.append(start_event(names, is_multi=False, seed=0))
        log.append_all(
            [
                {
                    "event": "answer",
                    "who": "me",
                    "key": pool.keys[number],
                    "text": pool.texts[number],
                    "labels": [names[labels[number]]],
                    "purpose": "test" if pool.is_test[number] else "train",
                }
                for number in range(EARLIER)
            ]
        )
        loop = LabellingLoop(pool, log, EncodedPool(features))  # type: ignore[arg-type]
        question = loop.next_question("me")
        seconds, cpu = [], []
        for _ in range(MEASURED):
            assert question is not None
            begun, begun_cpu = time.perf_counter(), time.process_time()
            loop.answer(
                question.key, [names[labels[question.number]]], who="me", is_repeat=question.is_repeat
            )
            question = loop.next_question("me")
            show_question(loop, question)
            seconds.append(1000 * (time.perf_counter() - begun))
            cpu.append(1000 * (time.process_time() - begun_cpu))
    print(
        f"| {classes} | {np.percentile(seconds, 50):.0f} ms | {np.percentile(seconds, 95):.0f} ms"
        f" | {np.percentile(cpu, 50):.0f} ms | {np.percentile(cpu, 95):.0f} ms"
        f" | {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", help="coverage, latency; by default both")
    parser.add_argument("--loops", type=int, default=1000)
    parser.add_argument(
        "--answers", type=int, nargs="+", default=[40, 80], help="when intervals are compared"
    )
    options = parser.parse_args()
    parts = options.parts or ["coverage", "latency"]
    if "latency" in parts:
        print(f"From an answer to the next question, {TEXTS:,} texts, {EARLIER:,} answers")
        print("| labels | median | 95 % | CPU, median | CPU, 95 % | peak memory so far |")
        print("| --- | --- | --- | --- | --- | --- |")
        for classes in (4, 77):
            measure_latency(classes)
    if "coverage" in parts:
        measure_coverage(options.loops, options.answers)


if __name__ == "__main__":
    main()
