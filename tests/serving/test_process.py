"""The command `textune serve`: from its start to its end, in its own process.

`TEXTUNE_TORTURE_SERVE=1` asks for the long forms: more signals, and a body of a gigabyte.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import numpy as np
import pytest

import textune
from protocol_requests import ASKING, MODEL
from serving_process import ServerProcess, serving
from serving_stand_in import eventually
from textune.formats.text_pairs import TextPair

LONG = os.environ.get("TEXTUNE_TORTURE_SERVE", "") == "1"
SIGNALS = 20 if LONG else 1
BODY_BYTES = 1_000_000_000 if LONG else 40_000_000
TEXTS = [f"so happy and fun number {number}" for number in range(40)]


@pytest.fixture(scope="module")
def server(served_run: Path) -> Iterator[ServerProcess]:
    with serving(served_run) as server:
        yield server


def test_the_installed_command_serves_until_it_is_asked_to_end(served_run: Path) -> None:
    with serving(served_run, is_installed=True) as server:
        answer = server.post({"inputs": TEXTS[0]}, "/predict")
        server.signal()
        code, _ = server.wait()

    assert len(answer) == 3 and code == 0


class Client(threading.Thread):
    """Sends requests until the server stops answering, and counts answered and unanswered ones.

    Which protocol it speaks depends on its number.

    A connection that it opens after the server has said goodbye may be refused at any point: it was not
    accepted.

    Args:
        port: The server's.
        number: Which client it is.
        pairs: Whether it sends pairs of texts.
    """

    def __init__(self, port: int, number: int, *, pairs: bool = False) -> None:
        super().__init__()
        self.answers: list[int] = []
        self.broken = 0
        self._was_dismissed = False
        self._connection = HTTPConnection("127.0.0.1", port, timeout=20)
        text = f"text {number} of many"
        asking = list(ASKING.values())[number % len(ASKING)]
        self._path = asking.path
        self._body = json.dumps(asking.body([TextPair(text, "or not") if pairs else text] * 3))

    def run(self) -> None:
        """Send requests until a connection is refused."""
        with suppress(ConnectionRefusedError):
            while True:
                self._ask()

    def _ask(self) -> None:
        sent = False
        try:
            self._connection.request("POST", self._path, self._body)
            sent = True
            response = self._connection.getresponse()
            response.read()
            self.answers.append(response.status)
            if response.getheader("connection") == "close":
                self._connection.close()
                self._was_dismissed = True
        except ConnectionRefusedError:
            raise
        except (OSError, HTTPException):
            self.broken += sent and not self._was_dismissed
            self._connection.close()


def test_served_probabilities_are_those_that_textune_predicts(
    server: ServerProcess, served_run: Path
) -> None:
    predictor = textune.load(served_run)

    answers = server.post({"inputs": TEXTS})

    found = [
        [{e["label"]: e["score"] for e in scores}[name] for name in predictor.label_names]
        for scores in answers
    ]
    np.testing.assert_allclose(found, predictor.predict_proba(TEXTS), atol=1e-5, rtol=0)


def test_served_logits_are_the_models_own(server: ServerProcess, served_run: Path) -> None:
    predictor = textune.load(served_run)

    [scores] = server.post({"inputs": TEXTS[:1], "parameters": {"function_to_apply": "none"}})

    found = {entry["label"]: entry["score"] for entry in scores}
    expected = dict(zip(predictor.label_names, predictor.predict_logits(TEXTS[:1])[0].tolist(), strict=True))
    assert found == pytest.approx(expected, abs=1e-5)


def test_tokens_are_counted_as_the_model_counts_them(server: ServerProcess) -> None:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("POST", "/predict", json.dumps({"inputs": "so " * 40, "truncate": False}))
    response = connection.getresponse()

    assert response.status == 413
    assert "42 tokens exceed the 16" in json.loads(response.read())["error"]
    connection.close()


def test_a_body_without_end_costs_no_memory(server: ServerProcess) -> None:
    server.post({"inputs": "so happy"})
    before = server.memory()
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    answered = b""

    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        with suppress(ConnectionError):
            for _ in range(BODY_BYTES // 0x100000):
                connection.sendall(chunk)
        with suppress(ConnectionError):
            answered = connection.recv(1000)

    assert answered.startswith(b"HTTP/1.1 413")
    assert server.memory() - before < 12_000_000


@pytest.mark.parametrize("pairs", [False, True], ids=["single texts", "pairs with several labels"])
@pytest.mark.parametrize("round_number", range(SIGNALS))
def test_a_server_that_ends_under_load_answers_what_it_accepted(
    served_run: Path, pair_label_run: Path, round_number: int, pairs: bool
) -> None:
    run = pair_label_run if pairs else served_run
    with serving(run, "--protocols", "all", "--model-name", MODEL) as server:
        clients = [Client(server.port, number, pairs=pairs) for number in range(len(ASKING))]
        for client in clients:
            client.start()
        assert eventually(lambda: all(len(client.answers) > 3 + round_number % 5 for client in clients))
        server.signal()
        code, log = server.wait()
        for client in clients:
            client.join(30)

    statuses = {status for client in clients for status in client.answers}
    assert code == 0
    assert sum(client.broken for client in clients) == 0
    assert 200 in statuses
    assert statuses <= {200, 503}
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["event"] for line in lines if line["event"] != "request"] == ["runtime", "draining"]
    logged = Counter(line["status"] for line in lines if line["event"] == "request")
    assert logged == Counter(status for client in clients for status in client.answers)
