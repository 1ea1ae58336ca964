"""Several people's answers about one text become one label, and their agreement a number.

The label that most people gave wins; a tie gives none. Does not know files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from textune.annotations.registry import Answer

TIED = "tied"
_UNANSWERED = "without annotation"


def complete_answers(answers: Sequence[Answer]) -> list[Answer]:
    """Return one answer for all the partial answers of a person.

    Example:
        >>> complete_answers([Answer(("joy",), is_partial=True), Answer((), "rejected", is_partial=True)])
        [Answer(labels=('joy',), verdict='rejected', annotator='', is_partial=False)]
    """
    parts: dict[str, Answer] = {}
    for answer in answers:
        if answer.is_partial:
            labels = parts.get(answer.annotator, Answer()).labels
            both = tuple(sorted({*labels, *answer.labels}))
            parts[answer.annotator] = Answer(both, answer.verdict, answer.annotator)
    return [*(answer for answer in answers if not answer.is_partial), *parts.values()]


def join_answers(answers: Sequence[Answer]) -> tuple[tuple[str, ...], str, str]:
    """Return the labels that most people gave; or else the reason; and the votes where people disagree.

    Example:
        >>> join_answers([Answer(("joy",)), Answer(("anger",)), Answer(("joy",)), Answer(verdict="skipped")])
        (('joy',), '', 'joy 2, anger 1')
    """
    ranked = Counter(answer.labels for answer in answers if answer.labels).most_common()
    if not ranked:
        verdicts = Counter(answer.verdict for answer in answers).most_common(1)
        return (), verdicts[0][0] if verdicts else _UNANSWERED, ""
    if len(ranked) == 1:
        return ranked[0][0], "", ""
    votes = ", ".join(f"{' + '.join(labels)} {count}" for labels, count in ranked)
    return ((), TIED, votes) if ranked[0][1] == ranked[1][1] else (ranked[0][0], "", votes)


def krippendorff_alpha(units: Sequence[Sequence[tuple[str, ...]]]) -> float | None:
    """Return Krippendorff's alpha for nominal values; None where chance alone would always agree.

    Each unit holds the values that the people gave who judged it; units with one value do not count. Source:
    Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011.

    Example:
        >>> joy, anger = ("joy",), ("anger",)
        >>> krippendorff_alpha([[joy, joy], [anger, anger], [joy, joy], [joy, anger]])
        0.5333333333333333
    """
    counts = [Counter(unit) for unit in units if len(unit) > 1]
    total: Counter[tuple[str, ...]] = Counter()
    for count in counts:
        total += count
    size = total.total()
    expected = size**2 - sum(number**2 for number in total.values())
    if not expected:
        return None
    observed = sum(
        (count.total() ** 2 - sum(number**2 for number in count.values())) / (count.total() - 1)
        for count in counts
    )
    return 1 - (size - 1) * observed / expected
