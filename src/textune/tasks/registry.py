"""The kinds of label, by the name that transformers has for each."""

from __future__ import annotations

from textune.tasks.label_kind import LabelKind
from textune.tasks.multi_label import MULTI
from textune.tasks.single_label import SINGLE

LABEL_KINDS: dict[str, LabelKind] = {kind.problem_type: kind for kind in (SINGLE, MULTI)}


def label_kind(problem_type: str) -> LabelKind:
    """Return the kind of label with a problem type of transformers' configurations.

    Example:
        >>> label_kind("multi_label_classification").is_multi_label
        True
    """
    return LABEL_KINDS[problem_type]
