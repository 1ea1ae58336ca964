"""How often the intervals hold the truth, on simulated test sets; about ten minutes on a quiet core.

    python benchmarks/interval_coverage.py

A population has 2 to 77 classes. A classifier scores a text for each class with normal noise, and the own
class of the text scores higher by an amount that differs between classes, so that 60, 90 or 99 % of the
population are right. The probabilities are the softmax of the scores, calibrated or overconfident. A second
classifier sees the same texts with noise that is partly its own, and is a little worse. The populations are:

- calibrated probabilities; every test set has the same number of rows per class, as stratified splits have;
- overconfident probabilities; test sets are drawn at random, so that classes may be missing;
- one class of which no row is ever right, at an accuracy of 60 % on the others.

Test sets are drawn from a population whose metrics are known. For each test set, the benchmark computes the
intervals that textune writes, and counts those that hold the population's metric; those of the first sets
must also hold the test set's own. The share is that over all populations of an accuracy, and a line shows the
lowest share of the three accuracies. The last column is the share for macro-F1 if rows are resampled, every
class counts, and the percentiles are the interval.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.integrate import trapezoid
from scipy.optimize import brentq
from scipy.stats import norm

from textune.data.dataset import SINGLE_LABEL
from textune.evaluation.metrics import headline_metrics, metrics_of

METRICS = metrics_of(SINGLE_LABEL)
CLASSES = (2, 4, 20, 77)
ROWS = (5, 20, 100, 300)
ACCURACIES = (0.6, 0.9, 0.99)
SETS = 500
RESAMPLES = 200
CHECKED_SETS = 100
POPULATION = 60_000
OVERCONFIDENCE = 1.6
UNEVEN = 0.5


@dataclass(frozen=True)
class Population:
    """The probabilities (rows, classes) that two classifiers give the rows of a population, by class."""

    pair: tuple[np.ndarray, np.ndarray]
    labels: np.ndarray
    starts: np.ndarray
    draws_classes: bool

    def draw(self, sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the numbers of the rows of a test set with about these numbers of rows per class."""
        if self.draws_classes:
            sizes = rng.multinomial(sizes.sum(), sizes / sizes.sum())
        per_class = len(self.labels) // len(self.starts)
        return np.repeat(self.starts, sizes) + rng.integers(per_class, size=sizes.sum())


def make_population(
    classes: int, accuracy: float, rng: np.random.Generator, *, sharpness: float, draws: bool, blind: bool
) -> Population:
    """Return a population; `blind` makes the first class one that is never predicted for its own rows."""
    grid, offsets = np.linspace(-10, 25, 7001), np.linspace(-UNEVEN, UNEVEN, classes)

    def mean_accuracy(lead: float) -> float:
        # A row is right if its own class scores higher than each of the others.
        of_rest = norm.cdf(grid) ** (classes - 1)
        return float(np.mean([trapezoid(norm.pdf(grid - lead - each) * of_rest, grid) for each in offsets]))

    lead = brentq(lambda lead: mean_accuracy(lead) - accuracy, 0, 15)
    per_class = POPULATION // classes
    labels = np.repeat(np.arange(classes), per_class)
    noise = rng.standard_normal((len(labels), classes), dtype=np.float32)
    own = rng.standard_normal((len(labels), classes), dtype=np.float32)
    pair = []
    for scores, own_lead in ((noise, lead), (0.8 * noise + 0.6 * own, 0.95 * lead)):
        leads = own_lead + offsets
        if blind:
            leads[0] = -20.0
        raised = scores.copy()
        raised[np.arange(len(labels)), labels] += leads[labels]
        odds = np.exp((raised - raised.max(axis=1, keepdims=True)) * lead * sharpness)
        pair.append(odds / odds.sum(axis=1, keepdims=True))
    return Population((pair[0], pair[1]), labels, np.arange(classes) * per_class, draws)


def populations(classes: int, accuracy: float, rng: np.random.Generator) -> Iterator[Population]:
    """Yield the populations of the docstring above."""
    yield make_population(classes, accuracy, rng, sharpness=1.0, draws=False, blind=False)
    yield make_population(classes, accuracy, rng, sharpness=OVERCONFIDENCE, draws=True, blind=False)
    if accuracy == min(ACCURACIES):
        yield make_population(classes, accuracy, rng, sharpness=1.0, draws=False, blind=True)


