"""The endpoints of a `Service`: an ASGI application, which describes itself in `/openapi.json`.

An endpoint takes a checked request, asks the service for logits, and gives them the form that its clients
expect.
"""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.exceptions import HTTPException

from textune.evaluation.baselines import BASELINES
from textune.evaluation.metrics import metrics_of
from textune.explain.attribution import MAX_PARTS, Explanation, occlude, weigh
from textune.formats.text_pairs import AnyText
from textune.runtimes.predictor import Predictor
from textune.serving.answers import answers_of, decisions_of, probabilities_function
from textune.serving.description import described, fit_requests
from textune.serving.gate import PAGE, Gate
from textune.serving.label_studio_endpoints import LabelStudio, add_label_studio
from textune.serving.page import page_files
from textune.serving.refusals import Refusal, draining
from textune.serving.request_texts import is_batch, texts_of
from textune.serving.schemas import (
    ClassifyParameters,
    ClassifyRequest,
    ExplainAnswer,
    ExplainRequest,
    InfoAnswer,
    LabelAnswer,
    LabelExplanation,
    LabelsAnswer,
    LabelsRequest,
    Part,
    PredictRequest,
    Score,
    StatusAnswer,
    first_error,
)
from textune.serving.service import Service

_METRIC_FIELDS = ("key", "title", "unit", "direction")
_RIGHT_ONLY = "truncation_direction: a long text is truncated at its right end only."


def build_app(service: Service) -> Gate:
    """Return the application behind its gate."""
    app = FastAPI(
        title="textune",
        summary="A text classifier behind HTTP.",
        version=version("textune"),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers=dict.fromkeys((RequestValidationError, HTTPException, Exception), _refuse),
    )
    _add_questions(app, service)
    _add_probes(app, service)
    _add_page(app)
    # FastAPI keeps the document that it has made, and answers with what is added here.
    fit_requests(app.openapi()["components"]["schemas"], service)
    return Gate(app, service, paths=frozenset(getattr(route, "path", "") for route in app.routes))


