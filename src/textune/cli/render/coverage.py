"""Calibration and coverage: how far a result can be trusted, and what a precision costs in coverage."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from textune.cli.render.table_looks import bare_table
from textune.evaluation.abstention import Answers, CoverageRow
from textune.evaluation.document import AbstentionEffect, Calibration
from textune.evaluation.metrics import in_percent


def answered_table(rows: Sequence[CoverageRow]) -> Table:
    """Return how many texts are answered at which precision, by thresholds that validation chose."""
    table = bare_table(
        *("at least\nright", "\nthreshold", "\nanswered", "validation\nright", "\nanswered", "test\nright"),
        title="answering only where it is sure",
        caption="Chosen on validation, with a margin; test shows what that achieves.\n"
        "-: too few validation rows are right to show that much.",
    )
    for row in rows:
        threshold = "-" if row.threshold is None else f"{row.threshold:.3f}"
        cells = [cell for answers in (row.validation, row.test) for cell in _cells(answers)]
        table.add_row(f"{row.min_precision * 100:g} %", threshold, *cells)
    return table


def calibration_sentence(calibration: Calibration) -> str:
    """Say what calibration did to the calibration error on test."""
    after = calibration.test.after.expected_calibration_error
    if calibration.temperature == 1:
        return f"The probabilities are not calibrated: the calibration error on test is {after:.3f}."
    before = calibration.test.before.expected_calibration_error
    return (
        f"Calibration (temperature {calibration.temperature:.2f}): the calibration error on test was "
        f"{before:.3f} before, and is {after:.3f}."
    )


def abstention_sentences(effect: AbstentionEffect) -> str:
    """Say what a run's threshold does to the texts that it was measured on."""
    precision = f"{effect.min_precision * 100:g} %"
    if effect.threshold is None:
        return f"No threshold gives {precision} right labels: no label is given at all."
    sentences = [
        f"A label is given only where its probability is {effect.threshold:.1%} or more, for at least "
        f"{precision} right labels."
    ]
    splits = {"validation": effect.validation, "test": effect.test, "train": effect.train}
    for split, answers in splits.items():
        if answers is not None:
            answered, right = _cells(answers)
            outcome = f"{right} of the labels right" if answers.answered else "no label given"
            sentences.append(f"On {split}: {answered} of {answers.examples:,} texts answered, {outcome}.")
    return "\n".join(sentences)


def _cells(answers: Answers | None) -> tuple[str, str]:
    """Return the share that is answered, and the share of answers that is right with its interval."""
    if answers is None:
        return "-", "-"
    if answers.precision is None or answers.precision_ci95 is None:
        return in_percent(answers.coverage), "-"
    low, high = (f"{end * 100:.1f}" for end in answers.precision_ci95)
    return in_percent(answers.coverage), f"{in_percent(answers.precision)} ({low}-{high})"