def true_metrics(population: Population, sizes: np.ndarray) -> tuple[dict[str, float], dict[str, float]]:
    """Return the metrics of both classifiers if the population has classes in these proportions."""
    # All rows of the smallest class, and those of the others as often as they are larger.
    per_class = len(population.labels) // len(population.starts)
    taken = np.round(per_class * sizes / sizes.min()).astype(int)
    rows = np.concatenate(
        [start + np.arange(k) % per_class for start, k in zip(population.starts, taken, strict=True)]
    )
    pair, labels = [each[rows] for each in population.pair], population.labels[rows]
    first, second = zip(*(metric.measure(pair, labels) for metric in METRICS.values()), strict=True)
    return dict(zip(METRICS, first, strict=True)), dict(zip(METRICS, second, strict=True))


def percentile_holds(truth: float, predicted: np.ndarray, labels: np.ndarray, classes: int) -> bool:
    """Return whether the percentiles of resampled macro-F1, over all classes, hold the truth."""
    cells, counts = np.unique(labels * classes + predicted, return_counts=True)
    drawn = np.random.default_rng(0).multinomial(len(labels), counts / len(labels), size=RESAMPLES)
    values = np.zeros(RESAMPLES)
    for each in range(classes):
        of_class, of_prediction = cells // classes == each, cells % classes == each
        both = drawn[:, of_class].sum(axis=1) + drawn[:, of_prediction].sum(axis=1)
        values += 2 * drawn[:, of_class & of_prediction].sum(axis=1) / np.maximum(both, 1) / classes
    low, high = np.percentile(values, [2.5, 97.5])
    return bool(low <= truth <= high)


def count_held(
    population: Population, sizes: np.ndarray, rng: np.random.Generator, *, sets: int
) -> dict[str, list[bool]]:
    """Return whether the intervals of each test set hold the truth, by what the interval is of."""
    first, second = true_metrics(population, sizes)
    held: dict[str, list[bool]] = defaultdict(list)
    for number in range(sets):
        rows = population.draw(sizes, rng)
        pair, labels = [each[rows] for each in population.pair], population.labels[rows]
        for key, metric in METRICS.items():
            low, high = metric.interval(pair[:1], labels, samples=RESAMPLES, seed=number)
            held[key].append(low <= first[key] <= high)
            if number < CHECKED_SETS:
                assert low <= metric.measure(pair[:1], labels)[0] <= high, (key, low, high)
        for metric in headline_metrics():
            key = metric.key
            low, high = metric.difference_interval(pair, labels, samples=RESAMPLES, seed=number)
            held[f"difference of {key}"].append(low <= first[key] - second[key] <= high)
        if number < CHECKED_SETS:
            held["percentiles"].append(
                percentile_holds(first["macro_f1"], pair[0].argmax(axis=1), labels, len(sizes))
            )
    return held


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", type=int, default=SETS, help="test sets per population")
    parser.add_argument("--classes", type=int, nargs="*", default=CLASSES)
    parser.add_argument("--rows", nargs="*", help="rows per class of the test sets, such as 20 or '5 to 300'")
    arguments = parser.parse_args()
    columns = [*METRICS, *(f"difference of {metric.key}" for metric in headline_metrics()), "percentiles"]
    print(f"| classes | rows per class | {' | '.join(each.replace('_', ' ') for each in columns)} |")
    print(f"| {' | '.join(['---'] * (len(columns) + 2))} |")
    for classes in arguments.classes:
        rng = np.random.default_rng(classes)
        all_sizes = {str(rows): np.full(classes, rows) for rows in ROWS}
        all_sizes["5 to 300"] = np.geomspace(5, 300, classes).round().astype(int)
        if arguments.rows:
            all_sizes = {name: all_sizes[name] for name in arguments.rows}
        lowest: dict[str, dict[str, float]] = defaultdict(dict)
        for accuracy in ACCURACIES:
            held: dict[str, dict[str, list[bool]]] = {name: defaultdict(list) for name in all_sizes}
            for population in populations(classes, accuracy, rng):
                for name, sizes in all_sizes.items():
                    # A test set of many rows and classes takes long.
                    takes_long = sizes.sum() * classes > 200_000
                    sets = max(arguments.sets * 2 // 5 if takes_long else arguments.sets, 1)
                    for key, values in count_held(population, sizes, rng, sets=sets).items():
                        held[name][key] += values
            for name, columns_held in held.items():
                for key, values in columns_held.items():
                    lowest[name][key] = min(float(np.mean(values)), lowest[name].get(key, 1.0))
        for name in all_sizes:
            shown = " | ".join(f"{lowest[name][key]:.1%}" for key in columns)
            print(f"| {classes} | {name} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
