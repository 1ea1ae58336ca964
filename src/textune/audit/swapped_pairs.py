"""Pairs that occur in both orders, "a | b" and "b | a", across splits or with different labels: D020.

Whether the order of two texts means anything depends on the task. If it does, as for a question and its
answer, a swapped pair is another pair; if it does not, as for duplicates, it is a copy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

from textune.audit.checks import AuditInput, check
from textune.audit.duplicates import MOST_LEAKAGE, words_of
from textune.audit.findings import Example, Finding, FlaggedRow, percent, split_sizes
from textune.data.dataset import SPLITS
from textune.formats.text_pairs import TextPair
from textune.wording import counted


@check(needs="texts", in_training=True, D020="swapped pairs")
def find_swapped_pairs(audited: AuditInput) -> Iterator[Finding]:
    """Find pairs that occur in both orders."""
    orders: defaultdict[tuple[str, ...], dict[bool, list[Example]]] = defaultdict(dict)
    for example in audited.examples:
        if isinstance(example.text, TextPair):
            first, second = map(words_of, example.text)
            # Two texts with the same words have no order.
            if first != second:
                orders[min(first, second), max(first, second)].setdefault(first < second, []).append(example)
    both = [order for order in orders.values() if len(order) == 2]
    sizes = split_sizes(audited.examples)

    def rows_of(groups: list[dict[bool, list[Example]]]) -> tuple[FlaggedRow, ...]:
        names = audited.label_names
        return tuple(
            row.flag(row.named(names)) for group in groups for rows in group.values() for row in rows
        )

    for earlier, later in combinations(SPLITS, 2):
        across = [group for group in both if _is_across(group, earlier, later)]
        if across:
            count = sum(row.split == later for group in across for rows in group.values() for row in rows)
            share = count / sizes[later]
            yield Finding(
                "D020",
                "error" if share > MOST_LEAKAGE else "warning",
                f"{counted(count, 'row')} of {later} ({percent(share)}) also in {earlier}, with the texts "
                "swapped",
                count,
                rows_of(across),
                f"If the order of the texts does not matter, these are copies: delete them from {earlier}.",
            )
    if disputed := [group for group in both if _labels(group, True).isdisjoint(_labels(group, False))]:
        yield Finding(
            "D020",
            "info",
            f"{counted(len(disputed), 'pair')} with another label when the texts are swapped",
            len(disputed),
            rows_of(disputed),
            "If the order of the texts does not matter, decide on one label. If it does, these are right.",
        )


def _is_across(group: dict[bool, list[Example]], earlier: str, later: str) -> bool:
    splits = {order: {row.split for row in rows} for order, rows in group.items()}
    return any(earlier in splits[order] and later in splits[not order] for order in (True, False))


def _labels(group: dict[bool, list[Example]], order: bool) -> set[tuple[int, ...]]:
    return {row.labels for row in group[order]}
