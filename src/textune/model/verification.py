"""Is the saved model the trained one? Load it again and compare.

In: a run whose model has been written, the classifier in memory, and probabilities that its figures rest on.
Out: what was compared, for the manifest, or a `VerificationError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textune.errors import VerificationError
from textune.model.threshold import Abstention, read_abstention
from textune.run.layout import Run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textune.model.classifier import TextClassifier

_FAULT = "This is a fault of textune or of the disk; please report it with this message."
_TEXTS = 16
_SAME = 1e-5
"""The most that two fp32 computations of a probability differ by the order of their sums."""
_TOLERANCE = {"fp32": 1e-4, "bf16": 0.1, "fp16": 0.02}
"""The most that a probability may differ between the reloaded model in fp32 and the figures' precision."""


def verify_saved(
    run: Run,
    classifier: TextClassifier,
    *,
    texts: Sequence[str],
    probabilities: NDArray[np.float64],
    precision: str,
    abstention: Abstention | None = None,
) -> dict[str, Any]:
    """Load the saved model and compare it with the trained one.

    Every tensor must have the same bits. On some texts, the reloaded model's probabilities must agree with
    those behind the figures, and, where the head is stock, with those of plain transformers' pipeline.

    Args:
        run: The run whose model was written.
        classifier: The trained classifier.
        texts: Texts of the validation split.
        probabilities: Their probabilities (texts, classes), as the figures rest on them.
        precision: The arithmetic in which those were computed.
        abstention: When no label is given.

    Raises:
        VerificationError: Something differs.
    """
    from textune.model.storage import load_classifier
    from textune.runtimes.torch_runtime import TorchPredictor

    reloaded = load_classifier(run.model)
    _compare_tensors(classifier, reloaded)
    if read_abstention(run.model) != abstention:
        raise VerificationError("The saved model has another threshold than was chosen.", _FAULT)
    sample = list(texts[:_TEXTS])
    found = TorchPredictor(reloaded).predict_proba(sample)
    difference = _largest_difference(found, probabilities[: len(sample)])
    _check(difference, _TOLERANCE[precision], f"the probabilities behind the figures ({precision})")
    report: dict[str, Any] = {"texts": len(sample), "largest_difference": difference}
    if classifier.stock is not None:
        pipeline_difference = _largest_difference(_pipeline_probabilities(run, reloaded, sample), found)
        _check(pipeline_difference, _SAME, "the probabilities of transformers' pipeline")
        report["largest_difference_to_pipeline"] = pipeline_difference
    return report


def _compare_tensors(trained: TextClassifier, reloaded: TextClassifier) -> None:
    import torch

    for part in ("encoder", "head"):
        before, after = getattr(trained, part).state_dict(), getattr(reloaded, part).state_dict()
        differing = sorted(
            name
            for name in before.keys() | after.keys()
            if name not in before or name not in after or not torch.equal(before[name], after[name])
        )
        if differing:
            raise VerificationError(
                f"The saved model differs from the trained one in {len(differing)} tensors of its {part}, "
                f"{differing[0]} among them.",
                _FAULT,
            )


def _pipeline_probabilities(
    run: Run, classifier: TextClassifier, texts: Sequence[str]
) -> NDArray[np.float64]:
    from transformers import pipeline

    from textune.encoder.weights import quiet_transformers

    with quiet_transformers():
        plain = pipeline("text-classification", model=str(run.model), top_k=None, device="cpu")
        answers = plain(list(texts), truncation=True)
    by_name = [{entry["label"]: entry["score"] for entry in answer} for answer in answers]
    return np.array([[scores[name] for name in classifier.label_names] for scores in by_name])


def _largest_difference(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    return float(np.abs(first - second).max())


def _check(difference: float, tolerance: float, reference: str) -> None:
    if not difference <= tolerance:
        raise VerificationError(
            f"The saved model's probabilities differ from {reference} by up to {difference:.2g}; "
            f"at most {tolerance:.2g} is allowed.",
            _FAULT,
        )
