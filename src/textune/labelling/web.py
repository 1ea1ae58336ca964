"""The local page on which a person labels: an ASGI application around a loop.

Whoever knows the token may label. It stands behind the `#` of the address, which browsers do not send, so
that it is in no log; the page sends it with every call. Every answer is on the disk before it is confirmed.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from textune.errors import TextuneError
from textune.explain.attribution import occlude, weigh
from textune.labelling import page
from textune.labelling.asking import LabellingLoop, LabelQuestion
from textune.labelling.final_training import FinalTraining
from textune.labelling.known_labels import KnownLabels
from textune.labelling.shown import show_progress, show_quality, show_question
from textune.runtimes.torch_predictor import TorchPredictor
from textune.serving.page import page_files

_MOST_BYTES = 100_000
_MOST_PARTS = 30
"""How many words of a text are weighed at most: each costs the encoder a text."""
_LOCAL = ("127.0.0.1", "localhost", "[::1]")

Short = Annotated[str, Field(max_length=200)]


class Call(BaseModel):
    """Who calls."""

    model_config = ConfigDict(strict=True, extra="forbid")

    who: Short = ""


class NextCall(Call):
    """Who asks for a text, and in which window."""

    window: Short = ""


class AnswerCall(NextCall):
    """An answer: labels, or a verdict instead."""

    key: Short
    id: Short
    labels: list[Short] = Field(default=[], max_length=1000)
    verdict: Annotated[str, Field(pattern="^(skipped|not sure)?$")] = ""
    is_repeat: bool = False
    seconds: float = Field(0.0, ge=0, le=1e7)


class NoteCall(Call):
    """A note about a text."""

    key: Short
    note: Annotated[str, Field(max_length=10_000)]


class LabelCall(Call):
    """A new label, or with `to` another name of one; `merge` lets two labels become one."""

    name: Short
    to: Short = ""
    merge: bool = False


class WordsCall(Call):
    """A text whose words are to be weighed for a label."""

    key: Short
    label: Short


class LabellingPage:
    """The calls of the page.

    Args:
        loop: The loop.
        training: Trains on the answers, if the person asks for it.
        token: What every call must carry.
        title: What the pool is called.
        classifier: Returns the classifier by now; raises a `RequestError` while there is none.
    """

    def __init__(
        self,
        loop: LabellingLoop,
        training: FinalTraining,
        *,
        token: str,
        title: str,
        classifier: Callable[[], TorchPredictor],
    ) -> None:
        self._loop, self._training, self._classifier = loop, training, classifier
        self._token, self._title = token, title
        self._measured: tuple[KnownLabels, int] | None = None
        self._quality: dict[str, Any] | None = None

    def application(self) -> ASGIApp:
        """Return the application, for this computer alone."""
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, exception_handlers=_HANDLERS)
        for name, response in (page_files() | page_files(page.__name__)).items():
            _add_file(app, "/" if name == "label.html" else f"/page/{name}", response)
        calls = APIRouter(prefix="/api", dependencies=[Depends(self._check)])
        for call in (
            self.next,
            self.answer,
            self.undo,
            self.note,
            self.label,
            self.words,
            self.progress,
            self.quality,
            self.train,
        ):
            calls.add_api_route(f"/{call.__name__}", call, methods=["POST"])
        app.include_router(calls)
        return _LocalOnly(app)

    def next(self, call: NextCall) -> dict[str, Any]:
        """Return the next question, and how far the labelling has come."""
        self._loop.find_slips()
        question = self._loop.next_question(call.who, window=call.window)
        return {"title": self._title, **self._asked(question, call.who)}

    def answer(self, call: AnswerCall) -> dict[str, Any]:
        """Record an answer, and return the next question once it is on the disk."""
        self._loop.answer(
            call.key,
            call.labels,
            who=call.who,
            verdict=call.verdict,
            event_id=call.id,
            is_repeat=call.is_repeat,
            seconds=call.seconds,
        )
        return self._asked(self._loop.next_question(call.who, window=call.window), call.who)

    def undo(self, call: NextCall) -> dict[str, Any]:
        """Take the last answer back, and return its question."""
        return self._asked(self._loop.undo(call.who, window=call.window), call.who)

    def note(self, call: NoteCall) -> dict[str, Any]:
        """Record a note about a text."""
        self._loop.note(call.key, call.note, who=call.who)
        return {}

    def label(self, call: LabelCall) -> dict[str, Any]:
        """Add or rename a label."""
        if call.to:
            self._loop.rename_label(call.name, call.to, who=call.who, merge=call.merge)
        else:
            self._loop.add_label(call.name, who=call.who)
        return show_progress(self._loop, call.who)

    def words(self, call: WordsCall) -> dict[str, Any]:
        """Weigh the words of a text for a label."""
        predictor = self._classifier()
        if call.label not in predictor.label_names:
            return {"sides": []}
        occlusion = occlude(self._loop.question_of(call.key).text, most=_MOST_PARTS)
        explanation = weigh(
            occlusion,
            predictor.predict_proba(list(occlusion.versions())),
            label_names=predictor.label_names,
            label=call.label,
        )
        return {
            "sides": [
                [{"start": word.start, "end": word.end, "weight": word.weight} for word in words]
                for _, words in explanation.sides
            ]
        }

    def progress(self, call: Call) -> dict[str, Any]:
        """Return how far the labelling and the encoding have come."""
        return show_progress(self._loop, call.who)

    def quality(self, call: Call) -> dict[str, Any]:
        """Return how good the classifier is, and what becomes of the training."""
        self._loop.find_slips()
        known, features = self._loop.known, self._loop.features
        now = known, 0 if features is None else features.count
        # Several windows ask for the same. What is known is another object after every answer and rename.
        if self._measured is None or self._measured[0] is not now[0] or self._measured[1] != now[1]:
            self._measured, self._quality = now, show_quality(self._loop.measure())
        return {"quality": self._quality, "training": self._training.state()}

    def train(self, call: Call) -> dict[str, Any]:
        """Begin a training."""
        self._training.start()
        return {"training": self._training.state()}

    def _asked(self, question: LabelQuestion | None, who: str) -> dict[str, Any]:
        return {"question": show_question(self._loop, question), "progress": show_progress(self._loop, who)}

    def _check(self, request: Request) -> None:
        scheme, _, sent = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(sent.encode(), self._token.encode()):
            raise HTTPException(401, "Open the address that textune label has printed, with its token.")


class _LocalOnly:
    """Refuses calls by other names than this computer's own, and large bodies."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            host = headers.get(b"host", b"").decode("latin-1")
            length = headers.get(b"content-length", b"")
            refused = ""
            if host.rpartition(":")[0] not in _LOCAL and host not in _LOCAL:
                refused = "This page is for this computer alone."
            elif scope["method"] == "POST" and (not length.isdigit() or int(length) > _MOST_BYTES):
                refused = "The request is too large."
            if refused:
                await JSONResponse({"error": refused}, status_code=400)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _add_file(app: FastAPI, path: str, response: Response) -> None:
    @app.get(path, include_in_schema=False)
    async def respond() -> Response:
        return response


async def _refuse(_: Request, error: Exception) -> Response:
    match error:
        case TextuneError():
            return JSONResponse({"error": str(error)}, status_code=409)
        case RequestValidationError():
            return JSONResponse(
                {"error": "The page and the server do not agree. Reload it."}, status_code=422
            )
        case HTTPException():
            return JSONResponse({"error": str(error.detail)}, status_code=error.status_code)
    return JSONResponse({"error": f"The server failed: {type(error).__name__}."}, status_code=500)


_HANDLERS: dict[Any, Any] = dict.fromkeys(
    (TextuneError, RequestValidationError, HTTPException, Exception), _refuse
)
