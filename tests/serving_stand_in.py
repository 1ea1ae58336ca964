"""A server in this process, and a classifier that needs no model.

In: how the classifier is to behave, and the server's limits. Out: a server on a free port of the loopback
address, and what it answers.
"""

from __future__ import annotations

import http.client
import io
import json
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from textune.encoder.truncation import TokenizedTexts
from textune.encoder.windows import WindowReading
from textune.formats.text_pairs import AnyText, as_shown, sides_of
from textune.logbook.log_options import LogOptions
from textune.model.outside_threshold import OutsideThreshold
from textune.serving.cors import Cors
from textune.serving.limits import Limits
from textune.serving.process import bind
from textune.serving.served import Served
from textune.serving.server import Server
from textune.serving.service import Service
from textune.tasks.multi_label import MULTI, sigmoid
from textune.tasks.single_label import SINGLE, softmax

LABELS = ("anger", "joy", "sadness")
BREAKS = "break the model"


def logits_of(text: AnyText) -> list[float]:
    """Return the logits that the classifier gives for a text: three numbers that depend on all of it."""
    return [zlib.crc32(f"{label} {as_shown(text)}".encode()) / 2**30 - 2 for label in LABELS]


def probabilities_of(text: AnyText) -> dict[str, float]:
    """Return the probability of every label for a text."""
    return dict(zip(LABELS, softmax(np.array([logits_of(text)]))[0].tolist(), strict=True))


def independent_probabilities_of(text: AnyText) -> dict[str, float]:
    """Return the probability of every label for a text that can have several."""
    return dict(zip(LABELS, sigmoid(np.array(logits_of(text))).tolist(), strict=True))


def count_words(text: AnyText) -> int:
    """Return the number of words of a text, or of both texts of a pair."""
    return len(" ".join(sides_of(text)).split())


class WordPredictor:
    """A classifier that can be held, remembers its batches, and breaks over one text.

    Its tokens are words. With thresholds, a text can have several labels. With pairs, it takes pairs, and the
    first text breaks it.
    """

    label_names, max_tokens, computes_elsewhere = LABELS, 8, False

    gives_features = True

    def __init__(
        self,
        *,
        threshold: float = 0.0,
        thresholds: Sequence[float] | None = None,
        windows: WindowReading | None = None,
        outside: OutsideThreshold | None = None,
        pairs: bool = False,
    ) -> None:
        self.pairs = pairs
        self.threshold, self.windows, self.outside = threshold, windows, outside
        self.max_windows = windows.max_windows if windows else 0
        self.thresholds = None if thresholds is None else np.array(thresholds)
        self.kind = SINGLE if thresholds is None else MULTI
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()
        self.batches: list[list[AnyText]] = []

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let every batch wait until the block ends."""
        self.entered.clear()
        self.open.clear()
        try:
            yield
        finally:
            self.open.set()

    def tokenize(self, texts: Sequence[AnyText]) -> TokenizedTexts:
        """Return the texts as they are, and which of them are too long."""
        most = self.max_tokens * max(1, self.max_windows)
        return TokenizedTexts(texts, np.array([count_words(text) > most for text in texts]))  # type: ignore[arg-type]

    def logits(self, texts: Sequence[AnyText]) -> Any:
        """Return the logits (texts, classes)."""
        self.batches.append(list(texts))
        self.entered.set()
        assert self.open.wait(20)
        if any(sides_of(text)[0] == BREAKS for text in texts):
            raise RuntimeError(f"no answer to {BREAKS}")
        return np.array([logits_of(text) for text in texts])

    def features_and_logits(self, texts: Sequence[AnyText]) -> Any:
        """Return the number of words of each text, twice, and the logits (texts, classes)."""
        logits = self.logits(texts)
        if not self.gives_features:
            return None, logits
        return np.array([[count_words(text)] * 2 for text in texts], np.float32), logits

    def predict_proba(self, texts: Sequence[AnyText], *, on_progress: Any = None) -> Any:
        """Return the probabilities (texts, classes)."""
        return self.kind.probabilities(self.logits(texts))


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Running:
    """A server that runs.

    Attributes:
        port: Its port on the loopback address.
        predictor: Its classifier.
        service: What its endpoints share.
        server: The server itself.
        log: What it has logged.
    """

    port: int
    predictor: WordPredictor
    service: Service
    server: Server
    log: io.StringIO
    thread: threading.Thread = field(default_factory=threading.Thread)

    @property
    def url(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, document: Any = None, *, body: Any = None, **headers: str
    ) -> Answer:
        """Send one request on a connection of its own and return the answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = json.dumps(document) if document is not None else body
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, sent, named)
            response = connection.getresponse()
            response_headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, response_headers, response.read())
        finally:
            connection.close()

    def post(self, document: Any, path: str = "/", **headers: str) -> Answer:
        """Send JSON."""
        return self.ask("POST", path, document, **headers)

    def later(self, document: Any, path: str = "/") -> tuple[threading.Thread, list[Answer]]:
        """Send JSON from another thread; the list holds the answer when the thread has ended."""
        answers: list[Answer] = []
        thread = threading.Thread(target=lambda: answers.append(self.post(document, path)))
        thread.start()
        return thread, answers

    def logged(self) -> list[dict[str, Any]]:
        """Return what was logged, once the lines have been written."""
        time.sleep(0.15)
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


def eventually(holds: Callable[[], bool], *, seconds: float = 10) -> bool:
    """Wait until something holds; return whether it came to hold in time."""
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.005)
    return holds()


@contextmanager
def running(
    *,
    keys: Sequence[str] = (),
    cors: Sequence[str] = (),
    workers: int = 2,
    predictor: Any = None,
    metrics: Any = None,
    model_sha256: str = "",
    label_studio: bool = False,
    protocols: Sequence[str] = (),
    model_name: str = "",
    keep: LogOptions | None = None,
    folder: Path | None = None,
    **limits: Any,
) -> Iterator[Running]:
    """Run a server for the length of the block."""
    predictor = predictor or WordPredictor()
    log = io.StringIO()
    served = Served(
        predictor,
        workers,
        run="my-run",
        model="tiny",
        count_tokens=lambda texts: [count_words(text) for text in texts],
        metrics=metrics or {},
        model_sha256=model_sha256,
        folder=folder,
    )
    service = Service(
        served,
        limits=Limits(**limits),
        api_keys=keys,
        stream=log,
        cors=Cors(cors),
        label_studio=label_studio,
        protocols=protocols,
        model_name=model_name,
        keep=keep,
    )
    ready = threading.Event()
    server = Server(service, on_ready=ready.set)
    bound = bind("127.0.0.1", 0)
    server_running = Running(bound.getsockname()[1], predictor, service, server, log)
    server_running.thread = threading.Thread(target=server.run_on, args=(bound,))
    server_running.thread.start()
    try:
        assert ready.wait(20)
        yield server_running
    finally:
        server.end()
        server.end()  # Nothing is left to wait for.
        server_running.thread.join(20)
        service.log.close()
