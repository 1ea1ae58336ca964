"""What an evaluation found: the measurements, and what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from textune.evaluation.document import LongTexts, Measurements
from textune.evaluation.evaluating_outside import OutsideEvaluation, OutsideScores
from textune.model.threshold import Abstention


@dataclass(frozen=True)
class Evaluation:
    """What was measured, what it rests on, and the thresholds, if any.

    Probabilities are (rows, classes) by split, those of baselines (test rows, classes) by key. Where a text
    can have several labels, `thresholds` (classes,) decide which it gets, and `given` holds the labels given
    to the rows (rows, classes), by split and by baseline. `outside` tells texts of no class apart.
    """

    measurements: Measurements
    probabilities: Mapping[str, NDArray[np.float64]]
    baselines: dict[str, NDArray[np.float64]]
    abstention: Abstention | None = None
    thresholds: NDArray[np.float64] | None = None
    given: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    outside: OutsideEvaluation | None = None

    @property
    def outside_scores(self) -> OutsideScores | None:
        """What tells texts of no class apart, for each text; None unless there are such texts."""
        return None if self.outside is None else self.outside.scores

    def with_outside(self, outside: OutsideEvaluation) -> Evaluation:
        """Return the evaluation with how texts of no class are told apart."""
        measurements = self.measurements.model_copy(update={"other": outside.effect})
        return replace(self, measurements=measurements, outside=outside)

    def with_long_texts(self, long_texts: LongTexts | None) -> Evaluation:
        """Return the evaluation with how long texts are read, unless no text is long."""
        if long_texts is None:
            return self
        return replace(self, measurements=self.measurements.model_copy(update={"long_texts": long_texts}))
