"""The texts of a source: what a text is, and what becomes of the rows without one.

In: a source as it was read. Out: the rows with texts, or with pairs of texts, and their numbers; or a
`DataError` with all places. Does not look at labels.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from textune.data.raw import RawSource, RawSplit
from textune.errors import DataError
from textune.formats.text_pairs import TextPair, has_pairs
from textune.wording import counted

BlankTexts = Literal["auto", "drop", "refuse", "keep"]

_SHARE_LEFT_OUT = 0.01

# White space, and characters that show nothing: controls, marks of direction, joiners and fillers.
_BLANK = re.compile(
    "[\\s\\x00-\\x1f\\x7f-\\x9f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f"
    "\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0]*"
)


@dataclass(frozen=True)
class TextRows:
    """A source whose rows all have texts, and by split the number (from 0) that each row had before."""

    source: RawSource
    numbers: Mapping[str, Sequence[int]]


def is_blank(text: Any) -> bool:
    r"""Return whether a cell holds no text: nothing, or only characters that cannot be seen.

    A pair is blank if one of its texts is.

    Example:
        >>> is_blank(" \u200b"), is_blank(None), is_blank("0"), is_blank(TextPair("why?", ""))
        (True, True, False, True)
    """
    if isinstance(text, TextPair):
        return any(map(is_blank, text))
    if isinstance(text, str):
        return _BLANK.fullmatch(text) is not None
    return text is None or (isinstance(text, float) and math.isnan(text))


def are_left_out(blank: int, rows: int, policy: BlankTexts) -> bool:
    """Return whether training leaves out the rows without a text of a split, rather than refuse them."""
    return policy == "drop" or (policy == "auto" and blank <= rows * _SHARE_LEFT_OUT)


def blanks_as_empty(rows: RawSplit) -> RawSplit:
    """Return rows whose texts are empty where there is none."""
    empty: Any = TextPair("", "") if has_pairs(rows.texts) else ""

    def emptied(text: Any) -> Any:
        if isinstance(text, TextPair):
            return TextPair(*("" if is_blank(side) else side for side in text))
        return empty if is_blank(text) else text

    return replace(rows, texts=[emptied(text) for text in rows.texts])


def rows_with_texts(raw: RawSource, policy: BlankTexts) -> TextRows:
    """Return the rows with a text, or with both texts of a pair; a note says which ones are left out.

    Args:
        raw: A source as it was read.
        policy: What becomes of rows without a text: `auto` leaves them out up to 1 % of a split, `drop`
            leaves all out, `refuse` none, and `keep` takes an empty text.

    Raises:
        DataError: Rows without a text are refused, a value is not a text, or some rows are pairs and others
            are not.
    """
    is_pairs = any(has_pairs(rows.texts) for rows in raw.splits.values())
    what = "both texts" if is_pairs else "a text"
    blank = {
        split: [index for index, text in enumerate(rows.texts) if is_blank(text)]
        for split, rows in raw.splits.items()
    }
    _refuse_other_values(raw.splits, TextPair if is_pairs else str)
    if policy == "keep":
        kept = {split: blanks_as_empty(rows) for split, rows in raw.splits.items()}
        return TextRows(replace(raw, splits=kept), {split: range(len(kept[split].texts)) for split in kept})
    refused = {
        split: rows
        for split, rows in blank.items()
        if rows and not are_left_out(len(rows), len(raw.splits[split].texts), policy)
    }
    if refused:
        raise DataError(
            f"{counted(sum(map(len, refused.values())), 'row')} without {what} (empty, or only spaces): "
            f"{_places(raw.splits, refused)}.",
            "Add their texts, or leave these rows out with --set data.blank_texts=drop"
            + (" (up to 1 % of a split are left out without it)." if policy == "auto" else "."),
        )
    numbers = {
        split: sorted(set(range(len(rows.texts))) - set(blank[split])) for split, rows in raw.splits.items()
    }
    notes = tuple(
        f"{len(rows):,} of {counted(len(raw.splits[split].texts), 'row')} of {split} "
        f"{_have_none(len(rows), is_pairs=is_pairs)} left out: "
        f"{raw.splits[split].text_places(rows)}."
        for split, rows in blank.items()
        if rows
    )
    splits = {
        split: rows.take(numbers[split]) if blank[split] else rows for split, rows in raw.splits.items()
    }
    return TextRows(replace(raw, splits=splits, notes=(*raw.notes, *notes)), numbers)


def _have_none(count: int, *, is_pairs: bool) -> str:
    have, are = ("have", "are") if count > 1 else ("has", "is")
    return f"{have} {'only one text of the pair, or none,' if is_pairs else 'no text'} and {are}"


def _refuse_other_values(splits: Mapping[str, RawSplit], kind: type) -> None:
    wrong = {
        split: [i for i, text in enumerate(rows.texts) if not isinstance(text, kind) and not is_blank(text)]
        for split, rows in splits.items()
    }
    first = next((splits[split].texts[rows[0]] for split, rows in wrong.items() if rows), None)
    if first is not None and kind is TextPair:
        raise DataError(
            f"{_places(splits, wrong)}: {str(first)[:60]!r} is not a pair of texts, as in other rows.",
            "Give every row two texts, or every row one: a data set has either pairs or single texts.",
        )
    if first is not None:
        raise DataError(
            f"{_places(splits, wrong)}: {str(first)[:60]!r} ({type(first).__name__}) is not a text.",
            "Is this the right column? Name another with --set data.text_column=NAME, or convert it to text.",
        )


def _places(splits: Mapping[str, RawSplit], indices: Mapping[str, Sequence[int]]) -> str:
    return "; ".join(splits[split].text_places(rows) for split, rows in indices.items() if rows)
