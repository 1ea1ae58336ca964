"""A labelling may be killed at any moment: no answer that was kept is lost, and none counts twice.

`TEXTUNE_LABELLING_KILLS` sets how many kills there are (`make torture`: 100).
"""

from __future__ import annotations

import os
import random
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import killing_labellings
from killing import Zygote
from killing_labellings import ANSWERS
from textune.annotations.labelling_journal import PersonAnswer
from textune.labelling.answer_log import AnswerLog

KILLS = int(os.environ.get("TEXTUNE_LABELLING_KILLS", "8"))
CALLS_AN_ANSWER = 4
"""The two halves of a line, the sync, and the unlocking."""


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Zygote:
    process = Zygote(killing_labellings.__name__)
    # The first attempt also imports libraries: its duration would say nothing about that of later ones.
    process.attempt(tmp_path_factory.mktemp("first") / "labels")
    return process


def draw_kill(chooser: random.Random, number: int, *, seconds: float) -> dict[str, Any]:
    """Draw a moment; every other one is in the middle of an append."""
    if number % 2:
        return {"seconds": chooser.uniform(0.1, 0.9) * seconds}
    return {"call": chooser.randrange(2, CALLS_AN_ANSWER * ANSWERS // 4)}


def answers_in(folder: Path) -> list[PersonAnswer]:
    """Return all answers in the journal of a folder."""
    state = AnswerLog(folder).state
    return [answer for key in state.keys() for answer in state.answers_about(key)]  # noqa: SIM118


def noted_of(folder: Path) -> list[str]:
    """Return the keys and labels of the answers that were said to be kept."""
    return folder.with_suffix(".kept").read_text(encoding="utf-8").splitlines()


def test_no_answer_is_lost_or_doubled_by_kills(zygote: Zygote, tmp_path: Path) -> None:
    undisturbed = zygote.attempt(tmp_path / "never")
    folders = zygote.killed_at_random(tmp_path, KILLS, partial(draw_kill, seconds=undisturbed["seconds"]))

    kept = [[f"{answer.key} {answer.labels[0]}" for answer in answers_in(folder)] for folder in folders]
    assert [len(set(answers)) for answers in kept] == [ANSWERS] * len(folders)
    assert [len(answers) for answers in kept] == [ANSWERS] * len(folders)
    noted = [noted_of(folder) for folder in folders]
    assert [set(lines) - set(answers) for lines, answers in zip(noted, kept, strict=True)] == [set()] * len(
        folders
    )
    assert [len(lines) for lines in noted] == [len(set(lines)) for lines in noted]
