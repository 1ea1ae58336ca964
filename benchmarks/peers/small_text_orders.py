"""The order in which small-text's strategies ask for labels, given features.

    python small_text_orders.py POOL ORDERS --seeds 3 --answers 375

POOL is an .npz file with `features` (texts, width) and `labels` (texts,). ORDERS becomes one with the numbers
of the texts (seeds, answers) by the name of the strategy. The first 25 texts are random, and the others come
in batches of 25, each chosen by a logistic regression on all labels so far, whose penalty is textune's.
"""

from __future__ import annotations

import argparse

import numpy as np
from sklearn.linear_model import LogisticRegression
from small_text import (
    BreakingTies,
    ContrastiveActiveLearning,
    EmbeddingKMeans,
    GreedyCoreset,
    LeastConfidence,
    PredictionEntropy,
    SklearnDataset,
)

STRATEGIES = {
    "breaking ties": BreakingTies,
    "least confidence": LeastConfidence,
    "entropy": PredictionEntropy,
    "embedding k-means": EmbeddingKMeans,
    "greedy coreset": GreedyCoreset,
    "contrastive": ContrastiveActiveLearning,
}
BATCH = 25


class Classifier:
    """A logistic regression with the methods that the strategies call."""

    def __init__(self, features: np.ndarray, labels: np.ndarray, classes: int) -> None:
        self._model = LogisticRegression(C=10 / features.shape[1], max_iter=300).fit(features, labels)
        self._classes = classes

    def predict_proba(self, dataset: SklearnDataset) -> np.ndarray:
        known = self._model.predict_proba(dataset.x)
        probabilities = np.zeros((len(known), self._classes))
        probabilities[:, self._model.classes_] = known
        return probabilities

    def embed(self, dataset: SklearnDataset, return_proba: bool = False, **_: object) -> object:
        return (dataset.x, self.predict_proba(dataset)) if return_proba else dataset.x


def choose(strategy: object, features: np.ndarray, labels: np.ndarray, answers: int, seed: int) -> list[int]:
    np.random.seed(seed)  # What small-text draws from.
    chosen = np.random.default_rng(seed).permutation(len(features))[:BATCH].tolist()
    dataset, classes = SklearnDataset(features, labels), int(labels.max()) + 1
    while len(chosen) < answers:
        free = np.setdiff1d(np.arange(len(features)), chosen)
        known = np.array(chosen)
        classifier = Classifier(features[known], labels[known], classes)
        new = strategy.query(classifier, dataset, free, known, labels[known], n=BATCH)
        chosen += [int(number) for number in new]
    return chosen


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("pool")
    parser.add_argument("orders")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--answers", type=int, default=375)
    options = parser.parse_args()
    pool = np.load(options.pool)
    features, labels = pool["features"], pool["labels"]
    orders = {}
    for name, kind in STRATEGIES.items():
        orders[name] = [
            choose(kind(), features, labels, options.answers, seed) for seed in range(options.seeds)
        ]
        print(name, flush=True)
    np.savez(options.orders, **{name: np.array(order) for name, order in orders.items()})


if __name__ == "__main__":
    main()
