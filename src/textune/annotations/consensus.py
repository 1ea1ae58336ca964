"""Several people's answers about one text become its label or labels, and their agreement a number.

Of single labels, the one that most people gave wins; a tie gives none. Where texts can have several, people
decide on each label on its own. Does not know files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from textune.annotations.registry import Answer

TIED = "tied"
UNANSWERED = "without annotation"


def complete_answers(answers: Sequence[Answer]) -> list[Answer]:
    """Return one answer for all the partial answers of a person.

    Example:
        >>> both = [Answer(("joy",), is_partial=True), Answer((), "rejected", is_partial=True)]
        >>> [(answer.labels, answer.verdict) for answer in complete_answers(both)]
        [(('joy',), 'rejected')]
    """
    parts: dict[str, Answer] = {}
    for answer in answers:
        if answer.is_partial:
            before = parts.get(answer.annotator, Answer(asked=()))
            both = tuple(sorted({*before.labels, *answer.labels}))
            asked = None
            if before.asked is not None and answer.asked is not None:
                asked = tuple(sorted({*before.asked, *answer.asked}))
            parts[answer.annotator] = Answer(both, answer.verdict, answer.annotator, asked=asked)
    return [*(answer for answer in answers if not answer.is_partial), *parts.values()]


def join_answers(answers: Sequence[Answer]) -> tuple[tuple[str, ...], str, str]:
    """Return the labels that most people gave; or else the reason; and the votes where people disagree.

    Example:
        >>> join_answers([Answer(("joy",)), Answer(("anger",)), Answer(("joy",)), Answer(verdict="skipped")])
        (('joy',), '', 'joy 2, anger 1')
    """
    ranked = Counter(answer.labels for answer in answers if answer.labels).most_common()
    if not ranked:
        return (), _most_frequent_verdict(answers), ""
    if len(ranked) == 1:
        return ranked[0][0], "", ""
    votes = _votes([answer for answer in answers if answer.labels])
    return ((), TIED, votes) if ranked[0][1] == ranked[1][1] else (ranked[0][0], "", votes)


def join_label_sets(
    answers: Sequence[Answer], names: Sequence[str], *, blank_is_none: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...], str, str]:
    """Return a text's labels where it can have several, those not known, the reason for none, and the votes.

    A text has a label if more than half of those who were asked about it gave it. If half did, or nobody was
    asked, it is not known. If there is no label that most people gave, and most people gave some, there is no
    majority. With `blank_is_none`, an answer of which it is unclear whether it means none of the labels does.

    Example:
        >>> answers = [Answer(("joy",)), Answer(("joy", "love")), Answer(("joy",))]
        >>> join_label_sets(answers, ["anger", "joy", "love"])
        (('joy',), (), '', 'joy 2, joy + love 1')
        >>> join_label_sets(answers[:2], ["anger", "joy", "love"])
        (('joy',), ('love',), '', 'joy 1, joy + love 1')
    """
    counts = ("yes", "unclear") if blank_is_none else ("yes",)
    given = [answer for answer in answers if answer.labels or answer.asked or answer.has_none in counts]
    if not given:
        return (), (), _most_frequent_verdict(answers), ""
    labels, unknown = [], []
    for name in names:
        asked = [
            answer for answer in given if answer.asked is None or name in (*answer.asked, *answer.labels)
        ]
        balance = 2 * sum(name in answer.labels for answer in asked) - len(asked)
        labels += [name] if balance > 0 else []
        unknown += [name] if balance == 0 else []
    votes = _votes(given) if len({answer.labels for answer in given}) > 1 else ""
    if not labels and 2 * sum(bool(answer.labels) for answer in given) > len(given):
        return (), (), TIED, votes
    return tuple(labels), tuple(unknown), "", votes


def _most_frequent_verdict(answers: Sequence[Answer]) -> str:
    verdicts = Counter(answer.verdict for answer in answers).most_common(1)
    return verdicts[0][0] if verdicts else UNANSWERED


def _votes(answers: Sequence[Answer]) -> str:
    """Return the labels that people gave, with their numbers."""
    ranked = Counter(answer.labels for answer in answers).most_common()
    return ", ".join(f"{' + '.join(labels) or 'none'} {count}" for labels, count in ranked)


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
