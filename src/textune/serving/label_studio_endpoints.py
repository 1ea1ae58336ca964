"""The endpoints of a machine-learning backend of Label Studio, beside those of every server.

Label Studio waits a second for the answer to a webhook, so annotations are learned in the background. A
request for predictions waits until those before it have been learned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Any

from fastapi import FastAPI, Request
from pydantic import BaseModel, Discriminator, Tag

from textune.errors import RequestError
from textune.runtimes.torch_predictor import TorchPredictor
from textune.serving.description import described
from textune.serving.label_studio_protocol import (
    AnnotatedText,
    Question,
    SetupRequest,
    TasksRequest,
    WebhookRequest,
    annotation_changes,
    annotations_of,
    prediction,
    read_question,
)
from textune.serving.logs import error_fields
from textune.serving.refusals import Refusal
from textune.serving.revision import Revision
from textune.serving.schemas import PredictRequest, Score
from textune.serving.service import Service


class VersionAnswer(BaseModel):
    """The version of the classifier, which changes with what it has learned."""

    model_version: str


class LearnedAnswer(VersionAnswer):
    """How many annotations of texts the classifier has learned from."""

    learned: int


class PredictionsAnswer(VersionAnswer):
    """A prediction for each task, in the form of Label Studio."""

    results: list[dict[str, Any]]


class LabelStudio:
    """The projects that use a server, and what their annotations teach its classifier."""

    def __init__(self, service: Service) -> None:
        predictor = service.served.predictor
        if not isinstance(predictor, TorchPredictor):
            raise RequestError(
                "Label Studio's annotations can only be learned with torch.", "Add --runtime torch."
            )
        if predictor.pairs:
            raise RequestError(
                "This classifier takes pairs of texts, and a task of Label Studio is read as a single text.",
                "Serve it without --label-studio.",
            )
        self._service, self._predictor, self._revision = service, predictor, Revision(predictor)
        self._questions: dict[str, Question] = {}
        self._learning: set[asyncio.Task[None]] = set()

    @property
    def version(self) -> str:
        """The name of the run, with what it has learned: Label Studio asks again when the version is new."""
        return f"{self._service.served.run}.{self._revision.version}"

    @property
    def learned(self) -> int:
        """The number of annotations that the classifier has learned from."""
        return self._revision.learned

    def question(self, project: str, label_config: str) -> Question:
        """Return what a project asks, which it says with the request or has said before."""
        # The id has the time of creation behind it, except in webhooks.
        key = project.partition(".")[0]
        if label_config.strip():
            self._questions[key] = read_question(label_config, self._predictor.label_names)
        if key not in self._questions:
            raise Refusal(422, "label_config: the labelling interface of this project is not known.")
        return self._questions[key]

    def learn(self, annotations: Iterable[AnnotatedText]) -> None:
        """Learn annotations in the background, after those before."""
        task = asyncio.create_task(self._learn(list(annotations), before=set(self._learning)))
        self._learning.add(task)
        task.add_done_callback(self._learning.discard)

    async def settle(self) -> None:
        """Wait until all annotations so far have been learned."""
        while self._learning:
            await asyncio.wait(set(self._learning))

    async def _learn(self, annotations: list[AnnotatedText], *, before: set[asyncio.Task[None]]) -> None:
        if before:
            await asyncio.wait(before)
        log, known = self._service.log, self._revision.learned
        try:
            await asyncio.to_thread(self._revision.learn, annotations)
        except Exception as error:
            log.write("learning", level="error", **error_fields(error))
            return
        if self._revision.learned != known:
            log.write("learning", annotations=self._revision.learned, strength=self._revision.variance)

    async def predict(self, body: TasksRequest, request: Request) -> PredictionsAnswer:
        """Return a prediction for each task; learn from those that bring annotations along."""
        question = self.question(body.project, body.label_config)
        brought = [each for task in body.tasks for each in annotations_of(task, question)]
        if brought:
            self.learn(brought)
        await self.settle()
        texts = {place: text for place, task in enumerate(body.tasks) if (text := question.text(task))}
        version, record = self.version, request.scope["textune"]
        results: list[dict[str, Any]] = [
            {"model_version": version, "score": 0.0, "result": []} for _ in body.tasks
        ]
        # Label Studio sends all tasks of a project at once.
        most, readable = self._service.limits.texts, list(texts)
        for start in range(0, len(readable), most):
            places = readable[start : start + most]
            cut = [texts[place][: self._service.limits.characters] for place in places]
            logits, _ = await self._service.logits(cut, record)
            for place, probabilities in zip(places, self._predictor.kind.probabilities(logits), strict=True):
                results[place] = prediction(
                    probabilities,
                    question,
                    self._predictor.label_names,
                    thresholds=self._predictor.thresholds,
                    version=version,
                )
        record.texts = len(texts)
        return PredictionsAnswer(model_version=version, results=results)


def _form(body: Any) -> str:
    return "tasks" if isinstance(body, dict) and "tasks" in body else "texts"


_Either = Annotated[
    Annotated[TasksRequest, Tag("tasks")] | Annotated[PredictRequest, Tag("texts")], Discriminator(_form)
]


def add_label_studio(
    app: FastAPI,
    backend: LabelStudio,
    service: Service,
    *,
    predict: Callable[[PredictRequest, Request], Awaitable[Any]],
) -> None:
    """Add the endpoints that Label Studio calls; `predict` answers other clients of `/predict`."""

    @app.post("/predict", **described(service, 408, 413, 422, 429, 500, 503, 504, needs_key=True))
    async def predict_either(
        body: _Either, request: Request
    ) -> PredictionsAnswer | list[Score] | list[list[Score]]:
        """Predict labels for Label Studio's tasks; classify texts, in text-embeddings-inference's schema."""
        if isinstance(body, TasksRequest):
            return await backend.predict(body, request)
        answer: list[Score] | list[list[Score]] = await predict(body, request)
        return answer

    @app.post("/setup", **described(service, 408, 413, 422, 503, needs_key=True))
    async def setup(body: SetupRequest) -> VersionAnswer:
        """Connect a project of Label Studio."""
        if body.label_schema.strip():
            backend.question(body.project, body.label_schema)
        return VersionAnswer(model_version=backend.version)

    @app.post("/webhook", status_code=201, **described(service, 408, 413, 422, 503, needs_key=True))
    async def webhook(body: WebhookRequest) -> LearnedAnswer:
        """Take what happened in a project of Label Studio, and learn from annotations."""
        project = body.project or {}
        if body.annotation or body.annotations:
            question = backend.question(str(project.get("id", "")), str(project.get("label_config") or ""))
            backend.learn(annotation_changes(body, question))
        return LearnedAnswer(model_version=backend.version, learned=backend.learned)
