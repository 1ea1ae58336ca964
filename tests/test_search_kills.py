"""A search may be killed at any moment: no trial is lost or counted twice, and the choice is the same.

`TEXTUNE_SEARCH_KILLS` sets how many kills there are (`make torture`: 20).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import killing_searches
from killing import Zygote
from small_data import write_small_csv

KILLS = int(os.environ.get("TEXTUNE_SEARCH_KILLS", "2"))
TRIALS = 16 if KILLS > 3 else 6
SETTINGS = ["evaluate.baselines=false", "evaluate.bootstrap_samples=100"]


def outcome_of(run: Path) -> dict[str, Any]:
    """Return what a search found, without how long it took."""
    document: dict[str, Any] = json.loads((run / "tuning.json").read_text(encoding="utf-8"))
    for trial in document["trials"]:
        del trial["seconds"]
    return document


def test_a_search_that_is_killed_at_random_has_the_same_trials_and_the_same_choice(
    tiny_distilbert: str, tmp_path: Path
) -> None:
    data = write_small_csv(tmp_path / "texts.csv", 150)
    zygote = Zygote(
        killing_searches.__name__, model=tiny_distilbert, data=str(data), trials=TRIALS, settings=SETTINGS
    )
    # The first attempt also imports libraries: its duration would say nothing about that of later ones.
    assert zygote.attempt(tmp_path / "first")["code"] == 0
    never_killed = zygote.attempt(tmp_path / "never")
    seconds = never_killed["seconds"]
    runs = zygote.killed_at_random(
        tmp_path, KILLS, lambda chooser, _: {"seconds": chooser.uniform(0.1, 0.9) * seconds}
    )

    results = [outcome_of(run) for run in [tmp_path / "first", *runs]]

    assert results == [outcome_of(tmp_path / "never")] * len(results)
    assert len(results[0]["trials"]) == TRIALS
