"""KServe's V1 protocol, which is TensorFlow Serving's, with `:explain`.

An instance is a text, or an object with the texts by their names; a prediction is what `/labels` answers.
Schema: `v1_endpoints.py` of kserve 0.21.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from textune.serving.answers import decisions_of
from textune.serving.explaining import explain_text
from textune.serving.protocols.endpoints import JSON, Asked, Endpoints, check_ready
from textune.serving.protocols.registry import ClientProtocol, register_protocol
from textune.serving.refusals import Refusal
from textune.serving.request_texts import OneInput, StrictRequest, texts_of
from textune.serving.schemas import ExplainAnswer, LabelAnswer, LabelsAnswer
from textune.serving.service import Service

_Instances = Annotated[list[OneInput], Field(min_length=1, fail_fast=True)]


class InstancesRequest(StrictRequest):
    """Texts, or pairs of texts, under the name of V1 or under that of TensorFlow Serving."""

    instances: _Instances | None = Field(None, description="Texts, or pairs of texts.")
    inputs: _Instances | None = Field(None, description="Another name of instances.")


class ModelState(TypedDict):
    """Whether the model takes requests."""

    name: str
    ready: bool


class ModelNames(TypedDict):
    """The names of models, of which there is one."""

    models: list[str]


class KserveError(BaseModel):
    """A refusal in KServe's form."""

    error: str


def refuse_as_kserve(refusal: Refusal) -> Response:
    """Return the response to a refusal as KServe and the Open Inference Protocol have it."""
    code = refusal.status(wrong=400)
    return JSONResponse({"error": refusal.detail}, status_code=code, headers=refusal.headers)


def _texts(asked: Asked) -> list[Any]:
    body: InstancesRequest = asked.read(InstancesRequest)
    sent = {name: value for name, value in (("instances", body.instances), ("inputs", body.inputs)) if value}
    if len(sent) != 1:
        raise Refusal(422, "A request has either instances or inputs.")
    [(place, instances)] = sent.items()
    service = asked.service
    return texts_of(instances, service.limits, pairs=service.served.predictor.pairs, place=place)


def _add(endpoints: Endpoints, service: Service) -> None:
    predictor, base = service.served.predictor, f"/v1/models/{service.model_name}"
    answer: Any = LabelsAnswer if predictor.kind.is_multi_label else LabelAnswer
    named: Any = TypedDict  # mypy knows only those that are written as classes.
    predicted = named("KservePredictions", {"predictions": list[answer]})
    explained = named(
        "KserveExplanations", {"predictions": list[answer], "explanations": list[ExplainAnswer]}
    )
    asking: dict[str, Any] = {"bodies": {JSON: InstancesRequest}, "errors": KserveError}

    @endpoints.look(base, gives=ModelState, errors=KserveError, is_open=True)
    async def model_state() -> ModelState:
        """Return whether the model takes requests."""
        check_ready(service)
        return {"name": service.model_name, "ready": True}

    @endpoints.question(f"{base}:predict", gives=predicted, **asking)
    async def predict_instances(asked: Asked) -> Any:
        """Label texts, in KServe's V1 protocol."""
        logits, truncated = await asked.logits(_texts(asked))
        return {"predictions": list(decisions_of(logits, truncated, predictor))}

    @endpoints.question(f"{base}:explain", gives=explained, **asking)
    async def explain_instances(asked: Asked) -> Any:
        """Label texts and weigh their words, in KServe's V1 protocol."""
        texts = _texts(asked)
        logits, truncated = await asked.logits(texts)
        # One after another, as each of them becomes a hundred.
        explanations = [await explain_text(service, text, asked.record, is_kept=True) for text in texts]
        asked.record.texts, asked.record.truncated = len(texts), int(truncated.sum())
        decisions = list(decisions_of(logits, truncated, predictor))
        return {"predictions": decisions, "explanations": explanations}


register_protocol(
    ClientProtocol(
        "kserve",
        "clients of KServe's V1 protocol and of TensorFlow Serving",
        add=_add,
        refuse=refuse_as_kserve,
        prefixes=("/v1/models",),
        models=(ModelNames, lambda service: {"models": [service.model_name]}),
    )
)
