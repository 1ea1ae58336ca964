"""What annotations teach a classifier that is being served: a linear correction of its logits.

The run's classifier stays as it is. Its features, at length 1 and with a constant, give a correction that is
added to its logits: a maximum a-posteriori estimate around none, so that few annotations change little. How
strong it may be is chosen by cross-validation over the annotations, and no correction is one of the choices.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from textune.formats.text_pairs import AnyText
from textune.runtimes.torch_predictor import TorchPredictor
from textune.serving.label_studio_protocol import AnnotatedText
from textune.tasks.label_kind import LabelKind

_VARIANCES = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""The prior variances of a weight that are tried; 0: no correction."""
_ANNOTATIONS_PER_VARIANCE = 10
"""A variance is tried from this many annotations on, times the variance: fewer cannot tell what it does."""
_FOLDS = 3
_STEPS = 40
_GROWTH = 1.1
"""By which factor the annotations grow before the variance is chosen again."""


@dataclass(frozen=True)
class _Lesson:
    """An annotated text: its features (width,), the classifier's own logits (classes,), and its label."""

    text: AnyText
    features: torch.Tensor
    logits: torch.Tensor
    label: torch.Tensor


class Revision:
    """The corrections of one classifier; any thread may read them while another learns."""

    def __init__(self, predictor: TorchPredictor) -> None:
        self._predictor = predictor
        self._lessons: dict[str, _Lesson] = {}
        self._weights: torch.Tensor | None = None
        self._variance, self._chosen_at = 0.0, 0
        self._learning = threading.Lock()
        self.version = _version({})
        self.learned = 0
        predictor.revise = self._revise

    @property
    def variance(self) -> float:
        """The prior variance of a weight; 0: the annotations do not change the classifier yet."""
        return self._variance

    def learn(self, annotations: Iterable[AnnotatedText]) -> None:
        """Take new, changed and deleted annotations; fit the correction again if they say anything new."""
        with self._learning:
            if self._take(list(annotations)):
                self._fit()
                self.learned = len(self._lessons)
                self.version = _version(self._lessons)

    def _take(self, annotations: Sequence[AnnotatedText]) -> bool:
        """Return whether annotations change what is known."""
        gone = [each.key for each in annotations if each.labels is None and each.key in self._lessons]
        for key in gone:
            del self._lessons[key]
        new = [each for each in annotations if each.labels is not None]
        labels = [self._label(each.labels or ()) for each in new]
        changed = [
            (each, label) for each, label in zip(new, labels, strict=True) if not self._is_known(each, label)
        ]
        if changed:
            read = self._predictor.read([each.text for each, _ in changed])
            features, logits = map(torch.from_numpy, read)
            for place, (each, label) in enumerate(changed):
                self._lessons[each.key] = _Lesson(each.text, _scaled(features[place]), logits[place], label)
        return bool(gone or changed)

    def _is_known(self, annotation: AnnotatedText, label: torch.Tensor) -> bool:
        lesson = self._lessons.get(annotation.key)
        return lesson is not None and lesson.text == annotation.text and torch.equal(lesson.label, label)

    def _label(self, labels: Sequence[str]) -> torch.Tensor:
        ids = [self._predictor.label_names.index(name) for name in labels]
        if not self._predictor.kind.is_multi_label:
            return torch.tensor(ids[0])
        return functional.one_hot(torch.tensor(ids), len(self._predictor.label_names)).amax(dim=0)

    def _fit(self) -> None:
        if not self._lessons:
            self._weights, self._variance, self._chosen_at = None, 0.0, 0
            return
        lessons = list(self._lessons.values())
        features, logits, labels = (
            torch.stack([getattr(lesson, name) for lesson in lessons])
            for name in ("features", "logits", "label")
        )
        kind = self._predictor.kind
        if not self._chosen_at / _GROWTH <= len(lessons) < self._chosen_at * _GROWTH:
            self._variance = _choose_variance(features, logits, labels, kind)
            self._chosen_at = len(lessons)
        before = self._weights
        self._weights = _correction(features, logits, labels, kind, self._variance, start=before)

    def _revise(self, features: NDArray[np.float32], logits: NDArray[np.float32]) -> NDArray[np.float32]:
        weights = self._weights
        if weights is None:
            return logits
        revised: NDArray[np.float32] = logits + (_scaled(torch.from_numpy(features)) @ weights).numpy()
        return revised


def _version(lessons: Mapping[str, _Lesson]) -> str:
    """Return the number of annotations, with a hash of them, so that the same ones are the same version."""
    if not lessons:
        return "0"
    digest = hashlib.sha256()
    for key, lesson in sorted(lessons.items()):
        digest.update(repr((key, lesson.text, lesson.label.tolist())).encode())
    return f"{len(lessons)}-{digest.hexdigest()[:8]}"


def _scaled(features: torch.Tensor) -> torch.Tensor:
    """Return features (..., width) at length 1, with a constant behind them, (..., width + 1)."""
    return functional.pad(functional.normalize(features.float(), dim=-1), (0, 1), value=1.0)


def _choose_variance(
    features: torch.Tensor, logits: torch.Tensor, labels: torch.Tensor, kind: LabelKind
) -> float:
    """Return the variance with the lowest loss on held-out annotations, by cross-validation."""
    rows = len(features)
    tried = [variance for variance in _VARIANCES if variance * _ANNOTATIONS_PER_VARIANCE <= rows]
    if rows < 2 * _FOLDS:
        return 0.0
    folds = torch.arange(rows) % _FOLDS
    losses = dict.fromkeys(tried, 0.0)
    for fold in range(_FOLDS):
        learned, held_out = folds != fold, folds == fold
        weights = None
        for variance in tried:
            weights = _correction(
                features[learned], logits[learned], labels[learned], kind, variance, start=weights
            )
            corrected = logits[held_out] + features[held_out] @ weights
            losses[variance] += float(kind.loss(corrected, labels[held_out], reduction="sum"))
    return min(tried, key=losses.__getitem__)


def _correction(
    features: torch.Tensor,
    logits: torch.Tensor,
    labels: torch.Tensor,
    kind: LabelKind,
    variance: float,
    *,
    start: torch.Tensor | None,
) -> torch.Tensor:
    """Return the weights (width + 1, classes) of the correction with the highest posterior probability."""
    weights = torch.zeros(features.shape[1], logits.shape[1])
    if not variance:
        return weights
    if start is not None:
        weights.copy_(start)
    weights.requires_grad_()
    optimizer = torch.optim.LBFGS(
        [weights], max_iter=_STEPS, tolerance_grad=1e-5, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = kind.loss(logits + features @ weights, labels, reduction="sum")
        value = (value + weights.square().sum() / (2 * variance)) / len(labels)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return weights.detach()
