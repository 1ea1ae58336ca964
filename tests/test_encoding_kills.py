"""An encoding may be killed at any moment: finished blocks are kept, and the features have the same bits.

`TEXTUNE_ENCODING_KILLS` sets how many kills there are (`make torture`: 100).
"""

from __future__ import annotations

import os
import random
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import killing_encodings
from killing import KILLED, Zygote
from killing_encodings import ROWS, ROWS_PER_BLOCK

KILLS = int(os.environ.get("TEXTUNE_ENCODING_KILLS", "6"))
BLOCKS = ROWS // ROWS_PER_BLOCK
CALLS = BLOCKS + 2
"""Each block is finished; the file is completed, and published."""


@pytest.fixture(scope="module")
def zygote(tiny_distilbert: str, tmp_path_factory: pytest.TempPathFactory) -> Zygote:
    log = tmp_path_factory.mktemp("log") / "blocks"
    process = Zygote(killing_encodings.__name__, model=tiny_distilbert, log=str(log))
    # The first attempt also imports libraries: its duration would say nothing about that of later ones.
    process.attempt(log.with_name("first"))
    return process


def features_in(cache: Path) -> dict[str, bytes]:
    """Return the contents of the files of features, by name."""
    return {path.name: path.read_bytes() for path in (cache / "features").iterdir()}


def draw_kill(chooser: random.Random, number: int, *, seconds: float) -> dict[str, Any]:
    """Draw a moment; every other one is between two steps of writing."""
    if number % 2:
        return {"seconds": chooser.uniform(0.1, 0.9) * seconds}
    return {"call": chooser.randrange(1, CALLS + 1)}


def test_an_encoding_that_is_killed_at_random_gives_the_same_bits(zygote: Zygote, tmp_path: Path) -> None:
    undisturbed = zygote.attempt(tmp_path / "never")
    caches = zygote.killed_at_random(tmp_path, KILLS, partial(draw_kill, seconds=undisturbed["seconds"]))

    assert [features_in(cache) for cache in caches] == [features_in(tmp_path / "never")] * len(caches)


def test_finished_blocks_are_not_encoded_again(zygote: Zygote, tmp_path: Path) -> None:
    log = tmp_path / "blocks"
    noting = zygote.asking(log=str(log))
    assert noting.attempt(tmp_path / "cache", call=BLOCKS - 3)["code"] == KILLED
    before = log.read_text(encoding="utf-8").split()

    noting.attempt(tmp_path / "cache")

    after = log.read_text(encoding="utf-8").split()[len(before) :]
    assert len(before) == BLOCKS - 3
    assert after == [before[-1], *after[1:]]
    assert len(after) == 4
    assert len({*before, *after}) == BLOCKS
