"""What is said of a watched source: how many labels would tell more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from textune.watching.sentences import evidence_sentence
from textune.watching.watch_result import LabelEvidence
from textune.watching.watched import Watched


def watched(evidence: LabelEvidence, *, texts: int, is_estimated: bool = True) -> Watched:
    result = SimpleNamespace(
        evidence=evidence, texts=texts, estimates={"accuracy": 0.8} if is_estimated else {}
    )
    return cast(Any, SimpleNamespace(result=result))


@pytest.mark.parametrize(
    ("evidence", "texts", "said"),
    [
        (LabelEvidence(0, 1, None), 3, "About 1 label would halve the interval."),
        (LabelEvidence(0, 1200, None), 9000, "About 1,200 labels would halve the interval."),
        (LabelEvidence(0, 40, None), 40, "Labels of nearly all texts would halve the interval."),
        (LabelEvidence(1, 1, None), 9, "1 text has a label; about 1 more label would halve the interval."),
        (
            LabelEvidence(12, 30, 0.75),
            99,
            "12 texts have labels, and 75.0 % of these are right; "
            "about 30 more labels would halve the interval.",
        ),
        (LabelEvidence(9, 1, 0.5), 9, "All of the texts have labels."),
    ],
)
def test_how_many_labels_would_halve_the_interval_is_said_in_whole_words(
    evidence: LabelEvidence, texts: int, said: str
) -> None:
    assert evidence_sentence(watched(evidence, texts=texts)) == said


@pytest.mark.parametrize(
    ("texts", "which"), [(9000, "385 of them, drawn at random,"), (200, "all of them"), (385, "all of them")]
)
def test_without_an_estimate_it_is_said_which_labels_would_give_one(texts: int, which: str) -> None:
    said = evidence_sentence(watched(LabelEvidence(0, 385, None), texts=texts, is_estimated=False))

    assert said == f"Labels of {which} would give an estimate to 5 points."
