"""What textune fetches from the Hub, what it does without a network, and what it says when it cannot."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from hub_stand_in import HubStandIn, run_client, serve_hub
from tiny_models import change_json

FIND = """
import json, time
from textune.context import Context
from textune.encoder.loading import find_model
from textune.errors import TextuneError
started = time.perf_counter()
try:
    found = find_model({name!r}, revision={revision!r}, ctx=Context(offline={offline!r}))
    files = sorted(path.name for path in found.path.iterdir())
    result = {{"files": files, "revision": found.revision, "weights": found.weights_sha256}}
except TextuneError as error:
    result = {{"error": type(error).__name__, "message": error.message, "hint": error.hint}}
print(json.dumps({{**result, "seconds": time.perf_counter() - started}}))
"""
FILES = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]


@pytest.fixture
def repository(tiny_models: Callable[[str], Path], tmp_path: Path) -> Path:
    """The files of the Hub model acme/tiny-bert: the model, a pickle of it, and code."""
    folder = Path(shutil.copytree(tiny_models("bert"), tmp_path / "hub" / "models" / "acme" / "tiny-bert"))
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    (folder / "modeling_bert.py").write_text("raise AssertionError('remote code was run')")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.safetensors").write_bytes(b"weights of another kind")
    return folder


@pytest.fixture
def hub(repository: Path, tmp_path: Path) -> Iterator[HubStandIn]:
    with serve_hub(tmp_path / "hub") as stand_in:
        yield stand_in


@pytest.fixture
def find(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """A call of `find_model` in a process of its own, with a cache that starts empty."""

    def call(
        endpoint: str,
        *,
        name: str = "acme/tiny-bert",
        revision: str = "main",
        offline: bool = False,
        sockets: bool = True,
    ) -> dict[str, Any]:
        code = FIND.format(name=name, revision=revision, offline=offline)
        return run_client(code, endpoint=endpoint, home=tmp_path / "home", sockets=sockets)

    return call


@pytest.fixture
def nobody_there(repository: Path, tmp_path: Path) -> str:
    """An address where a Hub was and no longer is."""
    with serve_hub(tmp_path / "hub") as stand_in:
        return stand_in.endpoint


class LoginPage(BaseHTTPRequestHandler):
    """What a hotel's network answers to whatever is asked."""

    def do_GET(self) -> None:
        page = b"<html>Please log in.</html>"
        self.send_response(200)
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def login_page() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), LoginPage) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


Find = Callable[..., dict[str, Any]]


def test_configuration_tokenizer_and_safetensors_are_fetched_and_no_pickle_and_no_code(
    hub: HubStandIn, find: Find
) -> None:
    model = find(hub.endpoint)

    assert model["files"] == FILES
    assert hub.downloads() == set(FILES)


def test_a_fetched_model_comes_with_its_commit(hub: HubStandIn, find: Find) -> None:
    commit = find(hub.endpoint)["revision"]

    assert len(commit) == 40
    assert find(hub.endpoint, revision=commit)["revision"] == commit


def test_a_model_that_is_cached_is_not_fetched_again(hub: HubStandIn, find: Find) -> None:
    find(hub.endpoint)
    hub.requests.clear()

    assert find(hub.endpoint)["files"] == FILES
    about_the_model = [request for request in hub.requests if "tiny-bert" in request]
    assert about_the_model == ["GET /api/models/acme/tiny-bert/revision/main"]


def test_a_cached_model_is_found_offline_without_opening_a_connection(
    repository: Path, find: Find, tmp_path: Path
) -> None:
    with serve_hub(tmp_path / "hub") as stand_in:
        online = find(stand_in.endpoint)

    offline = find(stand_in.endpoint, offline=True, sockets=False)

    assert {**offline, "seconds": 0} == {**online, "seconds": 0}


def test_a_cached_model_serves_while_the_hub_is_gone(repository: Path, find: Find, tmp_path: Path) -> None:
    with serve_hub(tmp_path / "hub") as stand_in:
        find(stand_in.endpoint)

    assert find(stand_in.endpoint)["files"] == FILES


def test_a_hub_that_is_gone_is_reported_at_once_with_the_ways_to_continue(
    nobody_there: str, find: Find
) -> None:
    failed = find(nobody_there)

    assert failed["error"] == "HubError"
    assert "Connection refused" in failed["message"]
    assert "--offline" in failed["hint"]
    assert "embedded:minilm" in failed["hint"]
    assert failed["seconds"] < 5


def test_a_login_page_in_place_of_the_hub_is_reported(login_page: str, find: Find) -> None:
    failed = find(login_page)

    assert failed["error"] == "HubError"
    assert "The Hub did not answer as expected" in failed["message"]


def test_a_model_that_is_not_cached_cannot_be_had_offline(nobody_there: str, find: Find) -> None:
    failed = find(nobody_there, offline=True, sockets=False)

    assert failed["error"] == "HubError"
    assert "--offline does not allow a connection to the Hub" in failed["message"]
    assert "once with a network" in failed["hint"]


def test_a_model_that_the_hub_does_not_have_is_reported(hub: HubStandIn, find: Find) -> None:
    failed = find(hub.endpoint, name="acme/tiny-bart")

    assert failed["error"] == "HubError"
    assert "'acme/tiny-bart' is neither a folder here nor a model on the Hub" in failed["message"]


def test_a_revision_that_the_model_does_not_have_is_reported(hub: HubStandIn, find: Find) -> None:
    failed = find(hub.endpoint, revision="v9")

    assert failed["error"] == "HubError"
    assert "acme/tiny-bert has no revision 'v9'" in failed["message"]


def test_a_gated_model_is_reported_with_the_way_in(hub: HubStandIn, repository: Path, find: Find) -> None:
    (repository / ".gated").touch()

    failed = find(hub.endpoint)

    assert failed["error"] == "HubError"
    assert "acme/tiny-bert is gated" in failed["message"]
    assert "hf auth login" in failed["hint"]


def test_a_repository_of_pickles_is_refused_before_anything_is_fetched(
    hub: HubStandIn, repository: Path, find: Find
) -> None:
    (repository / "model.safetensors").unlink()

    failed = find(hub.endpoint)

    assert failed["error"] == "ModelError"
    assert "The Hub model acme/tiny-bert has its weights only as a pickle" in failed["message"]
    assert hub.downloads() == set()


def test_a_model_with_code_of_its_own_is_refused_before_its_weights_are_fetched(
    hub: HubStandIn, repository: Path, find: Find
) -> None:
    change_json(repository / "config.json", model_type="new", auto_map={"AutoModel": "modeling_bert.Model"})

    failed = find(hub.endpoint)

    assert failed["error"] == "ModelError"
    assert "auto_map" in failed["message"]
    assert hub.downloads() == {"config.json"}


def test_code_beside_an_architecture_of_transformers_is_passed_over_and_not_fetched(
    hub: HubStandIn, repository: Path, find: Find
) -> None:
    change_json(repository / "config.json", auto_map={"AutoModel": "modeling_bert.Model"})

    assert find(hub.endpoint)["files"] == FILES


def test_a_file_that_went_missing_from_the_cache_is_fetched_again(
    hub: HubStandIn, find: Find, tmp_path: Path
) -> None:
    find(hub.endpoint)
    hub.requests.clear()
    next((tmp_path / "home").rglob("snapshots/*/model.safetensors")).unlink()

    assert find(hub.endpoint)["files"] == FILES
