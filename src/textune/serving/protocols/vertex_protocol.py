"""Vertex AI's protocol of custom containers: `{"instances": [...]}` at the route that the environment names.

An instance is a text, an object with the texts by their names, Vertex AI's own instance of text
classification, or a request in text-embeddings-inference's schema of `/predict`; each prediction has the form
of its instance.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Discriminator, Field, FiniteFloat, Tag
from typing_extensions import TypedDict

from textune.errors import RequestError
from textune.formats.text_pairs import AnyText
from textune.serving.answers import decisions_of
from textune.serving.protocols.endpoints import JSON, Asked, Endpoints, check_ready
from textune.serving.protocols.registry import ClientProtocol, register_protocol
from textune.serving.protocols.tei_protocol import read_inputs, scores_for
from textune.serving.refusals import Refusal
from textune.serving.request_texts import StrictRequest, Text, TextObject, texts_of
from textune.serving.schemas import (
    ErrorAnswer,
    LabelAnswer,
    LabelsAnswer,
    PredictRequest,
    Score,
    StatusAnswer,
)
from textune.serving.service import Service

_PORT, _HEALTH, _PREDICT = "AIP_HTTP_PORT", "AIP_HEALTH_ROUTE", "AIP_PREDICT_ROUTE"
_USUAL = {_HEALTH: "/health", _PREDICT: "/vertex"}
_ANSWERED = ("/", "/health", "/ready")
"""Paths that every server answers with 200, or 503 where it must not be asked."""

_ROUTE = re.compile(r"/[A-Za-z0-9_.~:@/-]*")


class ContentInstance(StrictRequest):
    """An instance of Vertex AI's own schema of text classification."""

    content: Text
    mime_type: Literal["text/plain"] | None = Field(None, alias="mimeType")


def _form(value: Any) -> str | None:
    if isinstance(value, dict):
        return "a request" if "inputs" in value else "a content" if "content" in value else "an object"
    return "a text" if isinstance(value, str) else None


Instance = Annotated[
    Annotated[Text, Tag("a text")]
    | Annotated[TextObject, Tag("an object")]
    | Annotated[ContentInstance, Tag("a content")]
    | Annotated[PredictRequest, Tag("a request")],
    Discriminator(
        _form, custom_error_type="inputs", custom_error_message="Input should be a text or an object with one"
    ),
]
"""One instance in any of its forms."""


class VertexRequest(StrictRequest):
    """A request of Vertex AI's clients."""

    instances: Annotated[list[Instance], Field(min_length=1, fail_fast=True)]
    parameters: dict[str, Any] | None = Field(None, description="There are none.", max_length=0)


class ContentPrediction(TypedDict):
    """A prediction in Vertex AI's own schema: the labels that a text gets, the highest confidence first."""

    ids: list[str]
    displayNames: list[str]
    confidences: list[FiniteFloat]


class VertexAnswer(BaseModel):
    """A prediction for each instance, in the form of the instance."""

    predictions: list[LabelsAnswer | LabelAnswer | ContentPrediction | list[Score] | list[list[Score]]]


def _port(environment: Mapping[str, str]) -> int:
    for variable in (_HEALTH, _PREDICT):
        _route(environment, variable)
    port = environment.get(_PORT, "")
    if port and not (port.isdigit() and 0 < int(port) < 65536):
        raise RequestError(f"{_PORT} is '{port}', which is not a port.", "Vertex AI sets it to a number.")
    return int(port or 0)


def _route(environment: Mapping[str, str], variable: str) -> str:
    route = environment.get(variable) or _USUAL[variable]
    if not _ROUTE.fullmatch(route):
        raise RequestError(
            f"{variable} is '{route}', which is not a route.", "Give a path, such as /vertex, when deploying."
        )
    return route


async def _texts(instance: Any, place: str, service: Service) -> list[AnyText]:
    if isinstance(instance, PredictRequest):
        return await read_inputs(instance, service, place=f"{place}.inputs")
    inner = ".content" if isinstance(instance, ContentInstance) else ""
    text = instance.content if isinstance(instance, ContentInstance) else instance
    return texts_of(text, service.limits, pairs=service.served.predictor.pairs, place=f"{place}{inner}")


def _prediction(instance: Any, logits: Any, truncated: Any, service: Service) -> Any:
    predictor = service.served.predictor
    if isinstance(instance, PredictRequest):
        return scores_for(instance, logits, service)

    decision: dict[str, Any] = dict(next(decisions_of(logits, truncated, predictor)))
    if not isinstance(instance, ContentInstance):
        return decision
    scores: dict[str, float] = decision["scores"]
    given = decision["labels"] if "labels" in decision else scores if decision["label"] is not None else ()
    ranked = sorted(given, key=lambda name: -scores[name])
    ids = [str(predictor.label_names.index(name)) for name in ranked]
    return {"ids": ids, "displayNames": ranked, "confidences": [scores[name] for name in ranked]}


async def _predict(asked: Asked) -> Any:
    """Classify texts, in Vertex AI's protocol."""
    body: VertexRequest = asked.read(VertexRequest)
    service = asked.service
    texts: list[AnyText] = []
    ends: list[int] = []
    for number, instance in enumerate(body.instances):
        own = await _texts(instance, f"instances[{number}]", service)
        texts += own
        ends.append(len(texts))
        if len(texts) > service.limits.texts:
            raise Refusal(
                413, f"instances: They exceed the limit of {service.limits.texts:,} texts per request."
            )
    logits, truncated = await asked.logits(texts)
    starts = [0, *ends[:-1]]
    return {
        "predictions": [
            _prediction(instance, logits[start:end], truncated[start:end], service)
            for instance, start, end in zip(body.instances, starts, ends, strict=True)
        ]
    }


def _add(endpoints: Endpoints, service: Service) -> None:
    health, predict = _route(os.environ, _HEALTH), _route(os.environ, _PREDICT)
    endpoints.question(predict, bodies={JSON: VertexRequest}, gives=VertexAnswer, errors=ErrorAnswer)(
        _predict
    )
    if health not in _ANSWERED:

        @endpoints.look(health, gives=StatusAnswer, errors=ErrorAnswer, is_open=True)
        async def vertex_health() -> StatusAnswer:
            """Return whether requests are accepted."""
            check_ready(service)
            return StatusAnswer(status="ready")


register_protocol(
    ClientProtocol("vertex", "Vertex AI", add=_add, refuse=partial(Refusal.response, wrong=400), port=_port)
)
