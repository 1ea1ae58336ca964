"""A server in its own process, with a tiny model.

In: a run folder. Out: the process, its address, and what it wrote.
"""

from __future__ import annotations

import json
import signal
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from forked_commands import ForkedCommand
from real_commands import start_command
from textune.files import write_json
from textune.model.storage import save_classifier
from textune.run.lifecycle import complete_run, new_run
from textune.run.origin import Origin
from tiny_classifiers import stock_classifier
from tiny_models import build_tiny_model


class ServerProcess:
    """A running `textune serve`.

    Args:
        run: The run that is served.
        options: More of the command line.
        environment: More of the environment.
        is_installed: Whether the installed command runs, which takes seconds to import the libraries.
    """

    def __init__(
        self, run: Path, *options: str, environment: dict[str, str] | None = None, is_installed: bool = False
    ) -> None:
        start = start_command if is_installed else ForkedCommand
        self.process = start("serve", str(run), "--port", "0", *options, environment=environment)
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line.startswith("Serving "), self.process.communicate()
        self.url = line.rsplit(" ", 1)[1].strip()
        self.port = int(self.url.rsplit(":", 1)[1])

    def post(self, document: Any, path: str = "/") -> Any:
        """Send JSON and return the JSON that is answered."""
        request = urllib.request.Request(f"{self.url}{path}", json.dumps(document).encode())
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response)

    def memory(self) -> int:
        """Return the bytes of memory that it holds."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no memory")

    def signal(self) -> None:
        """Ask it politely to end."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> tuple[int, str]:
        """Wait until it has ended; return its exit code and its log."""
        _, log = self.process.communicate(timeout=30)
        assert self.process.returncode is not None
        return self.process.returncode, log


@contextmanager
def serving(
    run: Path, *options: str, environment: dict[str, str] | None = None, is_installed: bool = False
) -> Iterator[ServerProcess]:
    """Run a server for the length of the block; it is killed where the block leaves it running."""
    server = ServerProcess(run, *options, environment=environment, is_installed=is_installed)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.communicate()


def tiny_run(folder: Path) -> Path:
    """Write a run whose model is tiny and untrained."""
    model = build_tiny_model(folder / "pretrained")
    facts = {"recipe": "none", "model": {"name": "tiny", "weights_sha256": "none"}}
    with new_run(folder / "run", recipe="", origin=Origin()) as run:
        save_classifier(stock_classifier(model), run.model)
        write_json(run.metrics, {"metrics": {}})
        complete_run(run, facts)
    return run.path
