"""A page for labelling on a free port of the loopback address, in this process, with a tiny model.

In: texts. Out: its address, and what its calls answer.
"""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import textune
from textune.labelling.final_training import FinalTraining
from textune.labelling.web import LabellingPage
from textune.serving.process import bind
from textune.serving.small_server import SmallServer

TOKEN = "a-token"


@dataclass(frozen=True)
class RunningPage:
    """A page, and the loop behind it."""

    url: str
    labeller: textune.Labeller

    @property
    def address(self) -> str:
        """What a person opens."""
        return f"{self.url}/#token={TOKEN}"

    def call(self, what: str, /, *, token: str = TOKEN, host: str = "", **body: Any) -> Any:
        """Return the answer to a call; of a refused one its status."""
        request = urllib.request.Request(f"{self.url}/api/{what}", json.dumps(body).encode())
        request.add_header("content-type", "application/json")
        request.add_header("authorization", f"Bearer {token}")
        if host:
            request.add_header("host", host)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)["error"]


@contextmanager
def running_page(
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    model: str,
    out: Path,
    multi: bool = False,
    title: str = "moods",
) -> Iterator[RunningPage]:
    """Run a page for the length of the block."""
    labeller = textune.Labeller(texts, labels, model=model, out=out, multi=multi)
    page = LabellingPage(
        labeller.loop,
        FinalTraining(out, ["--model", model, "--offline"]),
        token=TOKEN,
        title=title,
        classifier=labeller.classifier,
    )
    ready = threading.Event()
    server = SmallServer(page.application(), on_ready=ready.set)
    with bind("127.0.0.1", 0) as bound:
        thread = threading.Thread(target=server.run_on, args=(bound,), daemon=True)
        thread.start()
        assert ready.wait(20)
        try:
            yield RunningPage(f"http://127.0.0.1:{bound.getsockname()[1]}", labeller)
        finally:
            server.end()
            thread.join(20)
            labeller.close()
