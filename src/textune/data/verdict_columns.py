"""Columns that judge a row's label, such as `status` or `skipped`: rejected rows are not labelled.

In: a source with its columns. Out: the source without the rows that were turned down, or that a machine has
labelled, and a note that counts them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from textune.data.raw import RawSource
from textune.data.split_marks import mark_of
from textune.wording import counted

_COLUMNS = (
    "answer", "status", "state", "verdict", "decision", "review", "review_status", "annotation_status",
    "annotation_state", "label_status", "label_state", "label_source", "annotation_source", "label_origin",
    "labeled_by", "labelled_by"
)  # fmt: skip
_ACCEPTED = {
    "", "accept", "accepted", "submitted", "approved", "completed", "done", "valid", "reviewed", "ok",
    "verified", "human", "manual", "person", "annotator", "expert"
}  # fmt: skip
_TURNED_DOWN = {
    "reject", "rejected", "ignore", "ignored", "skip", "skipped", "cancelled", "canceled", "discarded",
    "draft", "invalid", "pending", "in progress", "machine", "model", "prediction", "predicted", "suggestion",
    "suggested", "automatic", "auto"
}  # fmt: skip
_DOWN = "reject|rejected|skip|skipped|ignore|ignored|cancelled|canceled|discard|discarded|draft"
_UP = "accepted|approved|human_annotated"
_FLAG = re.compile(f"(?:is_|was_)?(?:(?P<down>{_DOWN})|(?P<up>{_UP}))")
"""A column of true and false that turns rows down, or accepts them."""


def may_judge(name: str) -> bool:
    """Return whether a column may hold verdicts, by its name."""
    plain = _plain(name)
    return plain in _COLUMNS or _FLAG.fullmatch(plain) is not None


def without_turned_down(raw: RawSource, columns: Sequence[str]) -> RawSource:
    """Return a source without the rows that a column of verdicts turns down, and a note that counts them."""
    for name in filter(may_judge, columns):
        plain = _plain(name)
        values = {
            split: [_written(value) for value in rows.column(name)] for split, rows in raw.splits.items()
        }
        counts = Counter(value for of_split in values.values() for value in of_split)
        turned_down, accepted = _verdicts(plain, set(counts))
        reasons = Counter({value: counts[value] for value in counts.keys() & turned_down})
        if not reasons or counts.keys() - turned_down - accepted:
            continue
        if _FLAG.fullmatch(plain) and reasons.total() == counts.total():
            continue  # Nobody has judged yet.
        splits = {
            split: rows.take([row for row, each in enumerate(values[split]) if each not in turned_down])
            for split, rows in raw.splits.items()
        }
        shown = ", ".join(
            f"{count:,} {value if value.isalpha() else repr(value)}" for value, count in reasons.most_common()
        )
        note = (
            f"Left out {counted(reasons.total(), 'row')} that the column '{name}' turns down: "
            f"{shown}. Rename the "
            "column to keep them."
        )
        return replace(raw, splits=splits, notes=(*raw.notes, note))
    return raw


def _verdicts(plain: str, values: set[str]) -> tuple[set[str], set[str]]:
    """Return the values of a column that turn a row down, and those that do not."""
    flag = _FLAG.fullmatch(plain)
    if flag is None:
        return _TURNED_DOWN, _ACCEPTED
    is_down = flag["down"] is not None
    turned_down = {value for value in values if mark_of(value) is is_down}
    return turned_down, {value for value in values if mark_of(value) is not is_down and _is_mark(value)}


def _is_mark(value: str) -> bool:
    return not value or mark_of(value) is not None


def _written(value: Any) -> str:
    return "" if value is None else str(value).strip().casefold()


def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().casefold())
