"""How many faults planted in TweetEval emotion `textune audit` finds.

    python benchmarks/planted_faults.py [FOLDER]

FOLDER is TweetEval's folder `emotion`. For each of three seeds, the labels of 100 training rows are changed,
50 training rows are copied into test and 20 into validation under another label, and a column is added that
gives the label away. The last columns count changed labels among the first 150 suspects of train: as the
audit chooses them, as cleanlab chooses them, and as chance would find them.
"""

from __future__ import annotations

import csv
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

FLIPPED, COPIED, DISPUTED, FIRST = 100, 50, 20, 150
LEAK = "origin"

_SPLITS = {"train": "train", "val": "validation", "test": "test"}


@dataclass(frozen=True)
class Planted:
    """What was planted.

    Attributes:
        folder: The folder of CSV files.
        flipped: Rows of train whose label was changed.
        copies: Rows of test that are copies of training rows.
        disputed: Rows of validation that are training rows under another label.
        first: How many of the first suspects of train are looked at.
        chance: Changed labels that chance would find among these.
    """

    folder: Path
    flipped: frozenset[int]
    copies: frozenset[int]
    disputed: frozenset[int]
    first: int
    chance: float


def plant(tweeteval: Path, folder: Path, *, seed: int, divisor: int = 1) -> Planted:
    """Write TweetEval with faults into a folder: with fewer of all of them, for a part of TweetEval."""
    flips, copies, disputes, first = (count // divisor for count in (FLIPPED, COPIED, DISPUTED, FIRST))
    splits = {split: _read(tweeteval, name) for name, split in _SPLITS.items()}
    names = sorted({label for _, label in splits["train"]})
    train, chooser = splits["train"], random.Random(seed)
    counts = Counter(" ".join(text.casefold().split()) for rows in splits.values() for text, _ in rows)
    alone = [row for row, (text, _) in enumerate(train) if counts[" ".join(text.casefold().split())] == 1]
    chosen = chooser.sample(alone, flips + copies + disputes)
    flipped, copied, disputed = (chosen[:flips], chosen[flips : flips + copies], chosen[flips + copies :])
    first_copy, first_disputed = len(splits["test"]), len(splits["validation"])
    splits["test"] += [train[row] for row in copied]
    splits["validation"] += [(train[row][0], _another(train[row][1], names, chooser)) for row in disputed]
    for row in flipped:
        train[row] = (train[row][0], _another(train[row][1], names, chooser))
    for split, rows in splits.items():
        _write(folder / f"{split}.csv", rows, names)
    return Planted(
        folder,
        frozenset(flipped),
        frozenset(range(first_copy, first_copy + copies)),
        frozenset(range(first_disputed, first_disputed + disputes)),
        first,
        first * flips / len(train),
    )


def _read(tweeteval: Path, name: str) -> list[tuple[str, str]]:
    texts = (tweeteval / f"{name}_text.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")
    labels = (tweeteval / f"{name}_labels.txt").read_text(encoding="utf-8").split()
    return list(zip(texts, labels, strict=True))


def _another(label: str, names: list[str], chooser: random.Random) -> str:
    return chooser.choice([name for name in names if name != label])


def _write(path: Path, rows: list[tuple[str, str]], names: list[str]) -> None:
    """Write rows with a column that gives the label away through a file name."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", LEAK])
        writer.writerows(
            (text, label, f"dump/{names.index(label) + 11}/{number:05}.json")
            for number, (text, label) in enumerate(rows)
        )


def main() -> None:
    """Print one line per seed."""
    import textune

    tweeteval = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/tweeteval/emotion")
    print("seed  copies  conflicts  column  changed labels among the first 150: own  cleanlab  chance")
    for seed in range(3):
        with tempfile.TemporaryDirectory() as folder:
            planted = plant(tweeteval, Path(folder), seed=seed)
            results = [
                textune.audit(folder, model="embedded:minilm", cleanlab=cleanlab)
                for cleanlab in (False, True)
            ]
            rows = {
                (finding.id, row.split, row.row) for finding in results[0].findings for row in finding.rows
            }
            copies = sum(("D004", "test", row) in rows for row in planted.copies)
            disputed = sum(("D007", "validation", row) in rows for row in planted.disputed)
            column = any(finding.id == "D018" for finding in results[0].findings)
            first = [[each.example.row for each in result.suspects][:FIRST] for result in results]
            own, other = (len(planted.flipped.intersection(rows)) for rows in first)
        print(
            f"{seed:4}  {copies:3}/{COPIED}  {disputed:6}/{DISPUTED}  {'yes' if column else 'no':>6}"
            f"  {own:39}  {other:8}  {planted.chance:6.1f}"
        )


if __name__ == "__main__":
    main()
