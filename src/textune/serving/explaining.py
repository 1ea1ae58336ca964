"""Which words of one text carried a decision: a request's text becomes many without a word, and weights."""

from __future__ import annotations

import asyncio
from typing import Any

from textune.explain.attribution import MAX_PARTS, Explanation, occlude, weigh
from textune.formats.text_pairs import AnyText
from textune.serving.records import Record
from textune.serving.refusals import Refusal
from textune.serving.schemas import LabelExplanation, Part
from textune.serving.service import Service


async def explain_text(
    service: Service, text: AnyText, record: Record, *, label: str | None = None, is_kept: bool = False
) -> dict[str, Any]:
    """Return what `ExplainAnswer` holds; raise a `Refusal` if there is no such label.

    If the request has classified the text before, it `is_kept` already where predictions are.
    """
    predictor, limits = service.served.predictor, service.limits
    names = predictor.label_names
    if label is not None and label not in names:
        raise Refusal(422, f"label: must be one of {', '.join(names)}.")
    max_parts = max(1, min(MAX_PARTS, limits.texts, limits.queued_texts - 1))
    # In threads, as a text may have thousands of words to look for.
    occlusion = await asyncio.to_thread(occlude, text, most=max_parts)
    versions = await asyncio.to_thread(list, occlusion.versions())
    logits, truncated = await service.logits(versions, record, own=0 if is_kept else 1)
    record.truncated = int(truncated[0])  # The versions without a word are not the client's texts.
    explanation = weigh(
        occlusion,
        predictor.kind.probabilities(logits),
        label_names=names,
        label=label,
        thresholds=predictor.thresholds,
    )
    answer: dict[str, Any] = {**_explained(explanation), "truncated": bool(truncated[0])}
    if explanation.others is not None:
        answer["others"] = list(map(_explained, explanation.others))
    if predictor.outside is not None:
        answer["other"] = bool(predictor.outside.is_other(logits[:1])[0])
    return answer


def _explained(explanation: Explanation) -> LabelExplanation:
    parts, *parts_pair = (
        [Part(start=word.start, end=word.end, weight=word.weight) for word in words]
        for _, words in explanation.sides
    )
    explained: LabelExplanation = {"label": explanation.label, "score": explanation.score, "parts": parts}
    if parts_pair:
        [explained["parts_pair"]] = parts_pair
    return explained
