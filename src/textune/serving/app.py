"""The endpoints.

In: a `Service`. Out: the ASGI application, whose `/openapi.json` describes what it does. An endpoint reads
the request, asks the service for logits, and gives them the form that its clients know.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from textune.explain.attribution import MAX_PARTS, Occlusion, occlude, weigh
from textune.runtimes.graph_predictor import softmax
from textune.serving import schemas
from textune.serving.answers import answers_of
from textune.serving.description import VERSION, describe, info_document
from textune.serving.gate import App, Gate, Receive, Send
from textune.serving.page.assets import page_files
from textune.serving.prometheus import CONTENT_TYPE
from textune.serving.records import Recorder, Scope
from textune.serving.refusals import Refusal, invalid, too_large
from textune.serving.service import PAGE, Service

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]

_OVERSIZED = "inputs[{number}]: {count:,} tokens are more than the {most:,} that the model reads."


def build_app(service: Service) -> Gate:
    """Return the application, its gate before it."""
    app = FastAPI(
        title="textune",
        summary="A text classifier behind HTTP.",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.add_exception_handler(Refusal, _refuse)
    app.add_exception_handler(HTTPException, _refuse_unknown)
    app.add_exception_handler(Exception, _refuse_failed)
    questions = _add_questions(app, service)
    _add_probes(app, service)
    _add_page(app)
    document = describe(app, service.served, service.limits, with_key=bool(service.keys))
    app.add_api_route("/openapi.json", _constant(document), include_in_schema=False)
    paths = {getattr(route, "path", "") for route in app.routes}
    return Gate(
        _Shortcut(app, questions),
        recorder=Recorder(paths=frozenset(paths), metrics=service.metrics, log=service.log),
        check=service.check,
        closing=lambda: service.draining,
        limits=service.limits,
        log=service.log,
    )


class _Shortcut:
    """Takes questions straight to their endpoints.

    The framework's way there, through seven layers of it, costs the event loop about what an answer itself
    does, on cores that the model could use. The framework still describes these endpoints, and refuses what
    is no question; an error that leaves an endpoint is the gate's to answer.

    Args:
        app: The application, for everything else.
        questions: By path, what answers a POST.
    """

    def __init__(self, app: App, questions: Mapping[str, Endpoint]) -> None:
        self._app, self._questions = app, questions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        endpoint = self._questions.get(scope["path"]) if scope.get("method") == "POST" else None
        if endpoint is None:
            await self._app(scope, receive, send)
            return
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


def _add_questions(app: FastAPI, service: Service) -> dict[str, Endpoint]:
    """Add the endpoints that need the model; return them by path."""

    @app.post("/")
    async def classify(request: Request) -> Response:
        """Classify texts, in Hugging Face's schema: a list for every text, even for a single one."""
        asked = schemas.read_request(schemas.ClassifyRequest, await service.read_body(request))
        texts = schemas.texts_of(asked.inputs, service.limits)
        parameters = asked.parameters or schemas.ClassifyParameters()
        served = service.served
        answer = answers_of(
            await service.logits(request, texts),
            served.label_names,
            function=parameters.function_to_apply or "softmax",
            top_k=parameters.top_k,
            threshold=served.threshold,
        )
        return _json(answer)

    @app.post("/predict")
    async def predict(request: Request) -> Response:
        """Classify texts, in text-embeddings-inference's schema: flat for one text, nested for a batch."""
        asked = schemas.read_request(schemas.PredictRequest, await service.read_body(request))
        texts = schemas.texts_of(asked.inputs, service.limits)
        served = service.served
        await _check_cut(asked, texts, service)
        answer = answers_of(
            await service.logits(request, texts),
            served.label_names,
            function="none" if asked.raw_scores else "softmax",
            threshold=served.threshold,
        )
        return _json(answer[0] if isinstance(asked.inputs, str) else answer)

    @app.post("/explain")
    async def explain(request: Request) -> Response:
        """Weigh the words of a text: how much less probable the label is without each of them."""
        asked = schemas.read_request(schemas.ExplainRequest, await service.read_body(request))
        [text] = schemas.texts_of(asked.inputs, service.limits)
        names = service.served.label_names
        if asked.label is not None and asked.label not in names:
            raise invalid(f"label: there is no such label; the labels are {', '.join(names)}.")
        limits = service.limits
        most = max(1, min(MAX_PARTS, limits.texts, limits.queued_texts - 1))
        # In a thread, as a text may have thousands of words to be found.
        occlusion, versions = await asyncio.to_thread(_occluded, text, most)
        probabilities = softmax(await service.logits(request, versions))
        found = weigh(occlusion, probabilities, label_names=names, label=asked.label)
        parts = [{"start": word.start, "end": word.end, "weight": word.weight} for word in found.words]
        return _json({"label": found.label, "score": found.score, "parts": parts})

    return {"/": classify, "/predict": predict, "/explain": explain}


