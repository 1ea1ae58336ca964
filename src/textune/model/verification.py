"""Is the saved model the trained one? Load it again and compare."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textune.encoder.placement import choose_placement, one_thread
from textune.encoder.windows import WindowedTexts
from textune.errors import VerificationError
from textune.formats.text_pairs import AnyText, text_fields
from textune.model.outside_threshold import OutsideThreshold, read_outside_threshold
from textune.model.threshold import Abstention, read_abstention, read_label_thresholds

if TYPE_CHECKING:
    from textune.model.classifier import EncoderClassifier

_FAULT = "This is a fault of textune or of the disk; please report it with this message."
_TEXTS = 16
_SAME = 1e-5
"""The maximum difference of two fp32 computations of a probability."""
_TOLERANCE = {"fp32": 1e-4, "bf16": 0.1, "fp16": 0.02}
"""The maximum difference of a probability between the reloaded model in fp32 and the metrics' precision."""


def verify_saved(
    folder: Path,
    classifier: EncoderClassifier,
    *,
    texts: Sequence[AnyText],
    probabilities: NDArray[np.float64],
    precision: str,
    abstention: Abstention | None = None,
    thresholds: NDArray[np.float64] | None = None,
    outside: OutsideThreshold | None = None,
) -> tuple[EncoderClassifier, dict[str, Any]]:
    """Load the saved model once, compare it with the trained one, and return it with what was compared.

    Every tensor must have the same bits. On some texts, the reloaded model's probabilities must agree with
    those behind the metrics, computed in `precision`, and, if the head is stock, with those of plain
    transformers' pipeline, which reads one window of a text. A difference raises a `VerificationError`.
    """
    from textune.model.storage import load_classifier

    with one_thread():
        reloaded = load_classifier(folder)
        _compare_tensors(classifier, reloaded)
        if read_abstention(folder) != abstention:
            raise VerificationError(
                "The saved model has a different threshold than the trained model.", _FAULT
            )
        if read_outside_threshold(folder) != outside:
            raise VerificationError(
                "The saved model has another threshold for texts outside the classes than the trained one.",
                _FAULT,
            )
        if thresholds is not None and (
            read_label_thresholds(folder, reloaded.label_names).tolist() != thresholds.tolist()
        ):
            raise VerificationError(
                "The saved model has other thresholds of labels than the trained model.", _FAULT
            )
        sample = list(texts[:_TEXTS])
        placement = choose_placement("fp32")
        read = reloaded.tokenize(sample)
        rows = read.rows
        features = reloaded.placed(placement).features(rows, placement=placement)
        recomputed = reloaded.probabilities(features)
        expected, reference = (
            probabilities[: len(sample)],
            f"the probabilities behind the metrics ({precision})",
        )
        difference = _compare(recomputed, expected, _TOLERANCE[precision], reference)
        facts: dict[str, Any] = {"texts": len(sample), "largest_difference": difference}
        # The pipeline reads one window, and for two long texts its tokenizer would fill the memory.
        whole = ~(rows.counts > 1 if isinstance(rows, WindowedTexts) else read.truncated & classifier.pairs)
        if classifier.stock is not None and whole.any():
            by_pipeline = _pipeline_probabilities(folder, reloaded, list(compress(sample, whole)))
            facts["largest_difference_to_pipeline"] = _compare(
                recomputed[whole], by_pipeline, _SAME, "the probabilities of transformers' pipeline"
            )
    return reloaded, facts


def _compare_tensors(trained: EncoderClassifier, reloaded: EncoderClassifier) -> None:
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
    folder: Path, classifier: EncoderClassifier, texts: Sequence[AnyText]
) -> NDArray[np.float64]:
    from transformers import pipeline

    from textune.encoder.weights import quiet_transformers

    with quiet_transformers():
        plain = pipeline("text-classification", model=str(folder), top_k=None, device="cpu")
        inputs = [text if isinstance(text, str) else text_fields(text) for text in texts]
        answers = plain(inputs, truncation=True)
    by_name = [{entry["label"]: entry["score"] for entry in answer} for answer in answers]
    return np.array([[scores[name] for name in classifier.label_names] for scores in by_name])


def _compare(
    actual: NDArray[np.float64], expected: NDArray[np.float64], tolerance: float, reference: str
) -> float:
    difference = float(np.abs(actual - expected).max())
    if not difference <= tolerance:
        raise VerificationError(
            f"The saved model's probabilities differ from {reference} by up to {difference:.2g}; "
            f"at most {tolerance:.2g} is allowed.",
            _FAULT,
        )
    return difference
