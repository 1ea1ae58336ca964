"""What the server says of itself: its OpenAPI document, and `/info`.

In: the application, or what is served. Out: JSON values. Endpoints read their bodies themselves, so that
limits hold while a body arrives; what they take and give is therefore described here. `/info` has the names
that text-embeddings-inference gives such facts, as far as it has them.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from textune.serving import schemas
from textune.serving.limits import Limits
from textune.serving.served import Served

VERSION = version("textune")

_REFERENCE = "#/components/schemas/{model}"
_SCORES = {"type": "array", "items": {"$ref": _REFERENCE.format(model="Score")}}
_NESTED = {"type": "array", "items": _SCORES}
_REQUESTS: dict[str, type[BaseModel]] = {
    "/": schemas.ClassifyRequest,
    "/predict": schemas.PredictRequest,
    "/explain": schemas.ExplainRequest,
}
_PARTS = (schemas.Score, schemas.ExplainAnswer, schemas.ErrorAnswer)
_ANSWERS: dict[str, dict[str, Any]] = {
    "/": _NESTED,
    "/predict": {"anyOf": [_SCORES, _NESTED]},
    "/explain": {"$ref": _REFERENCE.format(model="ExplainAnswer")},
}
_STATUS = {"type": "object", "additionalProperties": {"type": "string"}}
_PROBES: dict[str, dict[str, Any]] = {"/health": _STATUS, "/ready": _STATUS, "/info": {"type": "object"}}
_REFUSALS = {
    408: "The body did not arrive in time.",
    413: "The body, the number of texts or a text exceeds a limit.",
    422: "The request is wrong; the answer says where.",
    429: "The queue is full; the header Retry-After says when to try again.",
    500: "The model failed over a text.",
    503: "The server takes no requests.",
    504: "The time was up before there was an answer.",
}
_HEADERS = {
    "x-request-id": {"description": "The request's id.", "schema": {"type": "string"}},
    "x-total-time": {"description": "Milliseconds in the server.", "schema": {"type": "number"}},
    "x-queue-time": {"description": "Milliseconds before the model.", "schema": {"type": "number"}},
    "x-inference-time": {"description": "Milliseconds in the model.", "schema": {"type": "number"}},
}


def describe(app: FastAPI, served: Served, limits: Limits, *, with_key: bool) -> dict[str, Any]:
    """Return the OpenAPI document of an application.

    Args:
        app: The application; only its routes and titles are read.
        served: What it serves.
        limits: What it refuses.
        with_key: Whether requests need an API key.
    """
    document = get_openapi(title=app.title, summary=app.summary, version=app.version, routes=app.routes)
    models: list[type[BaseModel]] = [
        *_REQUESTS.values(),
        schemas.Score,
        schemas.ExplainAnswer,
        schemas.ErrorAnswer,
    ]
    _, definitions = models_json_schema([(model, "validation") for model in models], ref_template=_REFERENCE)
    document["components"] = {"schemas": definitions["$defs"]}
    _add_limits(document["components"]["schemas"], served, limits)
    for path, answer in _ANSWERS.items():
        operation = document["paths"][path]["post"]
        name = _REQUESTS[path].__name__
        schema = {"$ref": _REFERENCE.format(model=name)}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
        operation["responses"] = _responses(answer, _REFUSALS, with_key=with_key)
    for path, answer in _PROBES.items():
        refusals = {503: _REFUSALS[503]} if path != "/info" else {}
        document["paths"][path]["get"]["responses"] = _responses(
            answer, refusals, with_key=with_key and path == "/info"
        )
    text = {"text/plain": {"schema": {"type": "string"}}}
    figures = {"200": {"description": "The figures.", "content": text}}
    document["paths"]["/metrics"]["get"]["responses"] = figures | (_unauthorized() if with_key else {})
    if with_key:
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        for path in (*_ANSWERS, "/info", "/metrics"):
            for operation in document["paths"][path].values():
                operation["security"] = [{"key": []}]
    return document


def _add_limits(listed: dict[str, Any], served: Served, limits: Limits) -> None:
    """Add to the schemas what holds for this server: how many texts, how long, and which labels."""
    for name in ("ClassifyRequest", "PredictRequest"):
        text, *lists = listed[name]["properties"]["inputs"]["oneOf"]
        text["maxLength"] = limits.characters
        for one in lists:
            one["maxItems"] = limits.texts
            one["items"].get("items", one["items"])["maxLength"] = limits.characters
    explain = listed["ExplainRequest"]["properties"]
    explain["inputs"]["maxLength"] = limits.characters
    explain["label"]["anyOf"][0]["enum"] = list(served.label_names)


def info_document(served: Served, limits: Limits) -> dict[str, Any]:
    """Return what `/info` says."""
    names = served.label_names
    return {
        "model_id": served.model,
        "model_sha": served.sha256,
        "model_dtype": served.precision,
        "model_type": {
            "classifier": {
                "id2label": {str(number): name for number, name in enumerate(names)},
                "label2id": {name: number for number, name in enumerate(names)},
            }
        },
        "run": served.run,
        "runtime": served.runtime,
        "workers": served.workers,
        # JSON has no infinity: a classifier that never gives a label has no threshold.
        "abstains_below": served.threshold if served.threshold <= 1 else None,
        "max_input_length": served.max_tokens,
        "auto_truncate": True,
        "max_client_batch_size": limits.texts,
        "max_characters": limits.characters,
        "max_body_bytes": limits.body_bytes,
        "max_queued_texts": limits.queued_texts,
        "timeout_seconds": limits.timeout_seconds,
        "version": VERSION,
        "figures": dict(served.figures),
    }


def _responses(answer: dict[str, Any], refusals: dict[int, str], *, with_key: bool) -> dict[str, Any]:
    content = {"application/json": {"schema": answer}}
    listed: dict[str, Any] = {"200": {"description": "The answer.", "content": content, "headers": _HEADERS}}
    listed |= {str(status): _refusal(status, text) for status, text in refusals.items()}
    return listed | (_unauthorized() if with_key else {})


def _refusal(status: int, description: str) -> dict[str, Any]:
    schema = {"$ref": _REFERENCE.format(model="ErrorAnswer")}
    response: dict[str, Any] = {
        "description": description,
        "content": {"application/json": {"schema": schema}},
    }
    if status in {429, 503}:
        response["headers"] = {"retry-after": {"description": "Seconds.", "schema": {"type": "string"}}}
    return response


def _unauthorized() -> dict[str, Any]:
    return {"401": _refusal(401, "The API key is missing or wrong.")}
