"""vLLM's classification at `POST /classify` and `POST /v1/classify`, which SGLang has as well.

A request's `input` is a text or a list of texts; for a classifier of pairs, an object with both texts, or a
list of those. Schema: `vllm/entrypoints/pooling/classify/protocol.py` and `base/protocol.py` of vLLM.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from textune.serving.answers import decisions_of, scores_of
from textune.serving.protocols.endpoints import JSON, Asked, Endpoints
from textune.serving.protocols.registry import ClientProtocol, register_protocol
from textune.serving.protocols.tei_protocol import check_cut
from textune.serving.refusals import Refusal
from textune.serving.request_texts import Inputs, texts_of
from textune.serving.service import Service

_TYPES = {404: "NotFoundError", 401: "AuthenticationError", 429: "RateLimitError"}
_TYPES |= {500: "InternalServerError", 503: "ServiceUnavailableError", 504: "TimeoutError"}


class VllmRequest(BaseModel):
    """A request of vLLM's clients, which may have more fields than are read here."""

    model_config = ConfigDict(strict=True, extra="ignore")

    input: Inputs = Field(description="A text, or a list of texts; token ids are refused.")
    model: str | None = Field(None, description="The name of the model, if any.")
    use_activation: bool | None = Field(None, description="false: give logits instead of probabilities.")
    truncate_prompt_tokens: Annotated[int, Field(ge=-1)] | None = Field(
        None, description="Not fewer than the model reads; texts are truncated there in any case."
    )
    truncation_side: Literal["left", "right"] | None = Field(
        None, description="Texts are truncated on the right; 'left' is refused if a text is too long."
    )


class VllmClass(TypedDict):
    """What a text is."""

    index: int
    label: Annotated[str | None, Field(description="null: the text gets no label.")]
    probs: Annotated[list[FiniteFloat], Field(description="In the order of the classes.")]
    num_classes: int
    labels: NotRequired[Annotated[list[str], Field(description="All of a text that can have several.")]]
    abstained: NotRequired[Annotated[bool, Field(description="Whether the label is withheld.")]]
    other: NotRequired[Annotated[bool, Field(description="Whether it belongs to none of the classes.")]]


class VllmUsage(TypedDict):
    """How many tokens were read."""

    prompt_tokens: int
    total_tokens: int
    completion_tokens: int
    prompt_tokens_details: None


class VllmAnswer(TypedDict):
    """The classes of texts."""

    id: str
    object: Literal["list"]
    created: int
    model: str
    data: list[VllmClass]
    usage: VllmUsage


class VllmErrorInfo(BaseModel):
    """What is wrong."""

    message: str
    type: str
    param: str | None = None
    code: int


class VllmError(BaseModel):
    """A refusal in vLLM's form."""

    error: VllmErrorInfo


class VllmModel(TypedDict):
    """The server's model."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    root: str
    max_model_len: int


class VllmModels(TypedDict):
    """The models of a server, of which there is one."""

    object: Literal["list"]
    data: list[VllmModel]


def _refuse(refusal: Refusal) -> Response:
    code = refusal.status(wrong=400)
    error = VllmErrorInfo(message=refusal.detail, type=_TYPES.get(code, "BadRequestError"), code=code)
    return JSONResponse({"error": error.model_dump()}, status_code=code, headers=refusal.headers)


async def _classify(asked: Asked) -> VllmAnswer:
    """Classify texts, in vLLM's schema."""
    body: VllmRequest = asked.read(VllmRequest)
    service, predictor = asked.service, asked.service.served.predictor
    if body.model not in (None, service.model_name):
        raise Refusal(404, f"model: The model's name is '{service.model_name}'.")
    texts = texts_of(body.input, service.limits, pairs=predictor.pairs, place="input")
    if body.truncate_prompt_tokens is not None and -1 < body.truncate_prompt_tokens < predictor.max_tokens:
        said = f"Texts are truncated at the {predictor.max_tokens:,} tokens that the model reads, not before."
        raise Refusal(422, f"truncate_prompt_tokens: {said}")
    await check_cut(texts, service, may_cut=True, direction=body.truncation_side or "right", place="input")
    tokens = await _count_tokens(texts, service)
    logits, truncated = await asked.logits(texts)
    scores = scores_of(logits, "none").tolist() if body.use_activation is False else None
    decisions = decisions_of(logits, truncated, predictor)
    data = [_class(decision, index) for index, decision in enumerate(decisions)]
    for found, values in zip(data, scores or (), strict=False):
        found["probs"] = values
    return {
        "id": f"classify-{asked.record.id}",
        "object": "list",
        "created": int(time.time()),
        "model": service.model_name,
        "data": data,
        "usage": {
            "prompt_tokens": tokens,
            "total_tokens": tokens,
            "completion_tokens": 0,
            "prompt_tokens_details": None,
        },
    }


def _class(decision: Mapping[str, Any], index: int) -> VllmClass:
    probabilities = decision["scores"]
    found: VllmClass = {
        "index": index,
        "label": decision.get("label"),
        "probs": list(probabilities.values()),
        "num_classes": len(probabilities),
    }
    if (labels := decision.get("labels")) is not None:
        found["labels"], found["label"] = labels, max(labels, key=probabilities.__getitem__, default=None)
    if "abstained" in decision:
        found["abstained"] = decision["abstained"]
    if "other" in decision:
        found["other"] = decision["other"]
    return found


async def _count_tokens(texts: list[Any], service: Service) -> int:
    """Return how many tokens the model reads of texts; 0 if they cannot be counted."""
    count_tokens, predictor = service.served.count_tokens, service.served.predictor
    if count_tokens is None:
        return 0
    counts = await asyncio.to_thread(count_tokens, texts)
    return sum(counts if predictor.windows else (min(count, predictor.max_tokens) for count in counts))


def _models(service: Service) -> VllmModels:
    model: VllmModel = {
        "id": service.model_name,
        "object": "model",
        "created": service.started,
        "owned_by": "textune",
        "root": service.model_name,
        "max_model_len": service.served.predictor.max_tokens,
    }
    return {"object": "list", "data": [model]}


def _add(endpoints: Endpoints, service: Service) -> None:
    about: dict[str, Any] = {"gives": VllmAnswer, "errors": VllmError, "also": (404,)}
    for path in ("/classify", "/v1/classify"):
        endpoints.question(path, bodies={JSON: VllmRequest}, **about)(_classify)


register_protocol(
    ClientProtocol(
        "vllm", "clients of vLLM and SGLang", add=_add, refuse=_refuse, models=(VllmModels, _models)
    )
)
