"""Predictions that are killed, as `killing` does it: what an attempt is, and before which calls it ends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from killing import kill_this_process

MODULES = ["torch", "transformers", "textune.model.storage", "textune.commands.predict"]

WATCHED = ("fsync", "replace", "unlink")
"""What a prediction calls on the way from a half-written file to one that counts."""


def _kill_at_call(number: int) -> None:
    """Kill this process before the watched call of that number."""
    left = number

    def watch(name: str) -> None:
        attribute = getattr(os, name)

        def watched(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if not left:
                kill_this_process()
            return attribute(*arguments, **options)

        setattr(os, name, watched)

    for name in WATCHED:
        watch(name)


def carry_out(request: dict[str, Any]) -> None:
    from textune.commands.predict import predict
    from textune.prediction import resuming

    resuming.WINDOWS_PER_PART = 1  # Most of an attempt's time is to go into writing.
    if "call" in request["kill"]:
        _kill_at_call(request["kill"]["call"])
    predict(request["run"], input_file=request["data"], output=Path(request["out"]))
