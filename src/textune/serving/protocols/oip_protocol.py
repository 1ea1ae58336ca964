"""The Open Inference Protocol, V2 of KServe, which Triton's clients speak: BYTES in, FP32 and BYTES out.

The input is `text`; a classifier of pairs has a second one, `text_pair`. The outputs depend on the
classifier, and `/v2/models/NAME` lists them. Schema: `inference_rest.md` of the open-inference-protocol, with
Triton's extensions `binary_tensor_data` and `classification`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response
from typing_extensions import TypedDict

from textune.formats.text_pairs import AnyText, fields_of_texts
from textune.serving.answers import decisions_of
from textune.serving.protocols.endpoints import JSON, Asked, Endpoints, check_ready, off_loop, read_json
from textune.serving.protocols.kserve_protocol import KserveError, ModelState, refuse_as_kserve
from textune.serving.protocols.oip_outputs import (
    OUTPUTS,
    VERSION,
    ModelDescription,
    describe_model,
    most_probable,
)
from textune.serving.protocols.oip_tensors import (
    OutputTensor,
    Parameter,
    check_shape,
    flatten_strings,
    split_body,
    strings_of_bytes,
)
from textune.serving.protocols.registry import ClientProtocol, register_protocol
from textune.serving.refusals import Refusal
from textune.serving.request_texts import TextObject, texts_of
from textune.serving.service import Service

_BINARY = "application/octet-stream"
_HEADER = "Inference-Header-Content-Length"


class _Part(BaseModel):
    """A part of a request; the protocol allows fields that are not known here."""

    model_config = ConfigDict(strict=True, extra="ignore")

    parameters: dict[str, Parameter] | None = None

    def parameter(self, name: str, default: Any = None) -> Any:
        """Return a parameter, or the default if it has none of this name."""
        return (self.parameters or {}).get(name, default)


class InputTensor(_Part):
    """Texts as a tensor."""

    name: str = Field(description="text, and text_pair for the second texts of pairs.")
    shape: Annotated[list[int], Field(description="[n] or [n, 1].", fail_fast=True)]
    datatype: str = Field(description="BYTES.")
    data: list[Any] | None = Field(None, description="The texts, unless they follow the JSON as bytes.")


class RequestedOutput(_Part):
    """An output that is wanted."""

    name: str


class InferRequest(_Part):
    """Texts to classify."""

    inputs: Annotated[list[InputTensor], Field(min_length=1, fail_fast=True)]
    outputs: Annotated[list[RequestedOutput], Field(fail_fast=True)] | None = Field(
        None, description="The wanted outputs; by default all."
    )
    id: str | None = None


class InferAnswer(TypedDict):
    """What the texts are."""

    model_name: str
    model_version: str
    id: str
    outputs: list[OutputTensor]


class ServerDescription(TypedDict):
    """The server, and the extensions that it has."""

    name: str
    version: str
    extensions: list[str]


class Live(TypedDict):
    """Whether the server works."""

    live: bool


class Ready(TypedDict):
    """Whether the server takes requests."""

    ready: bool


def _texts(body: InferRequest, binary: bytes, service: Service) -> list[AnyText]:
    names = fields_of_texts(pairs=service.served.predictor.pairs)
    sent = [each.name for each in body.inputs]
    # A single input can only be the texts, whatever another server's model called it.
    if sorted(sent) != sorted(names) and not len(sent) == len(names) == 1:
        raise Refusal(422, f"inputs: This model takes {' and '.join(names)}; the request has other inputs.")
    columns: dict[str, list[str]] = {}
    start = 0
    for place, tensor in enumerate(body.inputs):
        where = f"inputs[{place}]"
        strings, start = _strings(tensor, where, binary, start)
        check_shape(tensor.shape, len(strings), where)
        if len(strings) > service.limits.texts:
            most = f"{service.limits.texts:,} texts per request"
            raise Refusal(413, f"{where}: {len(strings):,} texts exceed the limit of {most}.")
        columns[tensor.name if len(names) > 1 else names[0]] = strings
    if start != len(binary):
        raise Refusal(422, f"{len(binary) - start:,} bytes after the JSON belong to no input.")
    if len({len(strings) for strings in columns.values()}) > 1:
        raise Refusal(422, "inputs: There are more texts of one side of the pairs than of the other.")
    seconds = columns[names[1]] if len(names) > 1 else ()
    pairs = [
        TextObject.model_construct(text=text, text_pair=seconds[row] if seconds else None)
        for row, text in enumerate(columns[names[0]])
    ]
    return texts_of(pairs, service.limits, pairs=service.served.predictor.pairs)


def _strings(tensor: InputTensor, where: str, binary: bytes, start: int) -> tuple[list[str], int]:
    """Return the strings of an input, and where the bytes of the next one begin."""
    if tensor.datatype != "BYTES":
        raise Refusal(422, f"{where}.datatype: Texts are BYTES.")
    if tensor.parameter("shared_memory_region") is not None:
        raise Refusal(422, f"{where}: This server shares no memory with its clients.")
    if tensor.parameter("content_type", "str") != "str":
        raise Refusal(422, f"{where}: The only content_type that is read is str.")
    size = tensor.parameter("binary_data_size")
    if (size is None) is (tensor.data is None):
        raise Refusal(422, f"{where}: A tensor has either data or a binary_data_size.")
    if size is None:
        return flatten_strings(tensor.data or [], f"{where}.data"), start
    if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= len(binary) - start:
        raise Refusal(422, f"{where}: Its binary_data_size is not that of bytes after the JSON.")
    return strings_of_bytes(binary[start : start + size], where), start + size


def _wanted(body: InferRequest, service: Service) -> list[RequestedOutput]:
    known = [output["name"] for output in describe_model(service)["outputs"]]
    if len({output.name for output in body.outputs or ()}) < len(body.outputs or ()):
        raise Refusal(422, "outputs: An output is named twice.")
    wanted = body.outputs or [RequestedOutput.model_construct(name=name, parameters=None) for name in known]
    for place, output in enumerate(wanted):
        count = output.parameter("classification", 0)
        if output.name not in known:
            raise Refusal(422, f"outputs[{place}].name: The outputs are {', '.join(known)}.")
        if output.parameter("shared_memory_region") is not None:
            raise Refusal(422, f"outputs[{place}]: This server shares no memory with its clients.")
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise Refusal(422, f"outputs[{place}]: classification is a number of classes.")
        if count and output.name != "probabilities":
            raise Refusal(422, f"outputs[{place}]: Only probabilities can be given as a classification.")
    return wanted


async def _infer(asked: Asked) -> Any:
    """Classify texts, in the Open Inference Protocol.

    With the header Inference-Header-Content-Length, strings of inputs may follow the JSON as bytes.
    """
    # The description has no second type of body: generated clients would not know which to send.
    service, predictor = asked.service, asked.service.served.predictor
    if asked.headers.get("content-encoding", "identity") != "identity":
        raise Refusal(422, "Content-Encoding: Compressed bodies are not read.")
    document, binary = split_body(asked.body, asked.headers.get(_HEADER.lower()))
    body: InferRequest = read_json(document, InferRequest)
    wanted = _wanted(body, service)
    texts = await off_loop(len(asked.body), partial(_texts, body, binary, service))
    logits, truncated = await asked.logits(texts)
    decisions: list[Mapping[str, Any]] = list(decisions_of(logits, truncated, predictor))
    probabilities = predictor.kind.probabilities(logits).astype(np.float32)
    outputs: list[OutputTensor] = []
    data: list[bytes] = []
    for output in wanted:
        tensor = OUTPUTS[output.name](predictor, (probabilities, decisions))
        if count := int(output.parameter("classification", 0)):
            tensor = most_probable(tensor, count, predictor.label_names)
        if output.parameter("binary_data", body.parameter("binary_data_output", False)):
            head, values = tensor.as_bytes()
            outputs.append(head)
            data.append(values)
        else:
            outputs.append(tensor.as_json())
    answer: InferAnswer = {
        "model_name": service.model_name,
        "model_version": VERSION,
        "id": body.id or asked.record.id,
        "outputs": outputs,
    }
    if not data:
        return answer
    head_bytes = json.dumps(answer).encode()
    headers = {_HEADER: f"{len(head_bytes)}"}
    return Response(b"".join([head_bytes, *data]), media_type=_BINARY, headers=headers)


def _add(endpoints: Endpoints, service: Service) -> None:
    base = f"/v2/models/{service.model_name}"
    look = partial(endpoints.look, errors=KserveError)

    @look("/v2", gives=ServerDescription)
    async def describe_server() -> ServerDescription:
        """Describe the server."""
        extensions = ["binary_tensor_data", "classification"]
        return {"name": "textune", "version": endpoints.app.version, "extensions": extensions}

    @look("/v2/models", gives=dict[str, list[str]])
    async def list_models() -> dict[str, list[str]]:
        """List the server's only model."""
        return {"models": [service.model_name]}

    @look("/v2/health/live", gives=Live, is_open=True)
    async def live() -> Live:
        """Return whether the server works."""
        if not service.queue.alive:
            raise Refusal(503, "A worker has ended.")
        return {"live": True}

    @look("/v2/health/ready", gives=Ready, is_open=True)
    async def ready() -> Ready:
        """Return whether the server takes requests."""
        check_ready(service)
        return {"ready": True}

    async def model() -> ModelDescription:
        """Describe the model's inputs and outputs."""
        return describe_model(service)

    async def model_ready() -> ModelState:
        """Return whether the model takes requests."""
        check_ready(service)
        return {"name": service.model_name, "ready": True}

    for path in (base, f"{base}/versions/{VERSION}"):
        look(path, gives=ModelDescription)(model)
        look(f"{path}/ready", gives=ModelState, is_open=True)(model_ready)
        endpoints.question(
            f"{path}/infer", bodies={JSON: InferRequest}, gives=InferAnswer, errors=KserveError
        )(_infer)


register_protocol(
    ClientProtocol(
        "oip",
        "clients of the Open Inference Protocol: KServe's V2 and Triton's",
        add=_add,
        refuse=refuse_as_kserve,
        prefixes=("/v2",),
    )
)
