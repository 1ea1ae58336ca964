"""What a result says about long texts: how many there are, what was not read, and what windows bring."""

from __future__ import annotations

from typing import Any

import numpy as np

from textune.encoder.tokenization import SplitReading
from textune.evaluation.document import LongTexts
from textune.evaluation.long_texts import measure_long_texts

LABELS = np.arange(200) % 2
RIGHT = np.eye(2)[LABELS] * 0.8 + 0.1
HALF_RIGHT = np.eye(2)[LABELS * (np.arange(200) % 4 < 2)] * 0.8 + 0.1


def measured(*, longer: int = 30, unread: int = 0, windows: bool = True, **others: Any) -> LongTexts | None:
    """Return what is said of 100 texts with 10,000 tokens."""
    values = {"read": RIGHT, "labels": LABELS, "bootstrap_samples": 100, **others}
    reading = {"test": SplitReading(100, longer, 10_000, unread, 300)}
    return measure_long_texts(reading, windows=windows, **values)


def test_nothing_is_said_where_no_text_is_long() -> None:
    assert measured(longer=0) is None


def test_a_run_that_cuts_says_what_it_did_not_read() -> None:
    result = measured(unread=2_500, windows=False)

    assert result is not None
    assert result.sentence == (
        "30 of 100 texts are longer than the model reads at once: 25.0 % of all tokens are not read. Windows "
        "read them: --set prepare.long_texts=windows"
    )


def test_what_windows_bring_over_cutting_has_an_interval() -> None:
    result = measured(cut=HALF_RIGHT)

    assert result is not None
    assert result.against_cutting is not None
    assert result.against_cutting.ci95[0] > 0
    assert "On validation: reading windows is better than cutting by" in result.sentence


def test_several_labels_are_compared_as_well() -> None:
    labels = np.stack([LABELS, 1 - LABELS], axis=1)

    result = measured(cut=HALF_RIGHT[:, ::-1], read=RIGHT[:, ::-1], labels=labels)

    assert result is not None
    assert result.against_cutting is not None
    assert result.against_cutting.difference > 0


def test_without_a_comparison_the_result_says_so() -> None:
    result = measured()

    assert result is not None
    assert "was not measured" in result.sentence
