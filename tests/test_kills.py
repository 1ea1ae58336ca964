"""A training may be killed at any moment, and ends in the same bits.

`TEXTUNE_KILLS` sets how many kills there are (`make torture`: 100 of each kind of training).
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from killing import KILLED, Zygote, result_of
from pair_data import COLUMNS, LABEL_COLUMNS, write_label_pair_csv, write_pair_csv
from small_data import write_small_csv
from tiny_models import build_tiny_model

LONG = "TEXTUNE_KILLS" in os.environ
KILLS = int(os.environ.get("TEXTUNE_KILLS", "5"))
KILLS_A_RUN = 5
SETTINGS = [
    "evaluate.baselines=false",
    "evaluate.bootstrap_samples=100",
    "train.save_steps=3",
    "train.num_train_epochs=2",
    "train.learning_rate=0.01",
    "train.warmup_steps=0",
]
FILES = 6
"""Weights, two moments, the average, the state, the manifest."""
CALLS_A_SAVE = 2 * FILES + 3
"""Each file is written and synced; the folder is synced, renamed, and its name is synced."""
SOME_CALLS = [1, 6, 11, *range(2 * FILES + 1, CALLS_A_SAVE + 1)]
"""By default: some writes, some syncs, and all that is done to the folder."""
STEPS = 8

KINDS: dict[str, tuple[Callable[..., Path], Sequence[str]]] = {
    "single texts": (write_small_csv, ()),
    "several labels": (write_label_pair_csv, ("data.text_column=question", "data.label_columns=same,glad")),
    "pairs": (write_pair_csv, COLUMNS),
    "pairs with several labels": (write_label_pair_csv, LABEL_COLUMNS),
}
"""What a training is about: how its file is written, and how it is read."""
# By default, one more training stands for all other kinds: it is one of pairs that can have several labels.
SEEDS = [
    (kind, seed)
    for kind in KINDS
    for seed in range(max(1, KILLS // KILLS_A_RUN))
    if LONG or kind == "single texts" or (kind, seed) == ("pairs with several labels", 0)
]


@dataclass(frozen=True)
class NeverKilled:
    """The result of an undisturbed training.

    Attributes:
        result: Its bytes.
        seconds: How long it took.
    """

    result: tuple[bytes, ...]
    seconds: float


@pytest.fixture(scope="module")
def one_zygote(tmp_path_factory: pytest.TempPathFactory) -> Zygote:
    model = build_tiny_model(tmp_path_factory.mktemp("tiny-bert"), "bert")
    return Zygote(model=str(model))


@pytest.fixture(scope="module")
def zygote(
    one_zygote: Zygote, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Zygote:
    """What makes attempts at a training of the kind that is asked for."""
    write, columns = KINDS[request.param]
    data = write(tmp_path_factory.mktemp("data") / "texts.csv", 150)
    return one_zygote.asking(data=str(data), settings=[*SETTINGS, *columns])


@pytest.fixture(scope="module")
def never_killed(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> NeverKilled:
    run = tmp_path_factory.mktemp("never") / "run"
    zygote.attempt(run)
    ended = zygote.attempt(run.with_name("again"))
    assert result_of(run) == result_of(run.with_name("again"))
    return NeverKilled(result_of(run), ended["seconds"])


@pytest.fixture(scope="module")
def halfway(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was killed after step 4, with a checkpoint of step 3."""
    run = tmp_path_factory.mktemp("halfway") / "run"
    assert zygote.attempt(run, step=4)["code"] == KILLED
    return run


def draw_kill(chooser: random.Random, number: int, seconds: float) -> dict[str, Any]:
    """Draw a moment; three of five are inside the next save."""
    if number % 5 < 3:
        return {"call": chooser.randrange(1, CALLS_A_SAVE + 1)}
    if number % 5 == 3:
        return {"step": chooser.randrange(1, STEPS)}
    return {"seconds": chooser.uniform(0.0, seconds)}


def kill_again_and_again(
    zygote: Zygote, folder: Path, *, seed: int, seconds: float
) -> tuple[list[str], set[tuple[bytes, ...]]]:
    """Kill a training and its resumptions this many times, then let it finish.

    A training that ends before the moment drawn is followed by another.

    Returns:
        The kinds of the kills, and the results of the trainings.
    """
    chooser, kinds, runs = random.Random(seed), [], [folder / "0"]
    while len(kinds) < KILLS_A_RUN:
        kill = draw_kill(chooser, len(kinds) + seed, seconds)
        code = zygote.attempt(runs[-1], **kill)["code"]
        assert code in (0, KILLED), f"seed {seed}, {kill}: the attempt failed with {code}"
        if code == KILLED:
            kinds += kill
        else:
            runs.append(folder / str(len(runs)))
    assert zygote.attempt(runs[-1])["code"] == 0
    return kinds, {result_of(run) for run in runs}


@pytest.mark.parametrize(("zygote", "seed"), SEEDS, indirect=["zygote"])
def test_a_training_that_is_killed_at_random_ends_in_the_same_bits(
    zygote: Zygote, never_killed: NeverKilled, tmp_path: Path, seed: int
) -> None:
    kinds, results = kill_again_and_again(zygote, tmp_path, seed=seed, seconds=never_killed.seconds)

    assert kinds.count("call") >= len(kinds) / 3
    assert results == {never_killed.result}


@pytest.mark.parametrize("zygote", KINDS if LONG else ["single texts"], indirect=True)
@pytest.mark.parametrize("call", range(1, CALLS_A_SAVE + 1) if LONG else SOME_CALLS)
def test_a_training_that_is_killed_anywhere_in_a_save_ends_in_the_same_bits(
    zygote: Zygote, never_killed: NeverKilled, halfway: Path, tmp_path: Path, call: int
) -> None:
    run = Path(shutil.copytree(halfway, tmp_path / "run"))
    killed = zygote.attempt(run, call=call)

    ended = zygote.attempt(run)

    assert (killed["code"], ended["code"]) == (KILLED, 0)
    assert result_of(run) == never_killed.result
