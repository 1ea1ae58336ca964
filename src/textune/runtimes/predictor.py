"""From texts to probabilities, in the order of the texts.

`TorchPredictor` does this with the classifier of a run, `ExportPredictor` with an export of it. Both compute
in fp32 unless another precision is asked for by name, so that a text's score does not depend on the texts
beside it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textune.data.pairs import check_texts_fit
from textune.encoder.batching import Progress
from textune.encoder.truncation import TokenizedTexts
from textune.encoder.windows import TextTokens, WindowReading
from textune.errors import DataError
from textune.formats.text_pairs import AnyText, TextPair, as_whole_text, sides_of
from textune.model.outside_threshold import OutsideThreshold
from textune.model.threshold import Abstention
from textune.tasks import multi_label
from textune.tasks.label_kind import LabelKind
from textune.tasks.single_label import SINGLE, confidence, decide


class Predictor(ABC):
    """A loaded classifier, whatever runs it; `kind` says whether a text has one label or several.

    With `pairs`, it takes pairs of texts, and else single texts; the others are refused. Texts of more than
    `max_tokens` are truncated, or read as `windows` says; `tokenize` says which are truncated. No label is
    given if the top probability is below `threshold`; 0: a label is always given, infinity: never. None is
    given either if `outside` says that a text belongs to none of the classes; None: it never does. If a text
    can have several labels, it gets those that reach their `thresholds`, (classes,), which are None
    otherwise.

    `computes_elsewhere` says whether a device other than the CPU computes, so that the CPU has time for more.
    """

    computes_elsewhere = False

    def __init__(
        self,
        label_names: tuple[str, ...],
        max_tokens: int,
        abstention: Abstention | None,
        kind: LabelKind = SINGLE,
        thresholds: NDArray[np.float64] | None = None,
        *,
        pairs: bool = False,
        windows: WindowReading | None = None,
        outside: OutsideThreshold | None = None,
    ) -> None:
        self.label_names = label_names
        self.max_tokens = max_tokens
        self.kind = kind
        self.pairs = pairs
        self.windows = windows
        self.threshold = 0.0 if abstention is None else abstention.least_score
        self.thresholds = thresholds
        self.outside = outside
        if kind.is_multi_label and thresholds is None:
            self.thresholds = np.full(len(label_names), multi_label.USUAL_THRESHOLD)

    @property
    def max_windows(self) -> int:
        """The maximum number of windows per text; 0: no maximum, or no windows."""
        return 0 if self.windows is None else self.windows.max_windows

    @abstractmethod
    def tokenize(self, texts: Sequence[AnyText]) -> TokenizedTexts:
        """Return the token ids of every text, and which texts were truncated."""

    @abstractmethod
    def probabilities(self, rows: TextTokens, *, on_progress: Progress | None = None) -> NDArray[np.float64]:
        """Return the probability of every class for every text's token ids, (texts, classes)."""

    @abstractmethod
    def logits(self, rows: TextTokens) -> NDArray[np.float32]:
        """Return the logits (texts, classes) of token ids, from which `probabilities` come."""

    def features_and_logits(self, rows: TextTokens) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        """Return the features (texts, width) that the head reads, and what `logits` returns.

        The features are None if the classifier cannot give them.
        """
        return None, self.logits(rows)

    def logits_of_many(self, rows: TextTokens) -> NDArray[np.float32]:
        """Return what `logits` does, for many texts; by default in the same way."""
        return self.logits(rows)

    def decide(self, rows: TextTokens) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
        """Return the probabilities (texts, classes), and which texts belong to none of the classes (texts,).

        If nothing is known of such texts, it is None.
        """
        if self.outside is None:
            return self.probabilities(rows), None
        logits = self.logits_of_many(rows)
        return self.kind.probabilities(logits), self.outside.is_other(logits)

    def predict_proba(
        self, texts: Sequence[AnyText], *, on_progress: Progress | None = None
    ) -> NDArray[np.float64]:
        """Return the probability of every class for every text, (texts, classes).

        Rows sum to 1, unless a text can have several labels.
        """
        return self.probabilities(self.tokenize(texts).rows, on_progress=on_progress)

    def predict_logits(self, texts: Sequence[AnyText]) -> NDArray[np.float32]:
        """Return the logits (texts, classes), from which the probabilities of `predict_proba` come."""
        return self.logits(self.tokenize(texts).rows)

    def predict(self, texts: Sequence[AnyText]) -> list[str | None] | list[list[str]]:
        """Return the most probable label of every text, or None where it is below the threshold.

        It is also None where the text belongs to none of the classes. If a text can have several labels,
        return a list of them for every text, perhaps an empty one.
        """
        probabilities, is_other = self.decide(self.tokenize(texts).rows)
        if self.thresholds is not None:
            given = multi_label.decide(probabilities, self.thresholds)
            return multi_label.names_of_given(given, self.label_names)
        labelled = confidence(probabilities) >= self.threshold
        if is_other is not None:
            labelled &= ~is_other
        return [
            self.label_names[label] if has_label else None
            for label, has_label in zip(decide(probabilities).tolist(), labelled.tolist(), strict=True)
        ]


def check_text_list(texts: Sequence[AnyText | tuple[str, str]], *, pairs: bool = False) -> list[AnyText]:
    """Return texts as a list, or raise an error unless they are strings of valid Unicode, or pairs of them.

    Pairs may be plain tuples. A `DataError` says that these are pairs rather than single texts, or the
    reverse.
    """
    if isinstance(texts, str | TextPair):
        kind = "string" if isinstance(texts, str) else "pair"
        raise TypeError(f"texts must be a list of texts, not a single {kind}")
    checked: list[AnyText] = list(map(as_whole_text, texts))
    for number, text in enumerate(checked, start=1):
        if not isinstance(text, str | TextPair):
            raise TypeError(f"text {number} is not a string but {type(text).__name__}")
        try:
            "".join(sides_of(text)).encode()
        except UnicodeEncodeError as error:
            raise DataError(
                f"Text {number} is broken: its character {error.start + 1} is half of a surrogate pair, or a "
                "byte that is not UTF-8.",
                "Give it as valid Unicode; text.encode('utf-8', 'replace').decode() replaces what is broken.",
            ) from error
    check_texts_fit(checked, pairs=pairs)
    return checked
