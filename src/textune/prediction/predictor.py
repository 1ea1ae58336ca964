"""From texts to probabilities.

In: texts. Out: probabilities, in the order of the texts. A `Predictor` is anything that does this;
`TorchPredictor` does it with the classifier of a run, and `runtimes.ExportPredictor` with an export of it.
Texts are predicted in fp32 unless something else is asked for by name, so that a text's score does not
depend on the texts beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from textune.encoder.batching import Progress
from textune.encoder.placement import Placement, choose_placement
from textune.errors import DataError
from textune.model.threshold import Abstention, read_abstention

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textune.model.classifier import TextClassifier
    from textune.runtimes.choosing import Choice
    from textune.runtimes.graph_predictor import ExportPredictor


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
    def classifier(self) -> TextClassifier:
        """The classifier, where it runs."""
        return self._classifier

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
        check_texts(texts)
        if not len(texts):
            return np.empty((0, len(self.label_names)))
        return self._classifier.probabilities(self._features(texts, on_progress))

    def predict_logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the logits (texts, classes), whose softmax is what `predict_proba` gives."""
        import torch

        from textune.model.classifier import head_logits

        check_texts(texts)
        if not len(texts):
            return np.empty((0, len(self.label_names)), dtype=np.float32)
        logits = head_logits(self._classifier.head, torch.from_numpy(self._features(texts)))
        return logits.numpy()

    def _features(self, texts: Sequence[str], on_progress: Progress | None = None) -> NDArray[np.float32]:
        rows = self._classifier.tokenize(texts)
        return self._classifier.features(rows, placement=self._placement, on_progress=on_progress)

    def predict(self, texts: Sequence[str]) -> list[str | None]:
        """Return the most probable label of every text, or None where it is not sure enough."""
        return labels_of(self, texts)


def labels_of(predictor: Predictor, texts: Sequence[str]) -> list[str | None]:
    """Return the most probable label of every text, or None where it is below the predictor's threshold."""
    return [
        predictor.label_names[row.argmax()] if row.max() >= predictor.threshold else None
        for row in predictor.predict_proba(texts)
    ]


def check_texts(texts: Sequence[str]) -> None:
    """Raise an error unless texts are a list of strings of whole characters.

    Raises:
        TypeError: They are a single string, or one of them is none.
        DataError: One holds half a character.
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


def load_predictor(
    path: Path | str, *, runtime: str = "", texts: int | None = None
) -> TorchPredictor | ExportPredictor:
    """Load the classifier of a finished run, or an export.

    Args:
        path: The run folder, or an export folder.
        runtime: `torch`, or the name of one of the run's exports, such as `onnx` or `onnx-int8`; empty: what
            is fastest among those that give the run's own probabilities. See `choosing.choose`.
        texts: About how many texts will be classified; None: not known, perhaps many.

    Raises:
        RunError: The run folder is missing, incomplete or damaged.
        ExportError: The export that is asked for is missing, damaged, or of another model.
        MissingExtraError: Its runtime is not installed.
    """
    from textune.runtimes.choosing import choose

    return load_choice(choose(Path(path).expanduser(), runtime=runtime, texts=texts))


def load_choice(choice: Choice) -> TorchPredictor | ExportPredictor:
    """Load what was chosen."""
    if choice.export is not None:
        from textune.runtimes.graph_predictor import ExportPredictor

        return ExportPredictor(choice.export, abstention=read_abstention(choice.model))
    from textune.model.storage import load_classifier

    return TorchPredictor(load_classifier(choice.model), abstention=read_abstention(choice.model))
