"""The command `textune` in a process of its own, without the seconds that importing the libraries takes.

In: arguments. Out: a process, with what `subprocess.Popen` has of it. As a script, this is the process from
which commands are forked, one after the other. It has imported what they need, and computes nothing itself,
because torch's threads do not survive a fork. How a command starts alone is tested with `real_commands`.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any, NoReturn

MODULES = [
    *("torch", "transformers", "sklearn.linear_model", "scipy.stats", "onnxruntime", "pyarrow.parquet"),
    *("uvicorn", "fastapi", "transformers.pipelines", "transformers.models.distilbert.modeling_distilbert"),
    *("textune.commands.train", "textune.commands.serve", "textune.commands.label"),
    *("textune.training.finetune", "textune.serving.app", "textune.report.run_report"),
]


@cache
def _zygote() -> socket.socket:
    """Start the process from which commands are forked, until this one ends; return the way to ask it."""
    ours, its = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, __file__, str(its.fileno())], pass_fds=[its.fileno()], start_new_session=True
    )
    its.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


class ForkedCommand:
    """A running command, whose standard output and standard error are pipes.

    Args:
        arguments: What follows `textune` on the command line.
        environment: More of the environment.

    Attributes:
        pid: The number of its process.
        stdout: Its standard output.
        stderr: Its standard error.
        returncode: As `subprocess.Popen` has it; None until it has been waited for.
    """

    def __init__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        pipes = [os.pipe() for _ in range(3)]
        variables = {**os.environ, **(environment or {})}
        request = {"arguments": arguments, "folder": str(Path.cwd()), "environment": variables}
        socket.send_fds(_zygote(), [json.dumps(request).encode() + b"\n"], [writes for _, writes in pipes])
        for _, writes in pipes:
            os.close(writes)
        self.stdout, self.stderr, self._status = (os.fdopen(reads, encoding="utf-8") for reads, _ in pipes)
        self.pid = int(self._status.readline())
        self.returncode: int | None = None

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.returncode is None and not select.select([self._status], [], [], 0)[0]:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Read what it writes until it has ended; nothing when that was done before."""
        if self.returncode is not None:
            return "", ""
        read: dict[str, str] = {}
        threads = [
            Thread(target=lambda name=name: read.update({name: getattr(self, name).read()}), daemon=True)
            for name in ("stdout", "stderr")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout)
            if thread.is_alive():
                raise subprocess.TimeoutExpired("textune", timeout or 0)
        self.returncode = int(self._status.readline())
        for file in (self.stdout, self.stderr, self._status):
            file.close()
        return read["stdout"], read["stderr"]


def _serve_commands(connection: socket.socket) -> None:
    """Fork for every request, until the one who asks is gone."""
    for name in MODULES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Those that wait for commands are not waited for.
    while True:
        message, files, _, _ = socket.recv_fds(connection, 1 << 20, 3)
        if not message:
            return
        while not message.endswith(b"\n"):
            if not (more := connection.recv(1 << 20)):
                return
            message += more
        if not os.fork():
            connection.close()
            _attend(json.loads(message), *files)
        for file in files:
            os.close(file)


def _attend(request: dict[str, Any], stdout: int, stderr: int, status: int) -> NoReturn:
    """Fork a command, and write its number, and then how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if not child:
        os.close(status)
        _become(request, stdout, stderr)
    os.close(stdout)
    os.close(stderr)
    os.write(status, f"{child}\n".encode())
    _, ended = os.waitpid(child, 0)
    os.write(status, f"{os.waitstatus_to_exitcode(ended)}\n".encode())
    os._exit(0)


def _become(request: dict[str, Any], stdout: int, stderr: int) -> NoReturn:
    """Be a command, from its first line to its end."""
    import torch

    from textune.cli.main import start

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.close(stdout)
    os.close(stderr)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    if threads := request["environment"].get("OMP_NUM_THREADS"):
        torch.set_num_threads(int(threads))  # The variable was read when torch was imported.
    sys.argv = ["textune", *request["arguments"]]
    start()


if __name__ == "__main__":
    _serve_commands(socket.socket(fileno=int(sys.argv[1])))
