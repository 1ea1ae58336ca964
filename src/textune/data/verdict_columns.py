"""Columns that judge a row's label, such as `status` or `skipped`: rejected rows are not labelled.

In: a source with its columns. Out: the source without the rows that were rejected, or that a machine has
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
from textune.errors import DataError
from textune.wording import counted, listed

_COLUMNS = (
    "answer", "verdict", "decision", "review", "label_source", "annotation_source", "label_origin",
    "labeled_by", "labelled_by", "annotated_by", "annotator", "label_type", "annotation_type"
)  # fmt: skip
_STATUS = re.compile(
    "(?:(?:hit|assignment|task|annotation|annotator|label|labell?ing|review|approval|response|answer|qa|"
    "validation|record|item)_?)?(?:status|state|verdict|decision)"
)
_ACCEPTED = {
    "accept", "accepted", "submitted", "approve", "approved", "complete", "completed", "done", "valid",
    "reviewed", "ok", "verified", "gold", "checked", "confirmed"
}  # fmt: skip
_TURNED_DOWN = {
    "reject", "rejected", "ignore", "ignored", "skip", "skipped", "cancelled", "canceled", "discard",
    "discarded", "draft", "invalid", "pending", "progress", "prediction", "predicted", "suggestion",
    "suggested", "needs", "todo", "unreviewed", "unverified", "unapproved", "deleted", "removed", "excluded",
    "flagged", "refused", "failed"
}  # fmt: skip
_VERDICTS = {**dict.fromkeys(_ACCEPTED, True), **dict.fromkeys(_TURNED_DOWN, False)}
_AUTHORS = {
    **dict.fromkeys(("human", "manual", "person", "annotator", "expert"), True),
    **dict.fromkeys(("machine", "model", "automatic", "auto", "gpt", "llm", "ai"), False),
}
"""Who labelled a row: this decides where no verdict is beside it, as in `skipped by annotator`."""
_KEEP = "--set data.verdicts=none"
_MOST_SHOWN = 5
_MOST_WORDS = 4
_MOST_OTHERS = 10
"""A column with more values that are not verdicts holds something else."""
_DOWN = (
    "reject|rejected|skip|skipped|ignore|ignored|cancelled|canceled|discard|discarded|draft|delete|deleted|"
    "removed|excluded|prediction|predicted|suggestion|suggested|machine_labell?ed|auto_labell?ed"
)
_UP = "accepted|approved|human_annotated|human_verified|human_reviewed|manually_verified|manually_reviewed"
_FLAG = re.compile(f"(?:is_|was_)?(?:(?P<down>{_DOWN})|(?P<up>{_UP}))")
"""A column of true and false that turns rows down, or accepts them."""


def may_judge(name: str) -> bool:
    """Return whether a column may hold verdicts, by its name.

    Example:
        >>> may_judge("AssignmentStatus"), may_judge("was_cancelled"), may_judge("order_status")
        (True, True, False)
    """
    plain = _plain(name)
    return plain in _COLUMNS or any(pattern.fullmatch(plain) for pattern in (_STATUS, _FLAG))


def without_turned_down(raw: RawSource, columns: Sequence[str]) -> RawSource:
    """Return a source without the rows that columns of verdicts reject, and notes that count them.

    Raise a `DataError` if a column turns all rows down.
    """
    for name in filter(may_judge, columns):
        raw = _judged_by(raw, name)
    return raw


def _judged_by(raw: RawSource, name: str) -> RawSource:
    """Return a source without the rows that a column rejects; the note names what is not a verdict."""
    plain = _plain(name)
    values = {split: [_written(value) for value in rows.column(name)] for split, rows in raw.splits.items()}
    counts = Counter(value for of_split in values.values() for value in of_split)
    verdict_of = {value: _verdict(plain, value) for value in counts}
    reasons = Counter({value: counts[value] for value, verdict in verdict_of.items() if verdict is False})
    others = [repr(value) for value, verdict in verdict_of.items() if value and verdict is None]
    if not reasons or len(others) > _MOST_OTHERS:
        return raw
    is_flag = _FLAG.fullmatch(plain) is not None
    if is_flag and (others or reasons.total() == counts.total()):
        return raw  # Neither true nor false, or nobody has judged yet.
    shown = ", ".join(
        f"{count:,} {value if value.isalpha() else repr(value)}" for value, count in reasons.most_common()
    )
    kept = listed(others, most=_MOST_SHOWN)
    if others and True not in verdict_of.values():
        note = (
            f"The column '{name}' may reject rows ({shown}), but its other values are not verdicts: "
            f"{kept}. All rows are kept; delete those whose labels do not count."
        )
        return replace(raw, notes=(*raw.notes, note))
    if reasons.total() == counts.total():
        raise DataError(
            f"The column '{name}' rejects all {counted(reasons.total(), 'row')}: {shown}.",
            f"To keep them: {_KEEP}",
        )
    splits = {
        split: rows.take([row for row, value in enumerate(values[split]) if value not in reasons])
        for split, rows in raw.splits.items()
    }
    note = (
        f"Left out {counted(reasons.total(), 'row')} that the column '{name}' rejects: {shown}."
        f"{f' Rows with {kept} are kept.' if others else ''} To keep them: {_KEEP}"
    )
    return replace(raw, splits=splits, notes=(*raw.notes, note))


def _verdict(plain: str, value: str) -> bool | None:
    """Return whether a cell in lower case accepts a row or turns it down; None: it holds no verdict."""
    flag = _FLAG.fullmatch(plain)
    if flag is not None:
        mark = mark_of(value)
        return mark if mark is None or flag["up"] else not mark
    words = re.findall(r"[^\W\d_]+", value)
    verdicts = {_VERDICTS[word] for word in words if word in _VERDICTS}
    verdicts = verdicts or {_AUTHORS[word] for word in words if word in _AUTHORS}
    if len(words) > _MOST_WORDS or len(verdicts) != 1:
        return None
    return verdicts.pop() is not ("not" in words)


def _written(value: Any) -> str:
    return "" if value is None else str(value).strip().casefold()


def _plain(name: str) -> str:
    return re.sub(r"[\s.-]+", "_", re.sub("(?<=[a-z])(?=[A-Z])", "_", name.strip()).casefold())
