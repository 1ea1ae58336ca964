"""A stand-in for the Hugging Face Hub on this machine's loopback.

In: a folder laid out as `models/OWNER/NAME/...` and `datasets/OWNER/NAME/...`. Out: an address for
HF_ENDPOINT that answers what `huggingface_hub` and `datasets` ask when they read, and the list of what was
asked. Every repository has one commit and one branch, `main`; one that holds a file `.gated` gives nothing
away. Knows nothing of logins, pages or Xet.
"""

from __future__ import annotations

import hashlib
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
from urllib.parse import parse_qs, unquote, urlsplit

_API = re.compile(r"/api/(?P<kind>models|datasets)/(?P<id>[^/]+/[^/]+)(/(?P<verb>[^/]+)/(?P<rest>.+))?")
_FILE = re.compile(r"/(?P<kind>datasets/)?(?P<id>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)")


@dataclass
class HubStandIn:
    """A stand-in that is serving.

    Attributes:
        endpoint: Its address, for HF_ENDPOINT.
        requests: What was asked so far, as `METHOD path`.
    """

    endpoint: str
    requests: list[str] = field(default_factory=list)

    def downloads(self) -> set[str]:
        """Return the names of the files whose bytes were asked for."""
        return {
            match["path"]
            for request in self.requests
            if request.startswith("GET ") and (match := _FILE.fullmatch(request.removeprefix("GET ")))
        }


@contextmanager
def serve_hub(folder: Path) -> Iterator[HubStandIn]:
    """Serve the repositories in a folder until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    stand_in = HubStandIn(f"http://127.0.0.1:{server.server_port}")
    server.folder, server.stand_in = folder, stand_in  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def run_client(code: str, *, endpoint: str, home: Path, sockets: bool = True) -> dict[str, Any]:
    """Run Python code in a process of its own against a stand-in, and return the JSON that it prints.

    A process of its own, because the Hub's libraries read their settings when they are imported.

    Args:
        code: What to run; its last line of output must be one JSON document.
        endpoint: The stand-in's address.
        home: The folder of the Hub's caches.
        sockets: False makes every attempt to look up or connect to an address fail.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment |= {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1"}
    environment |= {"NO_PROXY": "*", "no_proxy": "*"}
    done = subprocess.run(
        [sys.executable, "-c", code if sockets else _NO_SOCKETS + code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


_NO_SOCKETS = """
import socket
def refuse(*arguments, **settings):
    raise AssertionError(f"a connection was attempted: {arguments}")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse
"""


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b"")

    def do_HEAD(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep the test's output clean."""

    def _answer(self, body: bytes) -> None:
        address = urlsplit(self.path)
        path = unquote(address.path)
        self.server.stand_in.requests.append(f"{self.command} {path}")  # type: ignore[attr-defined]
        if match := _API.fullmatch(path):
            self._answer_api(match, parse_qs(address.query), body)
        elif match := _FILE.fullmatch(path):
            self._answer_file(match)
        else:
            self._refuse("RepoNotFound")

    def _answer_api(self, match: re.Match[str], query: dict[str, list[str]], body: bytes) -> None:
        repository = self._repository(match["kind"], match["id"])
        if repository is None:
            return self._refuse("RepoNotFound")
        revision, _, inside = (match["rest"] or "main").partition("/")
        if revision not in {"main", repository.commit}:
            return self._refuse("RevisionNotFound")
        if match["verb"] in {None, "revision"}:
            return self._send_json(repository.describe())
        if match["verb"] == "tree":
            recursive = query.get("recursive", ["false"])[0].lower() == "true"
            return self._send_json(repository.list_tree(inside, recursive=recursive))
        if match["verb"] == "paths-info":
            return self._send_json(repository.find_paths(_read_paths(body, self.headers["Content-Type"])))
        return self._refuse("EntryNotFound")

    def _answer_file(self, match: re.Match[str]) -> None:
        repository = self._repository((match["kind"] or "models").rstrip("/"), match["id"])
        if repository is None:
            return self._refuse("RepoNotFound")
        if match["revision"] not in {"main", repository.commit}:
            return self._refuse("RevisionNotFound")
        if ".gated" in repository.files:
            return self._refuse("GatedRepo")
        file = repository.folder / match["path"]
        if not file.is_file():
            return self._refuse("EntryNotFound", commit=repository.commit)
        content = file.read_bytes()
        headers = {
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
            "ETag": f'"{_blob_id(content)}"',
            "X-Repo-Commit": repository.commit,
        }
        if asked := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            first, last = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
            return self._send(206, content[first : last + 1], headers)
        return self._send(200, content, headers)

    def _repository(self, kind: str, name: str) -> _Repository | None:
        folder = self.server.folder / kind / name  # type: ignore[attr-defined]
        return _Repository(kind, name, folder) if folder.is_dir() else None

    def _refuse(self, error: str, *, commit: str = "") -> None:
        self._send(404, b"", {"X-Error-Code": error, **({"X-Repo-Commit": commit} if commit else {})})

    def _send_json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@dataclass(frozen=True)
class _Repository:
    kind: str
    name: str
    folder: Path

    @property
    def files(self) -> dict[str, Path]:
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path for path in paths}

    @property
    def commit(self) -> str:
        content = "".join(f"{name} {_blob_id(path.read_bytes())}\n" for name, path in self.files.items())
        return hashlib.sha1(content.encode()).hexdigest()

    def describe(self) -> dict[str, Any]:
        return {
            "id": self.name,
            "sha": self.commit,
            "private": False,
            "gated": False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "lastModified": "2026-01-01T00:00:00.000Z",
            "createdAt": "2026-01-01T00:00:00.000Z",
            "siblings": [{"rfilename": name} for name in self.files],
        }

    def list_tree(self, inside: str, *, recursive: bool) -> list[dict[str, Any]]:
        entries = self.find_paths([*self.files, *self._folders()])
        under = [entry for entry in entries if entry["path"].startswith(f"{inside}/" if inside else "")]
        depth = inside.count("/") + 1 if inside else 0
        return [entry for entry in under if recursive or entry["path"].count("/") == depth]

    def find_paths(self, paths: list[str]) -> list[dict[str, Any]]:
        files, folders = self.files, self._folders()
        found: list[dict[str, Any]] = []
        for path in paths:
            if path in files:
                content = files[path].read_bytes()
                found.append({"type": "file", "path": path, "size": len(content), "oid": _blob_id(content)})
            elif path in folders:
                found.append({"type": "directory", "path": path, "size": 0, "oid": _blob_id(path.encode())})
        return found

    def _folders(self) -> list[str]:
        return sorted({parent.as_posix() for name in self.files for parent in Path(name).parents} - {"."})


def _blob_id(content: bytes) -> str:
    """Return the id that git gives a file of these bytes."""
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


def _read_paths(body: bytes, content_type: str) -> list[str]:
    if content_type.startswith("application/json"):
        return list(json.loads(body)["paths"])
    return parse_qs(body.decode())["paths"]
