"""The order in which ActiveTigger asks for labels, given features.

    python activetigger_orders.py POOL ORDERS --seeds 3 --answers 375

POOL is an .npz file with `features` (texts, width) and `labels` (texts,). ORDERS becomes one with the numbers
of the texts (seeds, answers). The first 25 texts are random. Then ActiveTigger's own model of annotations, a
logistic regression with its defaults, is fitted after every tenth answer, and its selection `active` takes
the texts with the highest entropy. The model is called here as ActiveTigger's server calls it.
"""

from __future__ import annotations

import argparse
import tempfile
import uuid
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from activetigger.models import SimpleModels

FIRST, EVERY = 25, 10
USER, SCHEME = "user", "labels"


class Queue:
    """A queue that works at once; ActiveTigger's own has processes."""

    def __init__(self) -> None:
        self.current: dict[str, dict[str, Future[Any]]] = {}

    def add(self, _kind: str, function: Any, arguments: dict[str, Any]) -> str:
        done: Future[Any] = Future()
        done.set_result(function(**arguments))
        key = str(uuid.uuid4())
        self.current[key] = {"future": done}
        return key

    def delete(self, key: str) -> None:
        del self.current[key]


def choose(features: np.ndarray, labels: np.ndarray, answers: int, seed: int) -> list[int]:
    chosen = np.random.default_rng(seed).permutation(len(features))[:FIRST].tolist()
    columns = [f"feature {number}" for number in range(features.shape[1])]
    table = pd.DataFrame(features, columns=columns)
    names = np.array([f"label {label}" for label in labels], dtype=object)
    with tempfile.TemporaryDirectory() as folder:
        models = SimpleModels(Path(folder), Queue())
        while len(chosen) < answers:
            table["labels"] = [None] * len(table)
            table.loc[chosen, "labels"] = names[chosen]
            models.add_simplemodel(USER, SCHEME, columns, "liblinear", table, "labels", columns, True)
            models.update_processes()
            entropy = models.get_model(USER, SCHEME).proba["entropy"].drop(chosen)
            chosen += entropy.sort_values(ascending=False).index[:EVERY].tolist()
    return chosen[:answers]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("pool")
    parser.add_argument("orders")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--answers", type=int, default=375)
    options = parser.parse_args()
    pool = np.load(options.pool)
    orders = [
        choose(pool["features"], pool["labels"], options.answers, seed) for seed in range(options.seeds)
    ]
    np.savez(options.orders, active=np.array(orders))


if __name__ == "__main__":
    main()