def _add_questions(app: FastAPI, service: Service) -> None:
    predictor, limits = service.served.predictor, service.limits
    usual_function, pairs = probabilities_function(predictor), predictor.pairs
    answer_type = list[LabelsAnswer] if predictor.kind.is_multi_label else list[LabelAnswer]
    answers_described = described(service, 408, 413, 422, 429, 500, 503, 504, needs_key=True)

    @app.post("/", **answers_described)
    async def classify(body: ClassifyRequest, request: Request) -> list[list[Score]]:
        """Classify texts, in Hugging Face's schema: a list per text, even for a single one."""
        parameters = body.parameters or ClassifyParameters()
        texts = texts_of(body.inputs, limits, pairs=pairs)
        logits, _ = await service.logits(texts, request.scope["textune"])
        return answers_of(
            logits,
            predictor.label_names,
            function=parameters.function_to_apply or usual_function,
            top_k=parameters.top_k,
            threshold=predictor.threshold,
            outside=predictor.outside,
        )

    async def predict(body: PredictRequest, request: Request) -> list[Score] | list[list[Score]]:
        """Classify texts, in text-embeddings-inference's schema: flat for one text, nested for a batch."""
        texts = texts_of(body.inputs, limits, pairs=pairs, listed_pairs=pairs)
        await _check_cut(body, texts, service)
        logits, _ = await service.logits(texts, request.scope["textune"])
        answers = answers_of(
            logits,
            predictor.label_names,
            function="none" if body.raw_scores else usual_function,
            threshold=predictor.threshold,
            outside=predictor.outside,
        )
        return answers if is_batch(body.inputs, listed_pairs=pairs) else answers[0]

    if service.label_studio:
        add_label_studio(app, LabelStudio(service), service, predict=predict)
    else:
        app.post("/predict", **answers_described)(predict)

    @app.post("/labels", response_model=answer_type, **answers_described)
    async def labels(body: LabelsRequest, request: Request) -> Any:
        """Label texts as `textune predict` does, thresholds included: an answer per text."""
        texts = texts_of(body.inputs, limits, pairs=pairs)
        logits, truncated = await service.logits(texts, request.scope["textune"])
        return list(decisions_of(logits, truncated, predictor))

    @app.post("/explain", response_model=ExplainAnswer, **answers_described)
    async def explain(body: ExplainRequest, request: Request) -> Any:
        """Weigh the words of a text: how much less probable a label is without each of them."""
        [text] = texts_of(body.inputs, limits, pairs=pairs)
        names = predictor.label_names
        if body.label is not None and body.label not in names:
            raise Refusal(422, f"label: must be one of {', '.join(names)}.")
        max_parts = max(1, min(MAX_PARTS, limits.texts, limits.queued_texts - 1))
        # In threads, as a text may have thousands of words to look for.
        occlusion = await asyncio.to_thread(occlude, text, most=max_parts)
        versions = await asyncio.to_thread(list, occlusion.versions())
        record = request.scope["textune"]
        logits, truncated = await service.logits(versions, record)
        record.truncated = int(truncated[0])  # The versions without a word are not the client's texts.
        explanation = weigh(
            occlusion,
            predictor.kind.probabilities(logits),
            label_names=names,
            label=body.label,
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


async def _check_cut(body: PredictRequest, texts: list[AnyText], service: Service) -> None:
    """Raise a `Refusal` if a text would be truncated but must not be, or must be truncated on the left."""
    if body.truncate is not False and body.truncation_direction.lower() != "left":
        return
    predictor, count_tokens = service.served.predictor, service.served.count_tokens
    max_tokens = predictor.max_tokens
    if predictor.windows is not None:
        await _check_cut_windows(body, texts, predictor)
        return
    if count_tokens is None:
        raise Refusal(422, "This server cannot count tokens, so it can only truncate texts on the right.")
    # In a thread, as a body may hold a million tokens.
    counts = await asyncio.to_thread(count_tokens, texts)
    for index, count in enumerate(counts):
        if count > max_tokens and body.truncate is False:
            message = f"{count:,} tokens exceed the {max_tokens:,} that the model reads."
            raise Refusal(413, f"inputs[{index}]: {message}")
        if count > max_tokens:
            raise Refusal(422, _RIGHT_ONLY)


async def _check_cut_windows(body: PredictRequest, texts: list[AnyText], predictor: Predictor) -> None:
    truncated = (await asyncio.to_thread(predictor.tokenize, texts)).truncated
    if truncated.any() and body.truncate is False:
        longest = f"the {predictor.max_windows} windows of {predictor.max_tokens:,} tokens"
        index = truncated.tolist().index(True)
        raise Refusal(413, f"inputs[{index}]: It is longer than {longest} that the model reads.")
    if truncated.any():
        raise Refusal(422, _RIGHT_ONLY)


def _add_probes(app: FastAPI, service: Service) -> None:
    @app.get("/health", **described(service, 503))
    async def health() -> StatusAnswer:
        """Return whether the server works; if it does not, it must be restarted."""
        if not service.queue.alive:
            raise Refusal(503, "A worker has ended.")
        return StatusAnswer(status="UP" if service.label_studio else "ok")

    @app.get("/ready", **described(service, 503))
    async def ready() -> StatusAnswer:
        """Return whether the server accepts requests."""
        if service.draining or not service.queue.alive:
            raise draining()
        return StatusAnswer(status="ready")

    @app.get("/info", **described(service, needs_key=True))
    async def info() -> InfoAnswer:
        """Describe the model, its metrics, and the server's limits."""
        served = service.served
        predictor, limits = served.predictor, service.limits
        names, threshold, thresholds = predictor.label_names, predictor.threshold, predictor.thresholds
        problem_type = predictor.kind.problem_type
        return InfoAnswer(
            model_id=served.model,
            model_sha=served.model_sha256,
            model_dtype=served.precision,
            model_type={
                "classifier": {
                    "id2label": {str(index): name for index, name in enumerate(names)},
                    "label2id": {name: index for index, name in enumerate(names)},
                }
            },
            run=served.run,
            runtime=served.runtime,
            workers=served.workers,
            # JSON has no infinity: a classifier that never gives a label has no threshold.
            abstains_below=threshold if threshold <= 1 else None,
            problem_type=problem_type,
            thresholds=None if thresholds is None else dict(zip(names, thresholds.tolist(), strict=True)),
            may_be_other=predictor.outside is not None,
            pairs=predictor.pairs,
            max_input_length=predictor.max_tokens,
            long_texts="cut" if predictor.windows is None else "windows",
            max_client_batch_size=limits.texts,
            max_characters=limits.characters,
            max_body_bytes=limits.body_bytes,
            max_queued_texts=limits.queued_texts,
            timeout_seconds=limits.timeout_seconds,
            version=app.version,
            metrics=[
                {name: getattr(row, name) for name in _METRIC_FIELDS}
                for row in metrics_of(problem_type).values()
            ],
            baselines={key: baseline.title for key, baseline in BASELINES.items()},
            figures=dict(served.metrics),
        )

    @app.get("/metrics", response_class=PlainTextResponse, **described(service, needs_key=True))
    async def metrics() -> Response:
        """Return the server's metrics in Prometheus' text format."""
        return Response(service.metrics.exposition(), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _add_page(app: FastAPI) -> None:
    def add(path: str, response: Response) -> None:
        @app.get(path, include_in_schema=False)
        async def respond() -> Response:
            return response

    for name, response in page_files().items():
        add("/" if name == "index.html" else f"{PAGE}{name}", response)


async def _refuse(_: Request, error: Exception) -> Response:
    match error:
        case Refusal():
            refusal = error
        case RequestValidationError():
            refusal = Refusal(422, first_error(error.errors()))
        case HTTPException(status_code=400):  # For bytes that are not UTF-8, and for lists nested too deep.
            refusal = Refusal(422, "Invalid JSON: it cannot be read.")
        case HTTPException():
            message = "This endpoint does not exist; /openapi.json lists all endpoints."
            refusal = Refusal(error.status_code, message, error.headers)
        case _:  # The error itself goes on to the gate, which logs it.
            refusal = Refusal(500, "The server failed on this request.")
    return refusal.response()
