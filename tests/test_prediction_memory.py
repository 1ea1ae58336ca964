"""Predicting takes no more memory for more rows.

`TEXTUNE_SOAK_ROWS` sets how many there are (`make soak-predict`: 1,000,000).
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

import numpy as np
import pytest

from small_data import small_rows
from textune.commands.predict import predict
from tiny_classifiers import linear_classifier, save_run

ROWS = int(os.environ.get("TEXTUNE_SOAK_ROWS", "36000"))
SETTLING = 18_000
"""Rows after which libraries have what they keep: until then a heap may grow by steps of 2 MB."""
MOST_MB_A_100_000 = 5.0
NOISE_MB = 3.0
"""What a heap may gain for no reason of the rows': it decides where there are few."""


class Scales:
    """An observer that measures the memory of this process as it goes."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.megabytes: list[float] = []

    def stage(self, title: str) -> None:
        pass

    def note(self, sentence: str) -> None:
        pass

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self.rows.append(done)
        self.megabytes.append(pages * resource.getpagesize() / 1e6)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_memory_does_not_grow_with_the_rows(
    tmp_path: Path, tiny_distilbert: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = save_run(tmp_path / "run", linear_classifier(Path(tiny_distilbert)))
    texts = [text for text, _ in small_rows(1000)]
    with (tmp_path / "posts.csv").open("w", encoding="utf-8") as file:
        file.write("id,text\n")
        file.writelines(f"{number},{texts[number % 1000]}\n" for number in range(ROWS))
    scales = Scales()

    predict(run, input_file=str(tmp_path / "posts.csv"), output=tmp_path / "out.parquet", observer=scales)

    rows, megabytes = np.array(scales.rows), np.array(scales.megabytes)
    quarter = (ROWS - SETTLING) / 4
    early = np.median(megabytes[(rows >= SETTLING) & (rows <= SETTLING + quarter)])
    # The middles of the first and the last quarter are three quarters apart.
    growth = float(np.median(megabytes[rows >= ROWS - quarter]) - early) * 4 / 3
    if ROWS >= 100_000:
        slope = growth / (ROWS - SETTLING) * 1e5
        with capsys.disabled():
            print(f"\n{ROWS:,} rows: {early:,.0f} MB, and {slope:+.2f} MB for every 100,000")  # noqa: T201
    assert growth <= max(NOISE_MB, MOST_MB_A_100_000 * (ROWS - SETTLING) / 1e5)
