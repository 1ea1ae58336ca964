"""torch: runs the classifier of a run as it was trained, on a GPU if there is one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textune.context import Context
from textune.encoder.batching import Progress
from textune.encoder.features import encode_tokens
from textune.encoder.placement import Placement, choose_placement
from textune.encoder.truncation import TokenizedTexts
from textune.encoder.windows import TextTokens
from textune.formats.text_pairs import AnyText
from textune.model.outside_threshold import OutsideThreshold, read_outside_threshold
from textune.model.threshold import Abstention, read_thresholds_of
from textune.runtimes.predictor import Predictor, check_text_list

if TYPE_CHECKING:
    from textune.model.classifier import EncoderClassifier


Revise = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
"""From the head's features (texts, width) and logits (texts, classes) to the logits that are given."""


class TorchPredictor(Predictor):
    """The classifier of a run, in torch, by default in fp32 on the fastest device.

    With the hash of the encoder's weights, features are read from the cache and stored there. `revise`, which
    may be set, changes the logits.
    """

    def __init__(
        self,
        classifier: EncoderClassifier,
        *,
        placement: Placement | None = None,
        abstention: Abstention | None = None,
        thresholds: NDArray[np.float64] | None = None,
        outside: OutsideThreshold | None = None,
        weights_sha256: str = "",
    ) -> None:
        super().__init__(
            classifier.label_names,
            classifier.max_length,
            abstention,
            classifier.kind,
            thresholds,
            pairs=classifier.pairs,
            windows=classifier.windows,
            outside=outside,
        )
        self._weights_sha256 = weights_sha256
        self.revise: Revise | None = None
        self._placement = placement or choose_placement("fp32")
        self.classifier = classifier.placed(self._placement)
        self.computes_elsewhere = self._placement.device != "cpu"
        # What comes back from a device is then a few logits rather than the features behind them.
        self._head = (
            copy.deepcopy(classifier.head).to(self._placement.device).eval()
            if self.computes_elsewhere and not classifier.windows and not weights_sha256
            else None
        )

    @property
    def device(self) -> str:
        """Where it runs, such as `cpu` or `cuda`."""
        return self._placement.device

    def tokenize(self, texts: Sequence[AnyText]) -> TokenizedTexts:
        """Return the token ids of every text, and which texts were truncated."""
        return self.classifier.tokenize(check_text_list(texts, pairs=self.pairs))

    def probabilities(self, rows: TextTokens, *, on_progress: Progress | None = None) -> NDArray[np.float64]:
        """Return the probability of every class for every text's token ids, (texts, classes)."""
        if not len(rows):
            return np.empty((0, len(self.label_names)))
        return self.kind.probabilities(self._revised_logits(rows, on_progress))

    def logits(self, rows: TextTokens) -> NDArray[np.float32]:
        """Return the logits (texts, classes) of token ids, from which `probabilities` come."""
        if not len(rows):
            return np.empty((0, len(self.label_names)), dtype=np.float32)
        return self._revised_logits(rows)

    def features_and_logits(self, rows: TextTokens) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        """Return the features (texts, width) that the head reads, and what `logits` returns."""
        return self._read(rows) if len(rows) else (None, self.logits(rows))

    def read(self, texts: Sequence[AnyText]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the head's features (texts, width) of texts, and their logits before any revision."""
        features = self._features(self.tokenize(texts).rows)
        return features, self._logits(features)

    def _revised_logits(self, rows: TextTokens, on_progress: Progress | None = None) -> NDArray[np.float32]:
        if self._head is not None and self.revise is None:
            return self.classifier.features(
                rows, placement=self._placement, on_progress=on_progress, head=self._head
            )
        return self._read(rows, on_progress)[1]

    def _read(
        self, rows: TextTokens, on_progress: Progress | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        features = self._features(rows, on_progress)
        logits = self._logits(features)
        return features, logits if self.revise is None else self.revise(features, logits)

    def _logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = self.classifier.logits(features).numpy()
        return logits

    def _features(self, rows: TextTokens, on_progress: Progress | None = None) -> NDArray[np.float32]:
        if not self._weights_sha256:
            return self.classifier.features(rows, placement=self._placement, on_progress=on_progress)
        return encode_tokens(
            self.classifier,
            rows,
            weights_sha256=self._weights_sha256,
            placement=self._placement,
            description=f"{len(rows)} texts that were predicted",
            ctx=Context(),
        )[0]


def load_folder(folder: str | Path) -> TorchPredictor:
    """Load a classifier from a folder that is not a run, such as a download of what `textune push` uploaded.

    If a text can have several labels, the folder also holds their thresholds. It may also hold what tells
    texts apart that belong to none of the classes.

    No code and no pickles are read from the folder.

    Args:
        folder: A folder with `textune.json`, such as RUN/model.

    Raises:
        ModelError: The folder holds no textune classifier, or a damaged one.
    """
    from textune.model.storage import load_classifier

    place = Path(folder).expanduser()
    classifier = load_classifier(place)
    thresholds = read_thresholds_of(place, classifier.kind, classifier.label_names)
    return TorchPredictor(classifier, thresholds=thresholds, outside=read_outside_threshold(place))
