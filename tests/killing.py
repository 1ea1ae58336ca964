"""Trainings, predictions and the like that are killed: where, when, and how they are started and resumed.

In: attempts as JSON lines on standard input. Out: how each ended, one line each on standard output. As a
script, this is the process from which attempts are forked. It has imported all that an attempt needs, which
takes seconds, so one process serves the tests of all files. It computes nothing itself, because torch's
threads do not survive a fork.

What an attempt is stands in `killing_*.py`: each has `MODULES`, to be imported once, and `carry_out`, which
makes an attempt given the request, and in it `out` and `kill`. Here are those of trainings.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import copy
from functools import cache
from pathlib import Path
from typing import Any

MODULES = ["datasets", "torch", "transformers", "textune.training.finetune", "textune.commands.train"]
WATCHED = ("write", "fsync", "rename")
KILLED = -int(signal.SIGKILL)


class WatchedOs:
    """The module `os`, except that something is called before every write, fsync and rename.

    Args:
        before: Called with the function's name; what it raises comes out of the call.
    """

    def __init__(self, before: Callable[[str], None]) -> None:
        self._before = before

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(os, name)
        if name not in WATCHED:
            return attribute

        def watched(*arguments: Any) -> Any:
            self._before(name)
            return attribute(*arguments)

        return watched


@cache
def _zygote_process() -> subprocess.Popen[str]:
    """Start the process from which attempts are forked, until this one ends."""
    process = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(process.communicate)
    return process


class Zygote:
    """A child process that forks attempts, one after the other.

    Args:
        attempts: The module that says what an attempt is; by default this one, for trainings with the recipe
            `full`.
        request: What every attempt receives; for trainings `model` (a folder), `data` (a file) and `settings`
            (what the recipe is overridden with).
    """

    def __init__(self, attempts: str = "killing", **request: Any) -> None:
        self._request = {"attempts": attempts, **request}
        self._process = _zygote_process()

    def asking(self, **request: Any) -> Zygote:
        """Return the same process with something else in every request."""
        other = copy(self)
        other._request = {**self._request, **request}
        return other

    def attempt(self, out: Path, **kill: Any) -> dict[str, Any]:
        """Start something, or resume it if it was started before; return how it ended.

        Args:
            out: What is to be made: a run folder, or whatever the script makes.
            kill: None, or one of `call=K` (the k-th write, fsync or rename after the first checkpoint has
                begun), `step=N` (the n-th step of this attempt), `seconds=S` (a moment after its start).

        Returns:
            `code` (0, or `KILLED`), and `seconds`.
        """
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({**self._request, "out": str(out), "kill": kill}) + "\n")
        self._process.stdin.flush()
        ended: dict[str, Any] = json.loads(self._process.stdout.readline())
        return ended

    def killed_at_random(
        self, folder: Path, kills: int, draw: Callable[[random.Random, int], dict[str, Any]]
    ) -> list[Path]:
        """Resume what is killed, and start anew what ends, until there were so many kills.

        Args:
            folder: Where things are made.
            kills: The number of kills.
            draw: Returns the moment of a kill, given its number.

        Returns:
            What was made; every one has ended without an error.
        """
        chooser, killed, made = random.Random(0), 0, [folder / "0"]
        while killed < kills:
            code = self.attempt(made[-1], **draw(chooser, killed))["code"]
            assert code in (0, KILLED)
            if code == KILLED:
                killed += 1
            else:
                made.append(folder / str(len(made)))
        assert self.attempt(made[-1])["code"] == 0
        return made


def result_of(run: Path) -> tuple[bytes, ...]:
    """Return the bytes of what a training learned, and of how it went."""
    model = sorted(file for file in (run / "model").rglob("*") if file.is_file())
    return tuple(file.read_bytes() for file in (*model, run / "history.jsonl"))


def kill_this_process() -> None:
    """End this process as SIGKILL does, whatever it is doing."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)  # The signal ends the process before it goes on.


class _Steps:
    """An observer that kills its process after a number of steps."""

    def __init__(self, last: int) -> None:
        self._left = last

    def stage(self, title: str) -> None:
        pass

    def note(self, sentence: str) -> None:
        pass

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        if unit == "steps":
            self._left -= 1
            if not self._left:
                kill_this_process()


def _kill_at_call(number: int) -> None:
    """Kill this process before the call of that number, counted from the first checkpoint's beginning."""
    from textune import files
    from textune.training.resumable import Keeper

    calls, save = 0, Keeper.save

    def count(name: str) -> None:
        nonlocal calls
        calls += 1
        if calls == number:
            kill_this_process()

    def save_watched(*arguments: Any) -> None:
        files.os = WatchedOs(count)  # type: ignore[assignment]
        Keeper.save = save  # type: ignore[method-assign]
        save(*arguments)

    Keeper.save = save_watched  # type: ignore[method-assign]


def carry_out(request: dict[str, Any]) -> None:
    import textune

    out, kill = Path(request["out"]), request["kill"]
    if "call" in kill:
        _kill_at_call(kill["call"])
    observer = _Steps(kill.get("step", 0))
    if out.exists():
        textune.resume(out, observer=observer)
    else:
        textune.train(
            "full",
            model=request["model"],
            data=request["data"],
            out=out,
            settings=request["settings"],
            observer=observer,
        )


def _fork(request: dict[str, Any], carry_out: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Let a child make an attempt, and kill it unless it kills itself."""
    begun = time.perf_counter()
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.dup2(2, 1)  # Standard output is for how attempts end.
            carry_out(request)
            os.write(writes, " ".join(sys.modules).encode())
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writes)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.setitimer(signal.ITIMER_REAL, request["kill"].get("seconds", 0.0))
    with os.fdopen(reads) as pipe:
        names = pipe.read().split()
    _, status = os.waitpid(child, 0)
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    seconds = time.perf_counter() - begun
    _import(names)
    return {"code": os.waitstatus_to_exitcode(status), "seconds": seconds}


def _import(names: Iterable[str]) -> None:
    """Import what an attempt has imported, so that later ones need not."""
    for name in names:
        if name not in sys.modules:
            # Some modules are made up by others, and cannot be imported by name.
            with suppress(Exception):
                importlib.import_module(name)
    gc.freeze()


def _serve_attempts() -> None:
    """Fork an attempt for every line of standard input, and report how it ended."""
    import torch

    torch.set_num_threads(1)
    for line in sys.stdin:
        request = json.loads(line)
        attempts = importlib.import_module(request["attempts"])
        _import(attempts.MODULES)
        print(json.dumps(_fork(request, attempts.carry_out)), flush=True)  # noqa: T201


if __name__ == "__main__":
    _serve_attempts()
