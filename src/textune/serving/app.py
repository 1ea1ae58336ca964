"""The endpoints of a `Service`: an ASGI application, which describes itself in `/openapi.json`.

The protocols of other servers' clients add theirs; those that are textune's own are here.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.exceptions import HTTPException

from textune.evaluation.baselines import BASELINES
from textune.evaluation.metrics import metrics_of
from textune.serving.answers import decisions_of
from textune.serving.description import described, fit_requests
from textune.serving.explaining import explain_text
from textune.serving.gate import PAGE, Gate
from textune.serving.page import page_files
from textune.serving.protocols.endpoints import Endpoints, check_ready
from textune.serving.protocols.registry import find_protocols
from textune.serving.protocols.shared_paths import add_shared_paths
from textune.serving.refusals import Refusal
from textune.serving.request_texts import texts_of
from textune.serving.schemas import (
    ExplainAnswer,
    ExplainRequest,
    InfoAnswer,
    LabelAnswer,
    LabelsAnswer,
    LabelsRequest,
    StatusAnswer,
    first_error,
)
from textune.serving.service import Service

_METRIC_FIELDS = ("key", "title", "unit", "direction")
_OPEN = ("/health", "/ready", "/openapi.json", "/")
"""The paths whose GET needs no key: probes, the API's description, the page that asks for the key."""
_LABEL_STUDIO = ("/setup", "/webhook")
"""Paths of Label Studio whose POST has a body, and needs no model."""


def build_app(service: Service) -> Gate:
    """Return the application behind its gate."""
    app = FastAPI(
        title="textune",
        summary="A text classifier behind HTTP.",
        version=version("textune"),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    endpoints, protocols = Endpoints(app, service), find_protocols(service.protocols)
    for protocol in protocols:
        if protocol.add is not None:
            with endpoints.of(protocol):
                protocol.add(endpoints, service)
    add_shared_paths(endpoints, protocols, service)
    _add_questions(endpoints, service)
    _add_probes(app, service)
    _add_page(app)
    paths = endpoints.paths(read=_LABEL_STUDIO, open_paths=_OPEN)

    async def refuse(request: Request, error: Exception) -> Response:
        refusal = _refusal_of(error, request.scope["path"], service)
        return paths.response(request.scope["path"], refusal)

    for kind in (RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, refuse)
    # FastAPI keeps the document that it has made, and answers with what is added here.
    components = app.openapi()["components"]["schemas"]
    components |= endpoints.schemas
    fit_requests(components, service)
    return Gate(app, service, paths=paths)


def _add_questions(endpoints: Endpoints, service: Service) -> None:
    app, predictor, limits = endpoints.app, service.served.predictor, service.limits
    pairs = predictor.pairs
    answer_type = list[LabelsAnswer] if predictor.kind.is_multi_label else list[LabelAnswer]
    answers_described = described(service, 408, 413, 422, 429, 500, 503, 504, needs_key=True)
    endpoints.classifies("/labels")
    endpoints.classifies("/explain")

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
        return await explain_text(service, text, request.scope["textune"], label=body.label)


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
        check_ready(service)
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


def _refusal_of(error: Exception, path: str, service: Service) -> Refusal:
    match error:
        case Refusal():
            return error
        case RequestValidationError():
            return Refusal(422, first_error(error.errors()))
        case HTTPException(status_code=400):  # For bytes that are not UTF-8, and for lists nested too deep.
            return Refusal(422, "Invalid JSON: it cannot be read.")
        case HTTPException():
            message = "This endpoint does not exist; /openapi.json lists all endpoints."
            if "/models/" in path:
                message += f" The model's name is '{service.model_name}'."
            return Refusal(error.status_code, message, error.headers)
        case _:  # The error itself goes on to the gate, which logs it.
            return Refusal(500, "The server failed on this request.")
