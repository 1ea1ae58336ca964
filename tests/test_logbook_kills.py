"""A server that keeps its predictions may be killed at any moment: no file is torn, and nothing doubled.

`TEXTUNE_LOG_KILLS` sets how many kills there are (`make torture`: 100).
"""

from __future__ import annotations

import os
import random
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

import killing_logbooks
from kept_requests import kept_ids
from killing import Zygote
from killing_logbooks import REQUESTS

KILLS = int(os.environ.get("TEXTUNE_LOG_KILLS", "8"))


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Zygote:
    process = Zygote(killing_logbooks.__name__)
    # The first attempt also imports libraries: its duration would say nothing about that of later ones.
    process.attempt(tmp_path_factory.mktemp("first") / "log")
    return process


def draw_kill(chooser: random.Random, number: int, *, seconds: float) -> dict[str, Any]:
    """Draw a moment; every other one is in the middle of a write, or between two files."""
    if number % 2:
        return {"seconds": chooser.uniform(0.1, 0.9) * seconds}
    return {"call": chooser.randrange(2, 120)}


def noted_of(folder: Path) -> tuple[set[str], set[str]]:
    """Return the ids of the requests that were put, and of those that were said to be written."""
    put, kept = set[str](), set[str]()
    for line in folder.with_suffix(".noted").read_text(encoding="utf-8").splitlines():
        kind, *values = line.split()
        if kind == "put":
            put.add(values[0])
        else:
            kept |= {f"id-{number}" for number in range(*map(int, values))}
    return put, kept


def test_no_file_is_torn_and_no_request_that_was_written_is_lost_or_doubled(
    zygote: Zygote, tmp_path: Path
) -> None:
    undisturbed = zygote.attempt(tmp_path / "never")
    folders = zygote.killed_at_random(tmp_path, KILLS, partial(draw_kill, seconds=undisturbed["seconds"]))

    ids = [kept_ids(folder) for folder in folders]
    put, written = zip(*map(noted_of, folders), strict=True)
    lost = [len(expected - set(found)) for found, expected in zip(ids, written, strict=True)]
    doubled = [len(found) - len(set(found)) for found in ids]
    unknown = [len(set(found) - expected) for found, expected in zip(ids, put, strict=True)]
    assert (lost, doubled, unknown) == ([0] * len(ids),) * 3
    assert [len(each) for each in put] == [REQUESTS] * len(ids)


def test_after_the_last_start_every_file_is_a_parquet_file_that_any_tool_reads(
    zygote: Zygote, tmp_path: Path
) -> None:
    [*folders] = zygote.killed_at_random(tmp_path, 4, partial(draw_kill, seconds=1.0))

    files = [file for folder in folders for file in folder.iterdir()]
    assert {file.suffix for file in files} == {".parquet"}
    assert min(parquet.read_metadata(file).num_rows for file in files) > 0
