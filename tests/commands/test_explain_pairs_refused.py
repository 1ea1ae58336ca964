"""Commands that take single texts only say so of a run on pairs, and what takes pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("arguments", [["serve"], ["explain", "so happy"]])
def test_a_command_for_single_texts_names_the_one_that_takes_pairs(
    pair_run: Path, arguments: list[str], textune_command: Any
) -> None:
    outcome = textune_command(arguments[0], pair_run, *arguments[1:])

    assert outcome.code == 2
    assert f"`textune {arguments[0]}` does not take pairs" in outcome.err
    assert "textune predict" in outcome.err
    assert "--text-pair" not in outcome.err
