"""`textune label --replay`."""

from __future__ import annotations

from pathlib import Path

import pytest

from small_data import write_small_csv
from textune.commands.label_replay import replay_labelling
from textune.errors import RequestError


def test_a_replay_says_what_an_order_saves(tiny_distilbert: str, tmp_path: Path) -> None:
    data = write_small_csv(tmp_path / "data.csv", 150)

    done = replay_labelling(
        str(data), model=tiny_distilbert, answers=40, seeds=2, picture=tmp_path / "curves.svg"
    )

    assert len(done.document["strategies"]["herding"]["macro_f1"]) == len(done.document["answers"])
    assert (tmp_path / "curves.svg").read_text().startswith("<svg")


def test_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(RequestError, match="no strategy 'best'"):
        replay_labelling("sample:emotion", strategies=["best"])


def test_a_picture_that_is_no_svg_is_refused() -> None:
    with pytest.raises(RequestError, match=r"curves\.png"):
        replay_labelling("sample:emotion", picture="curves.png")
