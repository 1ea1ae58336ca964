"""A person who follows a page: a folder, a shell, a session of Python, and one server at a time.

In: commands and blocks of Python, in the order of a page. Out: what they print; a failure says which one
failed and how. Knows nothing of pages.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SERVERS = re.compile(r"textune (serve|label(?!.*--replay)|mcp .*--http)\b")
_PORTS = re.compile(r"127\.0\.0\.1:(8000|8080)")
# Reads code line by line as JSON, and runs it all in one namespace.
_SESSION = """
import json, sys, traceback
names = {"__name__": "__main__"}
answers, sys.stdout = sys.stdout, sys.stderr
for line in sys.stdin:
    place, code = json.loads(line)
    try:
        exec(compile(code, place, "exec"), names)
        failure = ""
    except BaseException:
        failure = traceback.format_exc()
    print(json.dumps(failure), file=answers, flush=True)
"""
_LIMIT_SECONDS = 900


@dataclass
class PageSession:
    """A folder in which commands and Python are run; `folders` come first on the PATH."""

    folder: Path
    variables: dict[str, str]
    folders: list[Path]
    port: int = 0
    # Not of `init`, so that a copy for another folder has its own.
    _server: subprocess.Popen[str] | None = field(default=None, init=False)
    _lines: deque[str] = field(default_factory=deque, init=False)
    _pythons: dict[str, subprocess.Popen[str]] = field(default_factory=dict, init=False)

    def run(self, command: str, *, place: str, expected: int = 0, environment: Path | None = None) -> str:
        """Run a command, in the background if it is a server; return what it printed."""
        if match := re.fullmatch(r"export (\w+)=(.*)", command):
            self.variables[match[1]] = self._shell(f"printf %s {match[2]}", None).stdout
            return ""
        if _SERVERS.match(command):
            self._start(command, place)
            return ""
        done = self._shell(self._at_port(command), environment)
        assert done.returncode == expected, (
            f"{place}: {command}\nended with {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
        )
        # What a server answers to a wrong request is no failure of curl.
        assert not (command.startswith("curl") and '"error"' in done.stdout), f"{place}: {done.stdout}"
        return done.stdout

    def run_python(self, code: str, *, place: str, environment: Path | None = None) -> None:
        """Run a block of Python in the page's session of that environment."""
        key = str(environment or "")
        if key not in self._pythons:
            python = str(environment / "bin" / "python") if environment else sys.executable
            with (self.folder / "python.log").open("a") as log:
                self._pythons[key] = subprocess.Popen(
                    [python, "-c", _SESSION],
                    cwd=self.folder,
                    env=self._environment(environment),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
        process = self._pythons[key]
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps([place, self._at_port(code)]) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        failure = json.loads(answer) if answer else (self.folder / "python.log").read_text()[-3000:]
        assert failure == "", f"{place}\n{failure}"

    def ask(self, document: Any, path: str = "/") -> None:
        """Send the server a request."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(document).encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status == 200

    def stop_server(self) -> None:
        """End the server as Ctrl-C does."""
        if self._server is None:
            return
        self._server.send_signal(signal.SIGINT)
        try:
            code = self._server.wait(timeout=60)
        finally:
            with suppress(ProcessLookupError), self._server:
                self._server.kill()
        lines, self._server = "\n".join(self._lines), None
        assert code in (0, 130), f"the server ended with {code}\n{lines}"

    def close(self) -> None:
        """End whatever runs."""
        try:
            self.stop_server()
        finally:
            for process in self._pythons.values():
                process.kill()
                with process:  # Closes its pipes, and waits.
                    pass

    def _start(self, command: str, place: str) -> None:
        self.stop_server()
        self.port = _free_port()
        self._lines = deque(maxlen=200)
        words = shlex.split(command)
        if "--port" in words:
            words[words.index("--port") + 1] = str(self.port)
        else:
            words += ["--port", str(self.port)]
        self._server = subprocess.Popen(
            words,
            cwd=self.folder,
            env=self._environment(None),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, args=(self._server,), daemon=True).start()
        end = time.monotonic() + 120
        while not any(f":{self.port}" in line for line in list(self._lines)):
            said = "\n".join(self._lines)
            assert self._server.poll() is None and time.monotonic() < end, f"{place}: {command}\n{said}"
            time.sleep(0.1)

    def _read(self, server: subprocess.Popen[str]) -> None:
        assert server.stdout
        with suppress(ValueError):  # It is closed once the server has ended.
            for line in server.stdout:
                self._lines.append(line)

    def _shell(self, command: str, environment: Path | None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self._environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT_SECONDS,
            check=False,
        )

    def _at_port(self, code: str) -> str:
        return _PORTS.sub(f"127.0.0.1:{self.port}", code) if self.port else code

    def _environment(self, environment: Path | None) -> Mapping[str, str]:
        folders = [environment / "bin"] if environment else []
        path = os.pathsep.join(map(str, [*folders, *self.folders, os.environ["PATH"]]))
        theirs = {
            name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TEXTUNE_"))
        }
        variables = theirs | self.variables | {"PATH": path}
        if environment:  # A peer has its own packages, and must not see textune.
            variables.pop("PYTHONPATH", None)
        return variables


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
