"""`textune mcp` in its own process, asked by the SDK's client over both transports."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

import textune

TEXTS = ["so happy and fun", "so sad"]
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


def command(run: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "textune", "mcp", str(run), "--runtime", "onnx", *options]


async def classify(client: Client) -> list[list[float]]:
    """Return the probabilities of the texts, in the order of the labels."""
    labels = (await client.call_tool("labels", {})).structured_content["labels"]
    answer = await client.call_tool("classify", {"texts": TEXTS, "top_k": 100})
    return [[each["scores"][name] for name in labels] for each in answer.structured_content["results"]]


@contextmanager
def listening(run: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a server over HTTP for the length of the block; yield the process and its address."""
    process = subprocess.Popen(
        command(run, "--http", "--port", "0", *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("Serving "), process.communicate()
        yield process, line.rsplit(" ", 1)[1].strip()
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def served(exported_run: Path) -> Iterator[str]:
    with listening(exported_run) as (_, address):
        yield address


def test_over_pipes_the_answers_are_those_that_are_predicted_offline(exported_run: Path) -> None:
    first, *rest = command(exported_run)

    async def ask() -> list[list[float]]:
        async with Client(StdioServerParameters(command=first, args=rest, env=dict(os.environ))) as client:
            return await classify(client)

    expected = textune.load(exported_run, runtime="onnx").predict_proba(TEXTS)
    np.testing.assert_allclose(asyncio.run(ask()), expected, atol=1e-6, rtol=0)


def test_over_http_the_answers_are_those_that_are_predicted_offline(served: str, exported_run: Path) -> None:
    async def ask() -> list[list[float]]:
        async with Client(served) as client:
            return await classify(client)

    expected = textune.load(exported_run, runtime="onnx").predict_proba(TEXTS)
    np.testing.assert_allclose(asyncio.run(ask()), expected, atol=1e-6, rtol=0)


def test_standard_output_has_nothing_but_the_protocol_and_the_end_of_input_ends_it(
    exported_run: Path,
) -> None:
    call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "labels", "arguments": {}}}
    sent = [INITIALIZE, {"jsonrpc": "2.0", "method": "notifications/initialized"}, call]

    process = subprocess.Popen(
        command(exported_run),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout
    lines = []
    for message in sent:
        process.stdin.write(json.dumps(message) + "\n")
        process.stdin.flush()
        if "id" in message:
            lines.append(json.loads(process.stdout.readline()))
    rest, log = process.communicate(timeout=30)

    assert process.returncode == 0
    assert [line["id"] for line in lines] == [1, 2]
    assert rest == ""
    assert all(json.loads(line)["event"] for line in log.splitlines() if line.startswith("{"))


def test_sigterm_ends_a_server_on_pipes(exported_run: Path) -> None:
    process = subprocess.Popen(
        command(exported_run),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps(INITIALIZE) + "\n")
    process.stdin.flush()
    process.stdout.readline()

    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=10) in (0, 130)
    process.communicate()


def test_over_http_a_key_is_asked_for_if_there_is_one_and_sigterm_ends_the_server(exported_run: Path) -> None:
    async def ask(address: str) -> list[list[float]]:
        async with (
            httpx2.AsyncClient(headers={"authorization": "Bearer a-key"}) as http,
            Client(streamable_http_client(address, http_client=http)) as client,
        ):
            return await classify(client)

    with listening(exported_run, "--api-key", "a-key") as (process, address):
        refused = httpx2.post(address, json=INITIALIZE)
        assert len(asyncio.run(ask(address))) == 2
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0

    assert (refused.status_code, refused.json()["error_type"]) == (401, "unauthorized")


@pytest.mark.parametrize("headers", [{"host": "evil.example:80"}, {"origin": "https://evil.example"}])
def test_a_page_of_the_web_that_pretends_to_be_here_is_refused(served: str, headers: dict[str, str]) -> None:
    accepted = {"accept": "application/json, text/event-stream"}

    assert httpx2.post(served, json=INITIALIZE, headers=accepted).status_code == 200
    assert httpx2.post(served, json=INITIALIZE, headers=accepted | headers).status_code in (403, 421)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"jsonrpc": "2.0"}', b"\xff", b"a" * 5_000_000])
def test_a_wrong_request_over_http_is_refused(served: str, body: Any) -> None:
    headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}

    assert 400 <= httpx2.post(served, content=body, headers=headers).status_code < 500
