"""SageMaker's protocol of containers: `GET /ping` and `POST /invocations`, on port 8080.

JSON is in text-embeddings-inference's schema of `/predict` or, with `parameters`, in Hugging Face's of `/`:
clients of both kinds of containers send it. A batch transform sends JSON Lines, or CSV without a header.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from pydantic import Discriminator, Tag
from starlette.responses import Response

from textune.errors import RequestError
from textune.formats.text_pairs import AnyText
from textune.serving.protocols.body_tables import is_header, rows_of_csv, texts_of_rows
from textune.serving.protocols.endpoints import JSON, Asked, off_loop, read_json
from textune.serving.protocols.hf_protocol import classify_texts
from textune.serving.protocols.registry import ClientProtocol, Invocation, register_protocol
from textune.serving.protocols.tei_protocol import predict_inputs, read_inputs, score_lists, scores_for
from textune.serving.refusals import Refusal
from textune.serving.schemas import ClassifyRequest, ErrorAnswer, PredictRequest, Score
from textune.serving.service import Service

_PORT, _PORT_VARIABLE = 8080, "SAGEMAKER_BIND_TO_PORT"
_CSV = "text/csv"
_LINES = ("application/jsonlines", "application/x-jsonlines", "application/jsonl")


def _form(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    return "texts" if {"parameters", "options"} & value.keys() else "a request"


SagemakerRequest = Annotated[
    Annotated[ClassifyRequest, Tag("texts")] | Annotated[PredictRequest, Tag("a request")],
    Discriminator(
        _form, custom_error_type="inputs", custom_error_message="A request is an object with inputs"
    ),
]
"""A request in the schema of text-embeddings-inference or, with parameters, of Hugging Face."""


def _port(environment: Mapping[str, str]) -> int:
    port = environment.get(_PORT_VARIABLE, "")
    if port and not (port.isdigit() and 0 < int(port) < 65536):
        raise RequestError(f"{_PORT_VARIABLE} is '{port}', which is not a port.", "Set it to a number.")
    return int(port or _PORT)


async def _answer(asked: Asked) -> Any:
    service = asked.service
    if asked.media_type == JSON:
        body = asked.read(SagemakerRequest)
        if isinstance(body, ClassifyRequest):
            return await classify_texts(body, service, asked.record)
        return await predict_inputs(body, service, asked.record)
    if asked.media_type == _CSV:
        texts = await off_loop(len(asked.body), _csv_texts, asked.body, service)
        logits, _ = await asked.logits(texts)
        return score_lists(logits, service)
    lines = [line for line in asked.body.split(b"\n") if line.strip()]
    if len(lines) > service.limits.texts:
        raise Refusal(
            413, f"{len(lines):,} lines exceed the limit of {service.limits.texts:,} texts per request."
        )
    answers = await _answer_lines([read_json(line, PredictRequest) for line in lines], asked)
    return Response("".join(f"{json.dumps(answer)}\n" for answer in answers), media_type=asked.media_type)


async def _answer_lines(requests: list[PredictRequest], asked: Asked) -> list[Any]:
    service = asked.service
    texts: list[AnyText] = []
    ends: list[int] = []
    for number, body in enumerate(requests):
        texts += await read_inputs(body, service, place=f"line {number + 1}: inputs")
        ends.append(len(texts))
    if len(texts) > service.limits.texts:
        raise Refusal(413, f"The lines exceed the limit of {service.limits.texts:,} texts per request.")
    if not texts:
        raise Refusal(422, "There are no lines.")
    logits, _ = await asked.logits(texts)
    return [
        scores_for(body, logits[start:end], service)
        for body, start, end in zip(requests, [0, *ends[:-1]], ends, strict=True)
    ]


def _csv_texts(body: bytes, service: Service) -> list[AnyText]:
    rows, pairs = rows_of_csv(body, service.limits), service.served.predictor.pairs
    names = rows.pop(0) if rows and is_header(rows[0], pairs=pairs) else None
    return texts_of_rows(names, rows, service.limits, pairs=pairs, place="rows")


def _invocation(service: Service) -> Invocation:
    lines = {"type": "string", "description": "A request in JSON on each line."}
    table = {"type": "string", "description": "A text, or both texts of a pair, per line, and no header."}
    return Invocation(
        takes=lambda asked: True,
        answer=_answer,
        bodies={JSON: SagemakerRequest, _CSV: table, **dict.fromkeys(_LINES, lines)},
        answers=list[Score] | list[list[Score]],
        errors=ErrorAnswer,
    )


register_protocol(
    ClientProtocol(
        "sagemaker",
        "SageMaker",
        refuse=partial(Refusal.response, wrong=400),
        port=_port,
        invocation=_invocation,
    )
)
