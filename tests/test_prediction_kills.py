"""A prediction may be killed at any moment, and ends in the same bytes.

`TEXTUNE_PREDICTION_KILLS` sets how many kills there are (`make torture`: 100 of each kind of prediction).
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

import killing_predictions
from killing import KILLED, Zygote
from pair_data import write_label_pair_csv
from small_data import small_rows
from table_files import write
from tiny_classifiers import linear_classifier, save_run

KILLS = int(os.environ.get("TEXTUNE_PREDICTION_KILLS", "5"))
KILLS_A_FILE = 5
SUFFIXES = (".parquet", ".csv", ".jsonl")
ROWS = 2 * 1024 + 200
"""Three parts, the last of them a short one."""
CALLS = 16
"""Fewer fsyncs, renames and deletions than a prediction of three parts makes."""


KINDS = ("single texts", "pairs with several labels")
# By default, one file of pairs is written; the long form writes as many as of single texts.
SEEDS = [
    (kind, seed)
    for kind in KINDS
    for seed in range(max(1, KILLS // KILLS_A_FILE))
    if "TEXTUNE_PREDICTION_KILLS" in os.environ or kind == KINDS[0] or seed == 0
]


@pytest.fixture(scope="module")
def zygotes(
    tmp_path_factory: pytest.TempPathFactory, tiny_distilbert: str, pair_label_run: Path
) -> dict[str, Zygote]:
    """What makes attempts at predictions, by their kinds: one process for all."""
    folder = tmp_path_factory.mktemp("kills")
    run = save_run(folder / "run", linear_classifier(Path(tiny_distilbert)))
    texts = (f"{number},{text}\n" for number, (text, _) in enumerate(small_rows(ROWS)))
    data = write(folder / "posts.csv", "id,text\n" + "".join(texts))
    process = Zygote(killing_predictions.__name__, run=str(run), data=str(data))
    # The first attempt also imports libraries: its duration would say nothing about that of later ones.
    process.attempt(folder / "first.csv")
    pair_data = write_label_pair_csv(folder / "pairs.csv", ROWS)
    return {KINDS[0]: process, KINDS[1]: process.asking(run=str(pair_label_run), data=str(pair_data))}


def draw_kill(chooser: random.Random, number: int, seconds: float) -> dict[str, Any]:
    """Draw a moment; every other one is between two steps of writing."""
    if number % 2:
        return {"seconds": chooser.uniform(0.1, 0.9) * seconds}
    return {"call": chooser.randrange(1, CALLS)}


def kill_again_and_again(zygote: Zygote, out: Path, *, seed: int, seconds: float) -> tuple[int, set[bytes]]:
    """Kill a prediction and its resumptions this many times, then let it finish.

    One that ends before the moment drawn is followed by another.

    Returns:
        The number of kills, and what the predictions ended in.
    """
    chooser, kills, results = random.Random(seed), 0, set()
    while kills < KILLS_A_FILE:
        kill = draw_kill(chooser, kills + seed, seconds)
        code = zygote.attempt(out, **kill)["code"]
        assert code in (0, KILLED), f"seed {seed}, {kill}: the attempt failed with {code}"
        if code == KILLED:
            kills += 1
        else:
            results.add(out.read_bytes())
            out.unlink()
    assert zygote.attempt(out)["code"] == 0
    return kills, results | {out.read_bytes()}


@pytest.mark.parametrize(("kind", "seed"), SEEDS)
def test_a_prediction_that_is_killed_at_random_ends_in_the_same_bytes(
    zygotes: dict[str, Zygote], tmp_path: Path, kind: str, seed: int
) -> None:
    zygote = zygotes[kind]
    never, out = (tmp_path / f"{name}{SUFFIXES[seed % len(SUFFIXES)]}" for name in ("never", "out"))
    undisturbed = zygote.attempt(never)

    kills, results = kill_again_and_again(zygote, out, seed=seed, seconds=undisturbed["seconds"])

    assert (kills, undisturbed["code"]) == (KILLS_A_FILE, 0)
    assert results == {never.read_bytes()}
    assert sorted(tmp_path.iterdir()) == [never, out]
