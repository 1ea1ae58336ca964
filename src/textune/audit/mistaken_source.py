"""Labels that look alike, and texts without letters: D024 and D025.

Both are signs that the source was written or read otherwise than it was meant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from textune.audit.checks import AuditInput, check
from textune.audit.findings import Finding
from textune.data.split_notes import names_alike, without_letters
from textune.wording import counted, listed

_SHOWN = 6


@check(needs="texts", D024="labels that look alike")
def find_labels_alike(audited: AuditInput) -> Iterator[Finding]:
    """Find labels that differ only in case and spaces; the rows of all but the most frequent are flagged."""
    groups = names_alike(audited.label_names)
    if not groups:
        return
    rows_of = Counter(label for example in audited.examples for label in example.labels)
    ids = {name: number for number, name in enumerate(audited.label_names)}
    rarer = {ids[name] for group in groups for name in group} - {
        max((ids[name] for name in group), key=rows_of.__getitem__) for group in groups
    }
    shown = [
        " and ".join(f"{name!r} ({counted(rows_of[ids[name]], 'row')})" for name in group) for group in groups
    ]
    labels = sum(map(len, groups))
    yield Finding(
        "D024",
        "warning",
        f"{counted(labels, 'label')} that look alike but count as different: {listed(shown, most=_SHOWN)}",
        labels,
        rows=tuple(
            example.flag(example.named(audited.label_names))
            for example in audited.examples
            if rarer.intersection(example.labels)
        ),
        advice="If they mean the same, write them alike in the source: otherwise a model has to guess which.",
    )


@check(needs="texts", D025="texts without letters")
def find_texts_without_letters(audited: AuditInput) -> Iterator[Finding]:
    """Find out whether hardly a text has a letter."""
    texts = [example.text for example in audited.examples if example.split == "train"]
    if texts and (without := without_letters(texts)):
        yield Finding(
            "D025",
            "warning",
            f"{without:,} of {counted(len(texts), 'text')} of train without letters: only numbers and signs",
            without,
            advice="If the texts are in another column, name it with data.text_column.",
        )
