"""Do texts fit a classifier? It takes pairs of texts if it was trained on pairs, and else single texts."""

from __future__ import annotations

from collections.abc import Iterable

from textune.errors import DataError
from textune.formats.text_pairs import AnyText, TextPair


def check_texts_fit(texts: Iterable[AnyText], *, pairs: bool) -> None:
    """Raise a `DataError` if a text is a pair but the classifier takes no `pairs`, or the reverse."""
    for number, text in enumerate(texts, start=1):
        if isinstance(text, TextPair) is not pairs:
            raise misfit(pairs=pairs, place=f"text {number}")


def misfit(*, pairs: bool, place: str) -> DataError:
    """Return the error about a text at a place that is a pair but should not be, or the reverse."""
    if pairs:
        return DataError(
            f"This classifier takes pairs of texts, and {place} is a single text.",
            "Give both texts: TEXT --text-pair TEXT, a table with --set data.text_column=NAME --set "
            "data.text_pair_column=NAME, or (first, second) in Python.",
        )
    return DataError(
        f"This classifier takes single texts, and {place} is a pair of texts.",
        "Give one text: without --text-pair, data.text_pair_column or a second text.",
    )
