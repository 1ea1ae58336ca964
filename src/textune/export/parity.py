"""How an export, however it was made, compares with its model: in its probabilities and its speed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.data.dataset import MULTI_LABEL, SINGLE_LABEL, Split
from textune.errors import VerificationError
from textune.evaluation.comparison import Difference, measure_differences
from textune.evaluation.label_scores import LabelScores
from textune.evaluation.metrics import DECIDING, metrics_of
from textune.formats.text_pairs import AnyText
from textune.runtimes.exports import Speed
from textune.runtimes.predictor import Predictor
from textune.tasks import multi_label, single_label

SAME = 1e-4
"""The largest difference allowed between a probability of an fp32 export and the model's."""
SAME_ALONE = 1e-5
"""The largest change of a probability of an fp32 export allowed due to the texts beside it."""
ALLOWED_LOSS = 0.005
"""The largest loss of macro-F1 allowed for an export in less than fp32."""
SAME_SCORE = 1e-3
"""The largest difference allowed between the scores that tell texts outside the classes apart, in fp32."""
_SINGLE_TEXTS = 50


@dataclass(frozen=True)
class Measurement:
    """How fast a predictor was, and its probabilities (texts, classes); the first texts also `alone`.

    `outside_scores` (texts,) tell texts outside the classes apart; None: the predictor does not.
    """

    probabilities: NDArray[np.float64]
    alone: NDArray[np.float64]
    speed: Speed
    outside_scores: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Agreement:
    """How far an export's answers are those of the model: the share of texts with the same label, and more.

    If a text can have several labels, it must get exactly the same ones.

    `dependence` is the largest change of a probability due to the texts beside it, `macro_f1_difference` the
    export's macro-F1 minus the model's. `largest_score_difference` is that of the scores which tell texts
    outside the classes apart; None: there are none.
    """

    labels: float
    largest_difference: float
    dependence: float
    macro_f1_difference: Difference
    largest_score_difference: float | None = None


@dataclass(frozen=True)
class ParityRow:
    """One line of the comparison: a runtime or an export, and its size on disk."""

    name: str
    bytes: int
    speed: Speed
    macro_f1: float
    agreement: Agreement


def measure_predictor(predictor: Predictor, texts: Sequence[AnyText], *, load_seconds: float) -> Measurement:
    """Let a predictor classify one or more texts one by one and all at once, and time it."""
    single = texts[:_SINGLE_TEXTS]
    for text in single[:5]:  # They warm up.
        predictor.predict_proba([text])
    seconds, alone = [], []
    for text in single:
        start = time.perf_counter()
        alone.append(predictor.predict_proba([text])[0])
        seconds.append(time.perf_counter() - start)
    start = time.perf_counter()
    probabilities = predictor.predict_proba(texts)
    rate = len(texts) / (time.perf_counter() - start)
    speed = Speed(round(load_seconds, 3), round(statistics.median(seconds) * 1000, 2), round(rate, 1))
    outside_scores = None
    if predictor.outside is not None:
        rows = predictor.tokenize(texts).rows
        outside_scores = predictor.outside.scores(predictor.logits_of_many(rows))
    return Measurement(probabilities, np.array(alone), speed, outside_scores)


