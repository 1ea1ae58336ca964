"""`textune label`: whether its intervals hold the truth, and how long a person waits; ten minutes.

    python benchmarks/labelling.py [coverage] [latency] [peers] [--loops 1000] [--answers 40 80]

- coverage: Labellings are simulated. Each has its own population, whose labels are known, and a pool drawn
  from it. There are four kinds: two labels that are hard to tell apart, four of uneven shares, twelve of
  which half are rare, and four with a tenth of the labels drawn at random. `herding` chooses. After some
  answers, the loop's intervals are compared with the truth: accuracy and macro-F1 of its head on the
  population, and the share of each label in the pool. The table shows how often each interval holds it.
- latency: In a pool of 50,000 texts with 2,000 answers, 200 more are given. Each is timed from the answer to
  the next question: it is written and synced, the head is fitted, a text is chosen, and its labels are
  proposed. The peak memory is that of the process, encoder not included.
- peers: Macro-F1 on test of `herding`, random order, the strategies of small-text, which choose from all
  texts in batches of 25, and the one of ActiveTigger, in batches of ten. All have the same features of
  TweetEval emotion, the same head, and as many answers for training. Each peer has an environment of its own:
  `make bench-label-peers`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from textune.context import Context
from textune.data.sources import load_dataset
from textune.encoder.placement import one_thread
from textune.evaluation.intervals import Interval
from textune.labelling.answer_log import AnswerLog
from textune.labelling.asking import LabellingLoop, start_event
from textune.labelling.choices import LOOP_RECIPE, LOOP_SETTINGS
from textune.labelling.loop_head import FeatureScale, LoopHead
from textune.labelling.pool import Pool
from textune.labelling.pool_features import load_loop_encoder
from textune.labelling.quality import macro_f1_of, predicted
from textune.labelling.replay import EncodedPool, ReplayedLabels, replay_labels
from textune.labelling.shown import show_question
from textune.recipe.recipes import resolve_recipe
from textune.tasks.single_label import SINGLE

WIDTH, POPULATION, POOL = 16, 8000, 600
TEXTS, EARLIER, MEASURED = 50_000, 2000, 200
PEER_ANSWERS = (75, 150, 225, 300)
PEERS = {"small-text": "small_text_orders.py", "activetigger": "activetigger_orders.py"}
REPOSITORY = Path(__file__).parent.parent
TWEETEVAL = Path(os.environ.get("TEXTUNE_TWEETEVAL", REPOSITORY.parent / "shared" / "tweeteval"))


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


def measure_peers(source: str, peers: Sequence[str], environments: Path, seeds: int) -> None:
    ctx = Context()
    recipe = resolve_recipe(
        LOOP_RECIPE, model="embedded:minilm", data=source, seed=None, settings=list(LOOP_SETTINGS)
    )
    dataset = load_dataset(recipe.data, ctx)
    pool, test = dataset["train"], dataset["test"]
    encoder = load_loop_encoder(recipe, pool.texts, ctx)
    features, of_test = encoder.features(pool.texts, ctx), encoder.features(test.texts, ctx)
    scale = FeatureScale.of(features)
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / name) for name in ("pool.npz", "orders.npz")]
        np.savez(files[0], features=scale.apply(features).numpy()[:, :-1], labels=pool.labels)
        orders = {}
        for peer in peers:
            python = environments / peer / "bin" / "python"
            script = Path(__file__).parent / "peers" / PEERS[peer]
            arguments = [*files, "--seeds", str(seeds), "--answers", str(PEER_ANSWERS[-1])]
            subprocess.run([str(python), "-W", "ignore", str(script), *arguments], check=True)
            orders.update({f"{peer}, {name}": rows for name, rows in np.load(files[1]).items()})
    scores = {}
    for name, by_seed in orders.items():
        scores[name] = np.array(
            [
                [
                    _learn(scale, features, pool.labels, order[:count], of_test, test.labels)
                    for count in PEER_ANSWERS
                ]
                for order in by_seed
            ]
        )
    data = ReplayedLabels(pool, features, test, of_test, dataset.label_names)
    replayed = replay_labels(data, most_answers=PEER_ANSWERS[-1] * 4 // 3, seeds=seeds, ctx=ctx)
    # A quarter of the answers is for testing, and teaches nothing.
    places = [list(replayed.budgets).index(count * 4 // 3) for count in PEER_ANSWERS]
    scores.update({name: values[:, places] for name, values in replayed.macro_f1.items()})
    print(f"Macro-F1 on {len(test):,} test texts, mean and standard deviation of {seeds} seeds")
    print(f"| order | {' | '.join(f'{count} answers for training' for count in PEER_ANSWERS)} |")
    print("| --- |" + " --- |" * len(PEER_ANSWERS))
    for name, values in scores.items():
        cells = [
            f"{100 * mean:.1f} ± {100 * deviation:.1f}"
            for mean, deviation in zip(values.mean(axis=0), values.std(axis=0, ddof=1), strict=True)
        ]
        print(f"| {name} | {' | '.join(cells)} |")


def _learn(
    scale: FeatureScale,
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    chosen: NDArray[np.int64],
    of_test: NDArray[np.float32],
    test_labels: NDArray[np.int64],
) -> float:
    head = LoopHead(scale, SINGLE)
    head.fit(features[chosen], labels[chosen], int(labels.max()) + 1)
    return macro_f1_of(head, of_test, test_labels)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", help="coverage, latency, peers; by default the first two")
    parser.add_argument("--loops", type=int, default=1000)
    parser.add_argument(
        "--answers", type=int, nargs="+", default=[40, 80], help="when intervals are compared"
    )
    parser.add_argument("--seeds", type=int, default=10, help="of the comparison with peers")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--environments", type=Path, default=REPOSITORY / ".bench", help="of the peers")
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
    if "peers" in parts:
        measure_peers(str(TWEETEVAL / "emotion"), options.peers, options.environments, options.seeds)


if __name__ == "__main__":
    main()
