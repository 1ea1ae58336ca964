"""Texts that stand more than once: within a split, across splits, and with different labels.

In: examples. Out: findings D003, D004 and D007. Two texts count as the same when their words are: they may
differ in case, spaces, punctuation, emoji, links and mentions, and the finding says how close they are. Does
not know texts that are merely alike (`near_duplicates`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

from textune.audit.findings import Example, Finding, found_row, percent, split_sizes
from textune.audit.wording import words_of
from textune.data.dataset import SPLITS
from textune.data.raw import counted
from textune.data.splits import normalise_text

MOST_LEAKAGE = 0.01
"""The share of a held-out split's rows that may stand in another split before its figures mislead."""

Groups = list[list[Example]]


def find_duplicates(examples: Sequence[Example], label_names: Sequence[str]) -> list[Finding]:
    """Find texts that stand more than once."""
    by_words: defaultdict[str, list[Example]] = defaultdict(list)
    for example in examples:
        by_words[words_of(example.text)].append(example)
    groups = [group for group in by_words.values() if len(group) > 1]
    sizes = split_sizes(examples)
    found = [
        *(_within(groups, split, label_names) for split in SPLITS),
        *(_across(groups, first, later, sizes, label_names) for first, later in combinations(SPLITS, 2)),
        _conflicts(groups, label_names),
    ]
    return [finding for finding in found if finding is not None]


def _within(groups: Groups, split: str, names: Sequence[str]) -> Finding | None:
    inside = [[example for example in group if example.split == split] for group in groups]
    inside = [group for group in inside if len(group) > 1]
    if not inside:
        return None
    rows = [found_row(example, names[example.label]) for group in inside for example in group]
    stand = "text stands" if len(inside) == 1 else "texts stand"
    return Finding(
        "D003",
        "warning",
        f"{len(inside):,} {stand} more than once in {split} ({len(rows):,} rows): {_closeness(inside)}",
        len(inside),
        tuple(rows),
        "Keep one row of each: a text that stands twice counts twice, in training as in the figures.",
    )


def _closeness(groups: Groups) -> str:
    """Return how many groups hold copies of which kind, the closest kind of each."""
    kinds = {"to the letter": 0, "but for case and spaces": 0, "in the same words": 0}
    for group in groups:
        if len({example.text for example in group}) < len(group):
            kinds["to the letter"] += 1
        elif len({normalise_text(example.text) for example in group}) < len(group):
            kinds["but for case and spaces"] += 1
        else:
            kinds["in the same words"] += 1
    return ", ".join(f"{count:,} {kind}" for kind, count in kinds.items() if count)


def _across(
    groups: Groups, first: str, later: str, sizes: dict[str, int], names: Sequence[str]
) -> Finding | None:
    shared = [group for group in groups if {first, later} <= {example.split for example in group}]
    if not shared:
        return None
    both = [[example for example in group if example.split in (first, later)] for group in shared]
    rows = [found_row(example, names[example.label]) for group in both for example in group]
    count, total = sum(row.split == later for row in rows), sizes[later]
    stand = "row" if count == 1 else "rows"
    return Finding(
        "D004",
        "error" if count > MOST_LEAKAGE * total else "warning",
        f"{count:,} {stand} of {later}, {percent(count / total)} of it, also in {first}: {_closeness(both)}",
        count,
        tuple(rows),
        f"Delete them from {first}: figures on texts that a model was made with are too good."
        if first == "train"
        else f"Delete them from {first}: what was chosen on a text should not be measured on it.",
    )


def _conflicts(groups: Groups, names: Sequence[str]) -> Finding | None:
    disputed = [group for group in groups if len({example.label for example in group}) > 1]
    if not disputed:
        return None
    rows = [found_row(example, names[example.label]) for group in disputed for example in group]
    return Finding(
        "D007",
        "warning",
        f"{counted(len(disputed), 'text')} with different labels ({len(rows):,} rows)",
        len(disputed),
        tuple(rows),
        "Decide on one label for each text, or delete it: no model can be right about both.",
    )