def describe_row(
    name: str,
    folder: Path,
    export: Measurement,
    model: Measurement,
    texts: Split,
    *,
    thresholds: NDArray[np.float64] | None = None,
) -> ParityRow:
    """Compare an export, or the model itself, with the model; `folder` is where it lies.

    If a text can have several labels, it gets those that reach their `thresholds`, (classes,).
    """
    pair = export.probabilities, model.probabilities
    scores: Sequence[Any] = pair
    if thresholds is None:
        metric = metrics_of(SINGLE_LABEL)[DECIDING]
        same = single_label.decide(pair[0]) == single_label.decide(pair[1])
    else:
        metric = metrics_of(MULTI_LABEL)[DECIDING]
        scores = [LabelScores(each, multi_label.decide(each, thresholds)) for each in pair]
        same = (scores[0].given == scores[1].given).all(axis=1)
    scored = (export.outside_scores, model.outside_scores)
    change = measure_differences([metric], scores[0], scores[1], texts.labels)[DECIDING]
    return ParityRow(
        name=name,
        bytes=sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
        speed=export.speed,
        macro_f1=change.first,
        agreement=Agreement(
            labels=float(same.mean()),
            largest_difference=float(np.abs(pair[0] - pair[1]).max()),
            dependence=float(np.abs(export.alone - export.probabilities[: len(export.alone)]).max()),
            macro_f1_difference=change,
            largest_score_difference=None
            if scored[0] is None or scored[1] is None
            else float(np.abs(scored[0] - scored[1]).max()),
        ),
    )


def find_fault(row: ParityRow, *, precision: str) -> str:
    """Return why an export in a precision must not be kept, or nothing."""
    agreement, change = row.agreement, row.agreement.macro_f1_difference
    if precision != "fp32":
        if not -change.difference > ALLOWED_LOSS:
            return ""
        return (
            f"it loses {-change.difference * 100:.1f} points of macro-F1 ({_interval(change)}), and "
            f"at most {ALLOWED_LOSS * 100:.1f} are allowed"
        )
    if not agreement.largest_difference <= SAME:
        return (
            f"its probabilities differ by up to {agreement.largest_difference:.2g}; "
            f"at most {SAME:.0e} is allowed"
        )
    if agreement.labels < 1:
        return f"only {agreement.labels * 100:.2f} % of the texts get the labels of the model"
    if agreement.largest_score_difference is not None and not (
        agreement.largest_score_difference <= SAME_SCORE
    ):
        return (
            "its scores of texts outside the classes differ by up to "
            f"{agreement.largest_score_difference:.2g}; at most {SAME_SCORE:.0e} is allowed"
        )
    if not agreement.dependence <= SAME_ALONE:
        return (
            f"a text's probabilities depend on the texts beside it by up to {agreement.dependence:.2g}; "
            f"at most {SAME_ALONE:.0e} is allowed"
        )
    return ""


def check_parity(row: ParityRow, *, precision: str, forced: bool) -> list[str]:
    """Return a sentence about a fault for which the export is kept all the same, if it is `forced`.

    Unless it is, a fault raises a `VerificationError`.
    """
    if not (fault := find_fault(row, precision=precision)):
        return []
    if forced:
        return [f"{row.name} is kept because of --force, although {fault}."]
    advice = "Classify with --runtime torch" if precision == "fp32" else "Remove --int8 or --bf16"
    raise VerificationError(
        f"The export was not kept: {fault}.", f"{advice}, or keep the export anyway with --force."
    )


def remarks_on(rows: Sequence[ParityRow]) -> list[str]:
    """Return sentences about where the export, the last row, does worse than the row before it."""
    export, before = rows[-1], rows[-2]
    remarks = []
    if export.speed.texts_per_second < before.speed.texts_per_second:
        remarks.append(
            f"{export.name} is slower here than {before.name}: {export.speed.texts_per_second:,.0f} against "
            f"{before.speed.texts_per_second:,.0f} texts per second."
        )
    change = export.agreement.macro_f1_difference
    if change.difference < 0:
        chance = "more than chance explains" if change.ci95[1] < 0 else "which may be chance"
        remarks.append(
            f"{export.name} is less accurate: macro-F1 is {-change.difference * 100:.2f} points lower "
            f"({_interval(change)}), {chance}."
        )
    if export.agreement.dependence > SAME_ALONE:
        remarks.append(
            f"With {export.name}, a text's probabilities depend on the texts beside it, by up to "
            f"{export.agreement.dependence:.1g}."
        )
    return remarks


def _interval(change: Difference) -> str:
    low, high = (value * 100 for value in change.ci95)
    return f"95 % interval of the change: {low:+.1f} to {high:+.1f}"
