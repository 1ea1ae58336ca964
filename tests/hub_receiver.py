"""A stand-in for the Hugging Face Hub on this machine's loopback that takes uploads.

In: nothing. Out: an address for HF_ENDPOINT that answers what `huggingface_hub` asks when it makes a
repository and commits to it without Xet, and what was received. It knows one user, `me`, with the token
`hf_good`, who may write to repositories of that name only; the token `hf_other` is of a user who may write
nowhere.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

GOOD_TOKEN, OTHER_TOKEN = "hf_good", "hf_other"
_PREUPLOAD = re.compile(r"/api/models/(?P<id>[^/]+/[^/]+)/preupload/main")
_COMMIT = re.compile(r"/api/models/(?P<id>[^/]+/[^/]+)/commit/main")
_BATCH = re.compile(r"/(?P<id>[^/]+/[^/]+)\.git/info/lfs/objects/batch")
_INFO = re.compile(r"/api/models/(?P<id>[^/]+/[^/]+)")


@dataclass
class Repository:
    """A repository: whether it is private, and its files."""

    private: bool
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass
class HubReceiver:
    """A stand-in that is serving.

    Attributes:
        endpoint: Its address, for HF_ENDPOINT.
        repositories: What was made so far, by `owner/name`.
        blobs: The contents of large files, by their SHA-256.
    """

    endpoint: str
    repositories: dict[str, Repository] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)


@contextmanager
def receive_uploads() -> Iterator[HubReceiver]:
    """Serve until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    receiver = HubReceiver(f"http://127.0.0.1:{server.server_port}")
    server.receiver = receiver  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def push_command(
    *arguments: str | Path, endpoint: str, home: Path, token: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run `textune push` against a stand-in, in a process that has no other settings of the Hub."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment |= {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    environment |= {"HF_HUB_DISABLE_TELEMETRY": "1", "NO_PROXY": "*", "no_proxy": "*"}
    environment |= {"HF_TOKEN": token} if token else {}
    command = [sys.executable, "-m", "textune", "push", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep the test's output clean."""

    def do_GET(self) -> None:
        asked = _INFO.fullmatch(self.path.partition("?")[0])
        repository = self._hub.repositories.get(asked["id"]) if asked else None
        if asked is None or repository is None:
            return self._send(404, {"error": "Repository not found"}, code="RepoNotFound")
        return self._send(200, {"id": asked["id"], "private": repository.private, "sha": "0" * 40})

    def do_PUT(self) -> None:
        self._hub.blobs[self.path.removeprefix("/lfs/")] = self._body()
        self._send(200, {})

    def do_POST(self) -> None:
        body = self._body()
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in {GOOD_TOKEN, OTHER_TOKEN}:
            return self._send(401, {"error": "Invalid username or password."})
        if self.path == "/api/repos/create":
            return self._create(json.loads(body), token)
        if self.path == "/api/validate-yaml":
            return self._send(200, {"errors": [], "warnings": [{"message": 'empty or missing "license"'}]})
        if found := _PREUPLOAD.fullmatch(self.path):
            return self._send(200, {"files": [_upload_mode(each) for each in json.loads(body)["files"]]})
        if _BATCH.fullmatch(self.path):
            return self._send(200, {"transfer": "basic", "objects": self._places(json.loads(body))})
        if found := _COMMIT.fullmatch(self.path):
            return self._commit(found["id"], body)
        return self._send(404, {"error": "Not found"})

    @property
    def _hub(self) -> HubReceiver:
        hub: HubReceiver = self.server.receiver  # type: ignore[attr-defined]
        return hub

    def _create(self, asked: dict[str, Any], token: str) -> None:
        name = f"{asked.get('organization') or 'me'}/{asked['name']}"
        if token != GOOD_TOKEN or not name.startswith("me/"):
            return self._send(
                403, {"error": "You don't have the rights to create a model under this namespace"}
            )
        url = {"url": f"{self._hub.endpoint}/{name}"}
        if name in self._hub.repositories:
            return self._send(409, {"error": "You already created this model repo", **url})
        self._hub.repositories[name] = Repository(
            asked.get("visibility") == "private" or bool(asked.get("private"))
        )
        return self._send(200, url)

    def _places(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {**each, "actions": {"upload": {"href": f"{self._hub.endpoint}/lfs/{each['oid']}"}}}
            for each in asked["objects"]
        ]

    def _commit(self, name: str, body: bytes) -> None:
        files = self._hub.repositories[name].files
        for line in body.splitlines():
            part = json.loads(line)
            value = part["value"]
            if part["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif part["key"] == "lfsFile":
                files[value["path"]] = self._hub.blobs[value["oid"]]
        self._send(200, {"commitUrl": f"{self._hub.endpoint}/{name}/commit/1", "commitOid": "1" * 40})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _send(self, status: int, value: Any, *, code: str = "") -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if code:
            self.send_header("X-Error-Code", code)
        self.end_headers()
        self.wfile.write(content)


def _upload_mode(file: dict[str, Any]) -> dict[str, Any]:
    mode = "lfs" if file["path"].endswith(".safetensors") else "regular"
    return {"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": None}
