"""How much of long texts a run reads, and what reading them in windows brings over cutting them.

In: what the tokenizer counted, and the probabilities of validation by both ways. Out: `LongTexts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.encoder.tokenization import SplitReading
from textune.evaluation.comparison import (
    Comparison,
    compare_label_sets,
    compare_probabilities,
    describe_comparison,
)
from textune.evaluation.document import LongTexts
from textune.evaluation.label_scores import LabelScores
from textune.evaluation.label_thresholds import choose_label_thresholds
from textune.evaluation.metrics import in_percent


def measure_long_texts(
    reading: Mapping[str, SplitReading],
    *,
    windows: bool,
    cut: NDArray[np.float64] | None = None,
    read: NDArray[np.float64],
    labels: NDArray[Any],
    bootstrap_samples: int,
) -> LongTexts | None:
    """Return how much of long texts is read; None if no text is longer than the encoder reads at once.

    Args:
        reading: What was counted, by split.
        windows: Whether longer texts are read in windows; else they are cut.
        cut: The probabilities (rows, classes) of validation by a classifier of truncated texts, trained in
            the same way; None if there is none.
        read: Those of the run's own classifier.
        labels: The labels of validation; (rows, classes) if a text can have several.
        bootstrap_samples: The number of resamples for intervals that need them.
    """
    if not any(split.longer for split in reading.values()):
        return None
    sentence, parts = _describe_amount(reading, windows=windows), dict[str, Any]()
    if windows and cut is not None:
        comparison = _compare(read, cut, labels, bootstrap_samples)
        parts["against_cutting"] = comparison.macro_f1
        verdict = describe_comparison(comparison, "reading windows", "cutting")
        sentence += f" On validation: {verdict[:1].lower()}{verdict[1:]}"
    elif windows:
        sentence += " What windows bring over cutting was not measured, as that needs a second training."
    kind = "windows" if windows else "cut"
    return LongTexts(reading=kind, splits=dict(reading), **parts, sentence=sentence)


def _compare(
    first: NDArray[np.float64], second: NDArray[np.float64], labels: NDArray[Any], samples: int
) -> Comparison:
    if labels.ndim == 1:
        return compare_probabilities(first, second, labels, bootstrap_samples=samples)
    # The thresholds of a row come from other rows, as in the metrics of validation.
    one, other = (
        LabelScores(values, choose_label_thresholds(values, labels).given) for values in (first, second)
    )
    return compare_label_sets(one, other, labels, bootstrap_samples=samples)


def _describe_amount(reading: Mapping[str, SplitReading], *, windows: bool) -> str:
    counts = reading.values()
    texts, longer = sum(split.texts for split in counts), sum(split.longer for split in counts)
    tokens, unread = sum(split.tokens for split in counts), sum(split.unread for split in counts)
    are = (
        f"{longer:,} of {texts:,} texts {'is' if longer == 1 else 'are'} longer than the model reads at once"
    )
    share = f"{in_percent(unread / tokens)} of all tokens" if tokens else ""
    if not windows:
        rest = f": {share} are not read." if tokens else "."
        advice = " Windows read them: --set prepare.long_texts=windows" if tokens else ""
        return f"{are}{rest}{advice}"
    read = f"{are}, and read in windows, {sum(split.windows for split in counts):,} in all."
    return f"{read} {share} are beyond prepare.max_windows and not read." if unread else read
