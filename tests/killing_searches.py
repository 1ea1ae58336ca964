"""Searches that are killed, as `killing` does it: what an attempt is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

MODULES = ["torch", "transformers", "optuna", "sqlalchemy", "textune.commands.tune", "scipy.stats"]


def carry_out(request: dict[str, Any]) -> None:
    import textune

    out = Path(request["out"])
    if (out / "trials.db").exists():
        textune.resume_tuning(out)
    else:
        textune.tune(
            request["data"],
            model=request["model"],
            out=out,
            trials=request["trials"],
            settings=request["settings"],
        )
