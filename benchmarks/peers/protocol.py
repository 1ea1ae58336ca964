"""What a peer reads and writes. A peer runs in its own environment, and imports nothing of textune.

`--rows` is a file of JSON Lines with an object per row, in the order of the splits: `split` (train,
validation or test), `text`, and `label`, the name of its class. Where a text can have several labels, there
is `labels` instead, a list of names. `--model` is a folder with an encoder's weights and tokenizer, `--seed`
a number, `--variant` says which variant of the peer runs, and `--out` is an empty folder.

Into that folder it writes `predictions.jsonl`, with an object per test row in their order: `scores`, the
probability of each class by name, or `label` (`labels`), what it decides. Where a text can have several
labels, `validation.jsonl` may hold scores of the validation rows, by which the labels' thresholds are chosen
for all peers alike; without it, a label is given from 0.5. `seconds.json` may hold the seconds of training
alone. A peer may learn from train and validation. It must not choose anything by test.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Job:
    """What a peer has to do.

    Attributes:
        rows: The rows' objects.
        model: The encoder's folder.
        seed: The seed.
        variant: Which variant of the peer runs.
        out: Where to write.
    """

    rows: list[dict[str, Any]]
    model: str
    seed: int
    variant: str
    out: Path

    @cached_property
    def several(self) -> bool:
        """Whether a text can have several labels."""
        return "labels" in self.rows[0]

    @cached_property
    def names(self) -> list[str]:
        """The names of the classes: those that train has."""
        train = [row for row in self.rows if row["split"] == "train"]
        return sorted({name for row in train for name in (row["labels"] if self.several else [row["label"]])})

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.names)

    def split(self, name: str) -> tuple[list[str], np.ndarray]:
        """Return a split's texts and class ids, (rows,); with several labels, zeros and ones (rows, classes).

        A label that train does not have, which only other splits can have, is left out of several.
        """
        rows = [row for row in self.rows if row["split"] == name]
        texts = [row["text"] for row in rows]
        if not self.several:
            ids = {name: place for place, name in enumerate(self.names)}
            return texts, np.array([ids[row["label"]] for row in rows])
        return texts, np.array([[int(name in row["labels"]) for name in self.names] for row in rows])

    @contextmanager
    def training(self) -> Iterator[None]:
        """Count the seconds of the block as training."""
        start = time.perf_counter()
        yield
        (self.out / "seconds.json").write_text(json.dumps(time.perf_counter() - start))

    def answer(
        self, probabilities_of: Callable[[list[str]], np.ndarray], names: Sequence[str] | None = None
    ) -> None:
        """Write the probabilities (texts, classes) that a function gives to texts.

        Its columns are `names`, or those of the job.
        """
        columns = list(names or self.names)
        for split in ("test", "validation") if self.several else ("test",):
            rows = np.asarray(probabilities_of(self.split(split)[0]), dtype=np.float64).tolist()
            file = "predictions.jsonl" if split == "test" else "validation.jsonl"
            self._write(file, ({"scores": dict(zip(columns, row, strict=True))} for row in rows))

    def answer_labels(self, decided: Iterable[Any]) -> None:
        """Write the test rows' labels by name; several are lists."""
        self._write("predictions.jsonl", ({"labels" if self.several else "label": each} for each in decided))

    def _write(self, file: str, lines: Iterable[dict[str, Any]]) -> None:
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (self.out / file).write_text(text, encoding="utf-8")


def read_job() -> Job:
    """Return the job that the command line describes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--variant", default="")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    # Not by splitlines: a text may hold characters that end lines elsewhere.
    with options.rows.open(encoding="utf-8", newline="\n") as file:
        rows = [json.loads(line) for line in file]
    return Job(rows, options.model, options.seed, options.variant, options.out)
