"""From texts to probabilities.

In: texts. Out: probabilities, in the order of the texts. A `Predictor` is anything that does this:
`TorchPredictor` with the classifier of a run, `ExportPredictor` with an export of it. Both compute in fp32
unless another precision is asked for by name, so that a text's score does not depend on the texts beside it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from textune.errors import DataError
from textune.tasks.single_label import confidence, decide

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from textune.encoder.batching import Progress
    from textune.model.threshold import Abstention


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


class LoadedPredictor(ABC):
    """A classifier that has been loaded, whatever runs it.

    Attributes:
        label_names: The classes' names, in the order of the probabilities.
        max_tokens: Tokens after which a text is truncated.
        threshold: The top probability below which no label is given: 0 where one always is, infinity: never.
    """

    def __init__(self, label_names: tuple[str, ...], max_tokens: int, abstention: Abstention | None) -> None:
        self.label_names = label_names
        self.max_tokens = max_tokens
        self.threshold = 0.0 if abstention is None else abstention.least_score

    @abstractmethod
    def predict_proba(
        self, texts: Sequence[str], *, on_progress: Progress | None = None
    ) -> NDArray[np.float64]:
        """Return the probability of every class for every text, (texts, classes); rows sum to 1."""

    @abstractmethod
    def predict_logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the logits (texts, classes), whose softmax is what `predict_proba` gives."""

    def predict(self, texts: Sequence[str]) -> list[str | None]:
        """Return the most probable label of every text, or None where it is below the threshold."""
        return [
            self.label_names[decide(row)] if confidence(row) >= self.threshold else None
            for row in self.predict_proba(texts)
        ]


def check_text_list(texts: Sequence[str]) -> None:
    """Check that texts are a list of strings of valid Unicode.

    Raises:
        TypeError: They are a single string, or one of them is not a string.
        DataError: A text holds half of a surrogate pair.
    """
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
