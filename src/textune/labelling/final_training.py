"""The training that the page offers at the end: `textune train` on the answers, in a process of its own.

In: the folder of a labelling. Out: a run in it, and what became of the training. A process of its own keeps
its memory and its failures away from the labelling.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_NONE, _RUNNING, _DONE, _FAILED = "none", "running", "done", "failed"


class FinalTraining:
    """Trains on a folder's answers, at most once at a time; each training has a folder of its own."""

    def __init__(self, folder: Path, options: Sequence[str] = ()) -> None:
        self._folder, self._options = folder, options
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._state: dict[str, Any] = {"state": _NONE}
        self._started = 0.0

    def start(self) -> None:
        """Begin a training, unless one is running."""
        with self._lock:
            if self._process is not None:
                return
            run = self._free_name()
            command = [
                sys.executable,
                "-m",
                "textune",
                "train",
                str(self._folder),
                "--out",
                str(run),
                "--json",
            ]
            self._process = subprocess.Popen(
                [*command, *self._options],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
            )
            self._started, self._state = time.monotonic(), {"state": _RUNNING, "run": str(run)}
        threading.Thread(target=self._wait, args=(self._process, run), daemon=True).start()

    def state(self) -> dict[str, Any]:
        """Return what becomes of the training: its `state`, and its `run`, `metrics` or `message`."""
        with self._lock:
            running = self._state["state"] == _RUNNING
            return self._state | ({"seconds": time.monotonic() - self._started} if running else {})

    def stop(self) -> None:
        """End a training that is running."""
        with self._lock:
            if self._process is not None:
                self._process.terminate()

    def _free_name(self) -> Path:
        number = 1
        while (run := self._folder / f"run-{number}").exists():
            number += 1
        return run

    def _wait(self, process: subprocess.Popen[str], run: Path) -> None:
        output, errors = process.communicate()
        state: dict[str, Any] = {"run": str(run)}
        if process.returncode == 0:
            state |= {"state": _DONE, "metrics": json.loads(output)["metrics"].get("test", {})}
        else:
            lines = [line for line in errors.splitlines() if line.strip()]
            state |= {"state": _FAILED, "message": "\n".join(lines[-4:])}
        with self._lock:
            self._process, self._state = None, state
