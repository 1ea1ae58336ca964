"""From texts to probabilities.

In: texts. Out: probabilities, in the order of the texts. A `Predictor` is anything that does this;
`TorchPredictor` does it with the classifier of a run. Texts are predicted in fp32, so that a text's score
does not depend on the texts beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from textune.encoder.prefix import Placement, Progress, choose_placement
from textune.errors import DataError
from textune.model.abstention import Abstention, read_abstention
from textune.runs import open_run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textune.model.classifier import TextClassifier


class Predictor(Protocol):
    """Something that classifies texts."""

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes' names, in the order of the probabilities."""

    @property
    def threshold(self) -> float:
        """The top probability below which no label is given: 0 where one always is, infinity: never."""

    def predict_proba(
        self, texts: Sequence[str], *, on_progress: Progress | None = None
    ) -> NDArray[np.float64]:
        """Return probabilities (texts, classes)."""


class TorchPredictor:
    """The classifier of a run, in torch.

    Args:
        classifier: The classifier.
        placement: Where it runs; by default the fastest device, in fp32.
        abstention: When it gives no label; None: it always gives one.
    """

    def __init__(
        self,
        classifier: TextClassifier,
        *,
        placement: Placement | None = None,
        abstention: Abstention | None = None,
    ) -> None:
        self._placement = placement or choose_placement("fp32")
        self._abstention = abstention
        self._classifier = classifier.placed(self._placement)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes' names, in the order of the probabilities."""
        return self._classifier.label_names

    @property
    def max_tokens(self) -> int:
        """Tokens after which a text is cut."""
        return self._classifier.max_length

    @property
    def device(self) -> str:
        """Where it runs, such as `cpu` or `cuda`."""
        return self._placement.device

    @property
    def threshold(self) -> float:
        """The top probability below which no label is given: 0 where one always is, infinity: never."""
        return 0.0 if self._abstention is None else self._abstention.least_score

    def predict_proba(
        self, texts: Sequence[str], *, on_progress: Progress | None = None
    ) -> NDArray[np.float64]:
        """Return the probability of every class for every text, (texts, classes); rows sum to 1."""
        _check_texts(texts)
        if not len(texts):
            return np.empty((0, len(self.label_names)))
        return self._classifier.probabilities(self._features(texts, on_progress))

    def predict_logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the logits (texts, classes), whose softmax is what `predict_proba` gives."""
        import torch

        from textune.model.classifier import head_logits

        _check_texts(texts)
        if not len(texts):
            return np.empty((0, len(self.label_names)), dtype=np.float32)
        logits = head_logits(self._classifier.head, torch.from_numpy(self._features(texts)))
        return logits.numpy()

    def _features(self, texts: Sequence[str], on_progress: Progress | None = None) -> NDArray[np.float32]:
        rows = self._classifier.tokenize(texts)
        return self._classifier.features(rows, placement=self._placement, on_progress=on_progress)

    def predict(self, texts: Sequence[str]) -> list[str | None]:
        """Return the most probable label of every text, or None where it is not sure enough."""
        probabilities = self.predict_proba(texts)
        return [
            self.label_names[row.argmax()] if row.max() >= self.threshold else None for row in probabilities
        ]


def _check_texts(texts: Sequence[str]) -> None:
    if isinstance(texts, str):
        raise TypeError("texts must be a list of texts, not a single string")
    for number, text in enumerate(texts, start=1):
        if not isinstance(text, str):
            raise TypeError(f"text {number} is not a string but {type(text).__name__}")
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise DataError(
                f"Text {number} is broken: its character {error.start + 1} is half of a surrogate pair, or a "
                "byte that is not UTF-8.",
                "Give it as valid Unicode; text.encode('utf-8', 'replace').decode() drops what is broken.",
            ) from error


def load_predictor(path: Path | str) -> TorchPredictor:
    """Load the classifier of a finished run.

    Args:
        path: The run folder.

    Raises:
        RunError: The folder is missing, incomplete or damaged.
    """
    run = open_run(Path(path).expanduser())
    from textune.model.storage import load_classifier

    return TorchPredictor(load_classifier(run.model), abstention=read_abstention(run.model))
