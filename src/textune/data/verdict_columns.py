"""Columns that judge a row's label, such as a reviewer's `status`: rejected rows are not labelled.

In: a source with its columns. Out: the source without the rows that were turned down, and a note that counts
them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from textune.data.raw import RawSource
from textune.wording import counted

_COLUMNS = ("answer", "status", "verdict", "decision", "review", "review_status", "annotation_status")
_ACCEPTED = {"", "accept", "accepted", "submitted", "approved", "completed", "done", "valid", "reviewed"}
_TURNED_DOWN = {
    "reject", "rejected", "ignore", "ignored", "skip", "skipped", "cancelled", "canceled", "discarded",
    "draft", "invalid", "pending"
}  # fmt: skip


def may_judge(name: str) -> bool:
    """Return whether a column may hold verdicts, by its name."""
    return name.strip().casefold().replace(" ", "_") in _COLUMNS


def without_turned_down(raw: RawSource, columns: Sequence[str]) -> RawSource:
    """Return a source without the rows that a column of verdicts turns down, and a note that counts them."""
    for name in filter(may_judge, columns):
        verdicts = {
            split: [str(value or "").strip().casefold() for value in rows.column(name)]
            for split, rows in raw.splits.items()
        }
        counts = Counter(verdict for values in verdicts.values() for verdict in values)
        turned_down = Counter({verdict: counts[verdict] for verdict in counts.keys() & _TURNED_DOWN})
        if not turned_down or counts.keys() - _ACCEPTED - _TURNED_DOWN:
            continue
        splits = {
            split: rows.take([row for row, each in enumerate(verdicts[split]) if each not in _TURNED_DOWN])
            for split, rows in raw.splits.items()
        }
        reasons = ", ".join(f"{count:,} {verdict}" for verdict, count in turned_down.most_common())
        note = (
            f"Left out {counted(turned_down.total(), 'row')} that the column '{name}' turns down: "
            f"{reasons}. Rename the "
            "column to keep them."
        )
        return replace(raw, splits=splits, notes=(*raw.notes, note))
    return raw
