"""What a contestant is, and what every contestant reads and writes.

It reads `--data`, a JSON file
`{"labels": [...], "train": {"text", "label"}, "validation": ..., "test": ...}`;
`--model`, a folder with an encoder's weights and tokenizer; `--seed`; and `--out`, a folder. Into that folder
it writes `probabilities.npy`, (test rows, classes), and `seconds.json`, the seconds of training alone. A
contestant runs in its own environment, and imports nothing from textune's repository but this module.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ENVIRONMENTS = Path(__file__).parents[2] / ".bench"
"""Where the environments of contestants are that need packages of their own."""


@dataclass(frozen=True)
class Job:
    """What a contestant has to do.

    Attributes:
        data: The texts and labels by split, and the class names under "labels".
        model: The encoder's folder.
        seed: The seed.
        variant: Which variant of the contestant runs.
        out: Where to write.
    """

    data: dict[str, Any]
    model: str
    seed: int
    variant: str
    out: Path

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.data["labels"])

    def split(self, name: str) -> tuple[list[str], np.ndarray]:
        """Return the texts and class ids of a split."""
        return self.data[name]["text"], np.asarray(self.data[name]["label"])

    @contextmanager
    def training(self) -> Iterator[None]:
        """Count the seconds of the block as training."""
        start = time.perf_counter()
        yield
        (self.out / "seconds.json").write_text(json.dumps(time.perf_counter() - start))

    def write(self, probabilities: np.ndarray) -> None:
        """Write the test rows' probabilities."""
        np.save(self.out / "probabilities.npy", np.asarray(probabilities, dtype=np.float64))


@dataclass
class Contestant:
    """A tool, or one of its recipes.

    Attributes:
        title: What the table calls it.
        script: Its file in this folder; empty for textune's own command.
        variant: The script's variant, or textune's recipe.
        environment: The folder of its environment under `.bench`; empty for the one that runs this script.
        slow: Whether it takes minutes.
        train: Seconds of training by turn.
        whole: Seconds from start to end by turn.
        peak: Peak resident memory in MB by turn.
        metrics: The test metrics of the first turn.
    """

    title: str
    script: str
    variant: str = ""
    environment: str = ""
    slow: bool = False
    train: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)
    metrics: dict[str, Any] | None = None

    @property
    def turns(self) -> int:
        """How many turns it has had."""
        return len(self.whole)

    @property
    def python(self) -> str:
        """The interpreter that runs it."""
        return str(ENVIRONMENTS / self.environment / "bin" / "python") if self.environment else sys.executable


def read_job() -> Job:
    """Return the job that the command line describes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--variant", default="")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    data = json.loads(Path(options.data).read_text())
    return Job(data, options.model, options.seed, options.variant, options.out)
