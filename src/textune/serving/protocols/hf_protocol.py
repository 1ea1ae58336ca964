"""Hugging Face's schema of text classification at `POST /`, which its inference clients speak."""

from __future__ import annotations

from fastapi import Request

from textune.serving.answers import answers_of, probabilities_function
from textune.serving.description import described
from textune.serving.protocols.endpoints import Endpoints
from textune.serving.protocols.registry import ClientProtocol, register_protocol
from textune.serving.records import Record
from textune.serving.request_texts import texts_of
from textune.serving.schemas import ClassifyParameters, ClassifyRequest, Score
from textune.serving.service import Service


async def classify_texts(body: ClassifyRequest, service: Service, record: Record) -> list[list[Score]]:
    """Return a list per text, even for a single one."""
    predictor, parameters = service.served.predictor, body.parameters or ClassifyParameters()
    texts = texts_of(body.inputs, service.limits, pairs=predictor.pairs)
    logits, _ = await service.logits(texts, record)
    return answers_of(
        logits,
        predictor.label_names,
        function=parameters.function_to_apply or probabilities_function(predictor),
        top_k=parameters.top_k,
        threshold=predictor.threshold,
        outside=predictor.outside,
    )


def _add(endpoints: Endpoints, service: Service) -> None:
    endpoints.classifies("/")

    @endpoints.app.post("/", **described(service, 408, 413, 422, 429, 500, 503, 504, needs_key=True))
    async def classify(body: ClassifyRequest, request: Request) -> list[list[Score]]:
        """Classify texts, in Hugging Face's schema: a list per text, even for a single one."""
        return await classify_texts(body, service, request.scope["textune"])


register_protocol(ClientProtocol("hf", "Hugging Face's inference clients", add=_add, always=True))
