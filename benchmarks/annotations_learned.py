"""What a server with `--label-studio` learns from annotations: accuracy on test after more and more of them.

Trains a recipe on so many random rows of each class, then gives the classifier other training rows as
annotations, in random order, and measures it on all test rows.

    python benchmarks/annotations_learned.py [--data emotion banking77] [--recipe few] [--per-class 8]
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch

import textune
from few_labels import read
from textune.runtimes.choosing import load_predictor
from textune.runtimes.torch_predictor import TorchPredictor
from textune.serving.label_studio_protocol import AnnotatedText
from textune.serving.revision import Revision

MODEL = "embedded:minilm"
STEPS = (0, 10, 30, 100, 300, 1000)


def main() -> None:
    """Train, annotate and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", nargs="+", default=["emotion", "banking77"])
    parser.add_argument("--recipe", default="few")
    parser.add_argument("--per-class", type=int, default=8)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{'data':<12}{'annotations':>12}{'accuracy':>10}{'variance':>10}{'learned in':>12}")
    for name in options.data:
        measure(name, options.recipe, options.per_class)


def measure(name: str, recipe: str, per_class: int) -> None:
    """Print the accuracy on a data set after each number of annotations."""
    train, test = read(name)
    random.Random(0).shuffle(train)
    counts: Counter[str] = Counter()
    first, rest = [], []
    for text, label in train:
        (first if counts[label] < per_class else rest).append((text, label))
        counts[label] += 1
    with tempfile.TemporaryDirectory() as folder:
        run = textune.train(
            recipe,
            model=MODEL,
            data=tuple(map(list, zip(*first, strict=True))),
            out=Path(folder) / "run",
            settings=["evaluate.baselines=false"],
        ).run
        predictor = load_predictor(run, runtime="torch")
    assert isinstance(predictor, TorchPredictor)
    features, logits = predictor.read([text for text, _ in test])
    labels = np.array([predictor.label_names.index(label) for _, label in test])
    revision = Revision(predictor)
    for done, most in zip((0, *STEPS), STEPS, strict=False):
        start = time.process_time()
        random_rows = random.Random(1).sample(rest, len(rest))[done:most]
        revision.learn(
            AnnotatedText(str(done + place), text, (label,))
            for place, (text, label) in enumerate(random_rows)
        )
        seconds = time.process_time() - start
        revised = predictor.revise(features, logits) if predictor.revise else logits
        accuracy = (predictor.kind.probabilities(revised).argmax(axis=1) == labels).mean()
        print(f"{name:<12}{most:>12,}{accuracy:>10.1%}{revision.variance:>10g}{seconds:>10.2f} s", flush=True)


if __name__ == "__main__":
    main()
