"""The log of a server by hour or day: some texts of each period, drawn at random, as rows to watch.

In: the folder that `textune serve --log` wrote. Out: the periods one after the other, so that few are in
memory at a time. Does not know estimates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textune.errors import DataError
from textune.formats.text_pairs import AnyText
from textune.logbook.log_block import LogBlock
from textune.logbook.log_reader import read_log

By = Literal["hour", "day"]
SECONDS: dict[By, int] = {"hour": 3600, "day": 86_400}


@dataclass(frozen=True, eq=False)
class LogPeriod:
    """The texts of an hour or a day, in UTC, or some of them.

    Attributes:
        start: When it begins.
        total: The number of texts that the log has of it.
        logits: What the classifier gave, (texts, classes).
        features: What its head read, (texts, width); None: the log has none.
        texts: The texts, if they are kept.
    """

    start: datetime
    total: int
    logits: NDArray[np.float32]
    features: NDArray[np.floating[Any]] | None
    texts: list[AnyText] | None


def read_periods(
    folder: Path,
    *,
    by: By,
    most_texts: int,
    model_sha256: str = "",
    note: Callable[[str], None] = lambda sentence: None,
) -> Iterator[LogPeriod]:
    """Yield the periods of a log in the order of time, with at most so many texts of each.

    Where servers kept different shares of their requests, a text stands for as many as its server left out
    beside it: it is drawn that much more often.

    Raises:
        DataError: There is no log in the folder, none of this classifier, or a file is damaged.
    """
    random, drawn, ended = np.random.default_rng(0), dict[int, _Drawn](), -np.inf

    def reach(seconds: float) -> None:
        nonlocal ended
        ended = seconds

    yielded = False
    for block in read_log(folder, model_sha256=model_sha256, note=note, reached=reach):
        # What began before this file may be in it; what ended before it is complete.
        for number in sorted(number for number in drawn if (number + 1) * SECONDS[by] <= ended):
            yielded = True
            yield drawn.pop(number).period(number, by)
        numbers = (block.seconds // SECONDS[by]).astype(np.int64)
        keys = random.random(len(block)) ** block.header.sample
        for number in np.unique(numbers).tolist():
            rows = np.flatnonzero(numbers == number)
            drawn.setdefault(number, _Drawn(most_texts)).add(block, rows, keys[rows])
    for number in sorted(drawn):
        yielded = True
        yield drawn[number].period(number, by)
    if not yielded:
        raise DataError(
            f"{folder} has no texts that this run's classifier predicted.",
            "Give the run that was served, or the folder of its log.",
        )


@dataclass(eq=False)
class _Drawn:
    """The rows of one period with the largest keys, which is a random sample of them.

    With keys u ** (1 / weight), it is a sample by weight (Efraimidis and Spirakis 2006,
    https://doi.org/10.1016/j.ipl.2005.11.003).
    """

    most: int
    total: int = 0
    blocks: list[LogBlock] = field(default_factory=list)
    keys: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def add(self, block: LogBlock, rows: NDArray[np.int64], keys: NDArray[np.float64]) -> None:
        """Add rows of a block with their keys, if they are among the largest."""
        self.total += len(rows)
        if len(self.keys) >= self.most:
            is_large = keys > self.keys.min()
            rows, keys = rows[is_large], keys[is_large]
        self.blocks.append(_some(block, rows))
        self.keys = np.concatenate([self.keys, keys])
        if len(self.keys) > 2 * self.most:
            self._shrink()

    def _shrink(self) -> None:
        """Keep the rows with the largest keys."""
        kept = np.zeros(len(self.keys), dtype=bool)
        kept[np.argsort(-self.keys, kind="stable")[: self.most]] = True
        ends = np.cumsum([len(block) for block in self.blocks])[:-1]
        of_blocks = zip(self.blocks, np.split(kept, ends), strict=True)
        self.blocks = [_some(block, np.flatnonzero(mine)) for block, mine in of_blocks if mine.any()]
        self.keys = self.keys[kept]

    def period(self, number: int, by: By) -> LogPeriod:
        """Return the period of this number with what was drawn of it."""
        if len(self.keys) > self.most:
            self._shrink()
        blocks = self.blocks
        features = [block.features for block in blocks if block.features is not None]
        texts = [text for block in blocks for text in block.texts or ()]
        return LogPeriod(
            datetime.fromtimestamp(number * SECONDS[by], UTC),
            self.total,
            np.concatenate([block.logits for block in blocks]),
            np.concatenate(features) if sum(map(len, features)) == len(self.keys) else None,
            texts if len(texts) == len(self.keys) else None,
        )


def _some(block: LogBlock, rows: NDArray[np.int64]) -> LogBlock:
    """Return some rows of a block, without the memory of the others."""
    return LogBlock(
        block.header,
        seconds=block.seconds[rows],
        requests=[block.requests[row] for row in rows.tolist()],
        numbers=block.numbers[rows],
        truncated=block.truncated[rows],
        logits=block.logits[rows],
        features=None if block.features is None else block.features[rows],
        texts=None if block.texts is None else [block.texts[row] for row in rows.tolist()],
    )
