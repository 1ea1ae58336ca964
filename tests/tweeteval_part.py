"""A part of TweetEval's emotion task: its first rows, for tests that would take minutes on all of them."""

from __future__ import annotations

import os
from pathlib import Path

IS_WHOLE = bool(os.environ.get("TEXTUNE_WHOLE_TWEETEVAL"))
"""Whether such tests take all rows."""


def part_of_tweeteval(tweeteval: Path, folder: Path, **rows: int) -> Path:
    """Write the first rows of some splits, and all rows of others, into a folder in the same layout.

    Args:
        tweeteval: The folder of the task.
        folder: The folder to write. If `IS_WHOLE`, nothing is written.
        rows: How many rows to take of `train`, `val` and `test`.

    Returns:
        The folder that holds the rows.
    """
    if IS_WHOLE:
        return tweeteval
    folder.mkdir()
    (folder / "mapping.txt").write_bytes((tweeteval / "mapping.txt").read_bytes())
    for split in ("train", "val", "test"):
        for kind in ("text", "labels"):
            lines = (tweeteval / f"{split}_{kind}.txt").read_bytes().splitlines(keepends=True)
            (folder / f"{split}_{kind}.txt").write_bytes(b"".join(lines[: rows.get(split)]))
    return folder