def _occluded(text: str, most: int) -> tuple[Occlusion, list[str]]:
    occlusion = occlude(text, most=most)
    return occlusion, list(occlusion.versions())


async def _check_cut(asked: schemas.PredictRequest, texts: list[str], service: Service) -> None:
    """Raise a `Refusal` if a text would be cut and must not be, or would have to be cut on the left."""
    left = asked.truncation_direction.lower() == "left"
    if asked.truncate is not False and not left:
        return
    served = service.served
    if served.count_tokens is None:
        raise invalid("Texts are cut where the model ends: their tokens cannot be counted here.")
    # In a thread, as a body may hold a million tokens.
    counts = await asyncio.to_thread(served.count_tokens, texts)
    for number, count in enumerate(counts):
        if count > served.max_tokens and asked.truncate is False:
            raise too_large(_OVERSIZED.format(number=number, count=count, most=served.max_tokens))
        if count > served.max_tokens:
            raise invalid("truncation_direction: a text is too long, and is cut at its right end only.")


def _add_probes(app: FastAPI, service: Service) -> None:
    """Add the endpoints that answer without the model."""

    @app.get("/health")
    async def health() -> Response:
        """Tell whether the server works; one that does not must be started again."""
        if not service.queue.alive:
            raise Refusal(503, "A worker has ended.")
        return _json({"status": "ok"})

    @app.get("/ready")
    async def ready() -> Response:
        """Tell whether the server takes requests."""
        if service.draining or not service.queue.alive:
            raise Refusal(503, "The server is about to end and takes no more requests.")
        return _json({"status": "ready"})

    @app.get("/info")
    async def info() -> Response:
        """Describe the model, the limits, and how good the model is."""
        return _json(info_document(service.served, service.limits))

    @app.get("/metrics")
    async def metrics() -> Response:
        """Give the server's figures in Prometheus' text format."""
        return Response(service.metrics.exposition(), media_type=CONTENT_TYPE)


def _add_page(app: FastAPI) -> None:
    """Add the page for people."""
    for name, file in page_files().items():
        path = "/" if name == "index.html" else f"{PAGE}{name}"
        answer = Response(file.content, media_type=file.media_type, headers=file.headers)
        app.add_api_route(path, _always(answer), methods=["GET"], include_in_schema=False)


def _constant(document: Any) -> Endpoint:
    return _always(_json(document))


def _always(answer: Response) -> Endpoint:
    async def give(_: Request) -> Response:
        return answer

    return give


def _json(document: Any) -> Response:
    # A number that is none would be no JSON: better no answer than one that no client can read.
    return Response(json.dumps(document, allow_nan=False), media_type="application/json")


async def _refuse(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    return Response(
        refusal.body(),
        status_code=refusal.status,
        media_type="application/json",
        headers=refusal.headers,
    )


async def _refuse_unknown(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = "There is no such endpoint; /openapi.json lists them all."
    return await _refuse(request, Refusal(error.status_code, message, error.headers))


async def _refuse_failed(request: Request, _: Exception) -> Response:
    # The error itself goes on to the gate, which logs it.
    return await _refuse(request, Refusal(500, "The server failed over this request."))
