"""Calibration and coverage: how far a result can be trusted, and what a precision costs in coverage.

In: `metrics.json`. Out: tables and sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from textune.cli.render.tables import bare_table


def coverage_table(document: Mapping[str, Any]) -> Table:
    """Return how many texts are answered at which precision, by thresholds that validation chose."""
    table = bare_table(
        *("at least\nright", "\nthreshold", "\nanswered", "validation\nright", "\nanswered", "test\nright"),
        title="answering only where it is sure",
        caption="Chosen on validation, with a margin; test shows what the threshold then achieves.\n"
        "-: too few validation rows are right to show that much.",
    )
    for row in document["coverage"]:
        threshold = "-" if row["threshold"] is None else f"{row['threshold']:.3f}"
        cells = [cell for split in ("validation", "test") for cell in _answers(row[split])]
        table.add_row(f"{row['min_precision'] * 100:g} %", threshold, *cells)
    return table


def calibration_sentence(document: Mapping[str, Any]) -> str:
    """Say what calibration did to the calibration error on test."""
    calibration = document["calibration"]
    after = calibration["test"]["after"]["expected_calibration_error"]
    if calibration["temperature"] == 1:
        return f"The probabilities are not calibrated: the calibration error on test is {after:.3f}."
    before = calibration["test"]["before"]["expected_calibration_error"]
    return (
        f"Calibration (temperature {calibration['temperature']:.2f}): the calibration error on test was "
        f"{before:.3f} before, and is {after:.3f}."
    )


def abstention_sentences(document: Mapping[str, Any]) -> str:
    """Say what a run's threshold does to the texts that it was measured on."""
    abstention = document["abstention"]
    asked = f"{abstention['min_precision'] * 100:g} %"
    if abstention["threshold"] is None:
        return f"No threshold was found at which {asked} of the labels are right: no label is given at all."
    sentences = [
        f"A label is given only where its probability is {abstention['threshold']:.1%} or more, for at least "
        f"{asked} right labels."
    ]
    for split in ("validation", "test", "train"):
        if split in abstention:
            answers = abstention[split]
            answered, right = _answers(answers)
            outcome = f"{right} of the labels right" if answers["answered"] else "no label given"
            sentences.append(f"On {split}: {answered} of {answers['examples']:,} texts answered, {outcome}.")
    return "\n".join(sentences)


def _answers(answers: Mapping[str, Any] | None) -> tuple[str, str]:
    """Return the share that is answered, and the share of answers that is right with its interval."""
    if answers is None:
        return "-", "-"
    coverage = f"{answers['coverage'] * 100:.1f} %"
    if answers["precision"] is None:
        return coverage, "-"
    low, high = (f"{end * 100:.1f}" for end in answers["precision_ci95"])
    return coverage, f"{answers['precision'] * 100:.1f} % ({low}-{high})"
