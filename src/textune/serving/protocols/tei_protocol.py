"""text-embeddings-inference's schema of classification at `POST /predict`.

A server that is a backend of Label Studio adds the endpoint itself, because Label Studio asks there, too.
"""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from fastapi import Request
from numpy.typing import NDArray

from textune.formats.text_pairs import AnyText
from textune.runtimes.predictor import Predictor
from textune.serving.answers import answers_of, probabilities_function
from textune.serving.description import described
from textune.serving.protocols.endpoints import Endpoints
from textune.serving.protocols.registry import ClientProtocol, register_protocol
from textune.serving.records import Record
from textune.serving.refusals import Refusal
from textune.serving.request_texts import is_batch, texts_of
from textune.serving.schemas import PredictRequest, Score
from textune.serving.service import Service

_RIGHT_ONLY = "truncation_direction: a long text is truncated at its right end only."


async def predict_inputs(
    body: PredictRequest, service: Service, record: Record
) -> list[Score] | list[list[Score]]:
    """Return a flat list for one text, and a nested one for a batch."""
    texts = await read_inputs(body, service)
    logits, _ = await service.logits(texts, record)
    return scores_for(body, logits, service)


async def read_inputs(body: PredictRequest, service: Service, *, place: str = "inputs") -> list[AnyText]:
    """Return the texts of a request, which may be a part of another one, in a place of this name."""
    pairs = service.served.predictor.pairs
    texts = texts_of(body.inputs, service.limits, pairs=pairs, listed_pairs=pairs, place=place)
    await check_cut(
        texts, service, may_cut=body.truncate is not False, direction=body.truncation_direction, place=place
    )
    return texts


def scores_for(
    body: PredictRequest, logits: NDArray[np.floating[Any]], service: Service
) -> list[Score] | list[list[Score]]:
    """Return the answer to a request whose texts have these logits (texts, classes)."""
    answers = score_lists(logits, service, raw_scores=body.raw_scores)
    return answers if is_batch(body.inputs, listed_pairs=service.served.predictor.pairs) else answers[0]


def score_lists(
    logits: NDArray[np.floating[Any]], service: Service, *, raw_scores: bool = False
) -> list[list[Score]]:
    """Return the labels of each row of logits (texts, classes) with their scores, the highest first."""
    predictor = service.served.predictor
    return answers_of(
        logits,
        predictor.label_names,
        function="none" if raw_scores else probabilities_function(predictor),
        threshold=predictor.threshold,
        outside=predictor.outside,
    )


async def check_cut(
    texts: list[AnyText], service: Service, *, may_cut: bool, direction: str, place: str = "inputs"
) -> None:
    """Raise a `Refusal` if a text would be truncated but must not be, or must be truncated on the left."""
    if may_cut and direction != "left":
        return
    predictor, count_tokens = service.served.predictor, service.served.count_tokens
    max_tokens = predictor.max_tokens
    if predictor.windows is not None:
        await _check_cut_windows(texts, predictor, may_cut=may_cut, place=place)
        return
    if count_tokens is None:
        raise Refusal(422, "This server cannot count tokens, so it can only truncate texts on the right.")
    # In a thread, as a body may hold a million tokens.
    counts = await asyncio.to_thread(count_tokens, texts)
    for index, count in enumerate(counts):
        if count > max_tokens and not may_cut:
            message = f"{count:,} tokens exceed the {max_tokens:,} that the model reads."
            raise Refusal(413, f"{place}[{index}]: {message}")
        if count > max_tokens:
            raise Refusal(422, _RIGHT_ONLY)


async def _check_cut_windows(
    texts: list[AnyText], predictor: Predictor, *, may_cut: bool, place: str
) -> None:
    truncated = (await asyncio.to_thread(predictor.tokenize, texts)).truncated
    if truncated.any() and not may_cut:
        longest = f"the {predictor.max_windows} windows of {predictor.max_tokens:,} tokens"
        index = truncated.tolist().index(True)
        raise Refusal(413, f"{place}[{index}]: It is longer than {longest} that the model reads.")
    if truncated.any():
        raise Refusal(422, _RIGHT_ONLY)


def _add(endpoints: Endpoints, service: Service) -> None:
    endpoints.classifies("/predict")

    async def predict(body: PredictRequest, request: Request) -> list[Score] | list[list[Score]]:
        """Classify texts, in text-embeddings-inference's schema: flat for one text, nested for a batch."""
        return await predict_inputs(body, service, request.scope["textune"])

    if service.label_studio:
        # It learns with torch, which the server of an export does not need.
        from textune.serving.label_studio_endpoints import LabelStudio, add_label_studio

        add_label_studio(endpoints.app, LabelStudio(service), service, predict=predict)
    else:
        endpoints.app.post(
            "/predict", **described(service, 408, 413, 422, 429, 500, 503, 504, needs_key=True)
        )(predict)


register_protocol(ClientProtocol("tei", "clients of text-embeddings-inference", add=_add, always=True))
