"""Texts that occur more than once: within a split (D003), across splits (D004), with different labels (D007).

Two texts count as the same if their words are the same: case, spaces, punctuation, emoji, links and mentions
may differ, and the finding says how close the copies are. `near_duplicates` finds texts that are merely
similar.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import combinations

from textune.audit.checks import AuditInput, check
from textune.audit.findings import Example, Finding, FlaggedRow, disagree, percent, split_sizes
from textune.data.dataset import SPLITS
from textune.data.splits import normalise_text
from textune.formats.text_pairs import AnyText, sides_of
from textune.wording import counted

MOST_LEAKAGE = 0.01
"""The share of a held-out split's rows that may occur in another split before its metrics mislead."""

LINK_OR_MENTION = re.compile(r"https?://\S+|www\.\S+|(?<!\w)@\w+", re.IGNORECASE)

_NO_WORD = re.compile(r"\W+")

Groups = list[list[Example]]


@check(
    needs="texts",
    in_training=True,
    D003="duplicates within a split",
    D004="duplicates across splits",
    D007="conflicting labels",
)
def find_duplicates(audited: AuditInput) -> Iterator[Finding]:
    """Find texts that occur more than once."""
    groups = _groups(audited.examples)
    sizes, names, noun = split_sizes(audited.examples), audited.label_names, audited.noun
    for split in SPLITS:
        inside = [[example for example in group if example.split == split] for group in groups]
        if inside := [group for group in inside if len(group) > 1]:
            rows = _rows(inside, names)
            occur = f"{noun} occurs" if len(inside) == 1 else f"{noun}s occur"
            yield Finding(
                "D003",
                "warning",
                f"{len(inside):,} {occur} more than once in {split} ({len(rows):,} rows): "
                + _closeness(inside),
                len(inside),
                rows,
                f"Keep one row per {noun}: what occurs twice counts twice, in training and in metrics.",
            )
    for first, later in combinations(SPLITS, 2):
        shared = [group for group in groups if {first, later} <= {example.split for example in group}]
        if shared:
            both = [[example for example in group if example.split in (first, later)] for group in shared]
            yield _across(both, first, later, sizes[later], names)
    if disputed := [group for group in groups if disagree(group)]:
        rows = _rows(disputed, names)
        labels = "the labels of each" if audited.is_multi_label else "one label per"
        yield Finding(
            "D007",
            "warning",
            f"{counted(len(disputed), noun)} with different labels ({len(rows):,} rows)",
            len(disputed),
            rows,
            f"Decide on {labels} {noun}, or delete the {noun}: no model can get both labels right.",
        )


def _groups(examples: Sequence[Example]) -> Groups:
    """Return the examples of every text that occurs more than once, in the order of the first of each."""
    first: dict[bytes, int] = {}
    others: defaultdict[int, list[Example]] = defaultdict(list)
    for number, example in enumerate(examples):
        before = first.setdefault(words_key(words_of(example.text)), number)
        if before < number:
            others[before].append(example)
    return [[examples[number], *others[number]] for number in sorted(others)]


def words_key(words: str) -> bytes:
    """Return a hash that stands for the words of a text, which take several times the memory."""
    return blake2b(words.encode(errors="surrogatepass"), digest_size=16).digest()


def words_of(text: AnyText) -> str:
    """Return a text's words without case, spaces, punctuation, emoji, links and mentions.

    A text without any word, such as one of emoji only, keeps everything but case and spaces. The texts of a
    pair are on two lines.

    Example:
        >>> words_of("@you  Depression SUCKS! https://t.co/x"), words_of("depression sucks😔")
        ('depression sucks', 'depression sucks')
    """
    if not isinstance(text, str):
        return "\n".join(map(words_of, text))
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _NO_WORD.sub(" ", LINK_OR_MENTION.sub(" ", plain)).strip() or normalise_text(plain)


def _across(groups: Groups, first: str, later: str, size: int, names: Sequence[str]) -> Finding:
    rows = _rows(groups, names)
    count = sum(row.split == later for row in rows)
    reason = (
        "metrics on texts that the model was trained on are too good."
        if first == "train"
        else "a text that helped to choose a model must not measure it."
    )
    return Finding(
        "D004",
        "error" if count > MOST_LEAKAGE * size else "warning",
        f"{counted(count, 'row')} of {later} ({percent(count / size)}) also in {first}: "
        + _closeness(groups),
        count,
        rows,
        f"Delete them from {first}: {reason}",
    )


def _rows(groups: Groups, names: Sequence[str]) -> tuple[FlaggedRow, ...]:
    return tuple(example.flag(example.named(names)) for group in groups for example in group)


def _closeness(groups: Groups) -> str:
    kinds = {"exact": 0, "differing in case or spaces": 0, "with the same words": 0}
    for group in groups:
        if len({example.text for example in group}) < len(group):
            kinds["exact"] += 1
        elif len({tuple(map(normalise_text, sides_of(row.text))) for row in group}) < len(group):
            kinds["differing in case or spaces"] += 1
        else:
            kinds["with the same words"] += 1
    return ", ".join(f"{count:,} {kind}" for kind, count in kinds.items() if count)
