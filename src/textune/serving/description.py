"""What the API says of itself in `/openapi.json`: answers, headers, and requests as this server takes them.

FastAPI describes the endpoints. What depends on the classifier and the limits is added here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import Security
from fastapi.security import HTTPBearer

from textune.serving.schemas import ErrorAnswer
from textune.serving.service import Service

_REFUSALS = {
    400: "The request is invalid; the answer says where.",
    401: "The API key is missing or wrong.",
    404: "The model has another name.",
    408: "The body did not arrive in time.",
    413: "The body, the number of texts or a text exceeds a limit.",
    415: "The body is of a type that is not taken here.",
    422: "The request is invalid; the answer says where.",
    429: "The queue is full; the header Retry-After says when to try again.",
    500: "The model failed on a text.",
    503: "The server accepts no requests.",
    504: "The request timed out.",
}
_HEADERS = {
    "x-request-id": {"description": "The request's id.", "schema": {"type": "string"}},
    "x-total-time": {"description": "Milliseconds in the server.", "schema": {"type": "number"}},
    "x-queue-time": {"description": "Milliseconds before the model.", "schema": {"type": "number"}},
    "x-inference-time": {"description": "Milliseconds in the model.", "schema": {"type": "number"}},
}
_TRUNCATED = {
    "x-truncated-texts": {
        "description": "How many texts are longer than the model reads.",
        "schema": {"type": "integer"},
    }
}
_RETRY = {"retry-after": {"description": "Seconds.", "schema": {"type": "string"}}}


def described(
    service: Service, *statuses: int, needs_key: bool = False, error: Any = ErrorAnswer
) -> dict[str, Any]:
    """Return what the API's description says about an endpoint; the gate checks its key.

    `error` is the type of its refusals.
    """
    is_locked = needs_key and bool(service.key_digests)
    # Only what needs the model may meet a full queue.
    classifies = 429 in statuses
    responses: dict[int, dict[str, Any]] = {200: {"headers": _HEADERS | (_TRUNCATED if classifies else {})}}
    for status in (401, *statuses) if is_locked else statuses:
        responses[status] = {"model": error, "description": _REFUSALS[status]}
        if status in {429, 503}:
            responses[status]["headers"] = _RETRY
    key = Security(HTTPBearer(scheme_name="key", auto_error=False))
    return {"responses": responses, "dependencies": [key] if is_locked else []}


def fit_requests(schemas: dict[str, Any], service: Service) -> None:
    """Change the schemas of requests to what this server takes: single texts or pairs, within its limits."""
    limits, predictor = service.limits, service.served.predictor
    # The two texts of a pair share the characters, and neither is empty.
    characters = max(1, limits.characters - predictor.pairs)
    texts = schemas["TextObject"]
    texts["properties"]["text"]["maxLength"] = characters
    if predictor.pairs:
        texts["properties"]["text_pair"] = texts["properties"]["text"] | {"title": "Text Pair"}
        texts["required"] = ["text", "text_pair"]
    else:
        del texts["properties"]["text_pair"]
    for name, schema in schemas.items():
        for forms in _forms_of_texts(schema):
            forms[:] = [
                _fitted(form, characters=characters, most=limits.texts, pairs=predictor.pairs)
                for form in forms
                if _is_taken(form, pairs=predictor.pairs, listed=name == "PredictRequest")
            ]
    schemas["ExplainRequest"]["properties"]["label"]["anyOf"][0]["enum"] = list(predictor.label_names)


def _forms_of_texts(schema: Any) -> Iterator[list[dict[str, Any]]]:
    """Yield the forms that texts may have wherever a schema takes texts."""
    if isinstance(schema, list):
        for each in schema:
            yield from _forms_of_texts(each)
    if not isinstance(schema, dict):
        return
    forms = schema.get("oneOf", [])
    if any(str(form.get("$ref", "")).endswith("/TextObject") for form in forms):
        yield forms
    for each in schema.values():
        yield from _forms_of_texts(each)


def _is_taken(form: dict[str, Any], *, pairs: bool, listed: bool) -> bool:
    """Return whether a form of inputs is taken; with `listed`, a list of two texts is a pair."""
    if not pairs or "$ref" in form:
        return True
    if form["type"] == "string":
        return False
    return listed or form["items"].get("type") != "string"


def _fitted(form: dict[str, Any], *, characters: int, most: int, pairs: bool) -> dict[str, Any]:
    if form.get("type") == "string":
        return form | {"maxLength": characters}
    if form.get("type") != "array":
        return form
    items, side = form["items"], {"maxLength": characters}
    exactly = {"minItems": 1 + pairs, "maxItems": 1 + pairs}
    if items.get("type") == "string":
        return form | {"items": items | side} | (exactly if pairs else {"maxItems": most})
    if items.get("type") == "array":
        items = items | {"items": items["items"] | side} | exactly
    return form | {"items": items, "maxItems": most}
