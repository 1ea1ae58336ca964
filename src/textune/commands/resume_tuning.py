"""`textune tune --resume`: a stopped search, continued to the result that it would have had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textune.commands.resume import resume_run
from textune.commands.tuning_job import TuneResult, carry_out_search
from textune.context import Context, Observer
from textune.data.in_memory import data_of_run
from textune.errors import RunError
from textune.extras import check_extra
from textune.run.layout import Run, read_run_json
from textune.tuning.plan import TuningPlan


def resume_tuning(
    run: str | Path, *, data: Any = None, offline: bool = False, observer: Observer | None = None
) -> TuneResult:
    """Resume a search that was stopped or killed; no trial is lost, and none is carried out twice.

    Args:
        run: The run folder. A complete run is returned as it is.
        data: The data, if the search began with data in memory: no file holds it.
        offline: Make no network connection.
        observer: Receives progress and notes.

    Raises:
        RequestError: There is no search to resume, or its data or model has changed.
    """
    folder = Run(Path(run).expanduser())
    if not folder.trials.is_file():
        raise RunError(
            f"There is no search in {folder.path}: it has no {folder.trials.name}.",
            "Name a folder that `textune tune --out DIR` made.",
        )
    check_extra("optuna", "tune", "textune tune")
    from textune.tuning.trial_store import TrialStore

    with TrialStore.open(folder.trials) as store:
        plan = TuningPlan.from_json(store.plan, origin=str(folder.trials))
    held = data_of_run(data, plan.recipe.data.source)
    ctx = Context(observer, offline)
    if folder.origin.exists():
        resumed = resume_run(folder.path, ctx, held, None)
        assert resumed.metrics is not None
        return TuneResult(folder.path, resumed.metrics, read_run_json(folder, folder.tuning, dict))
    folder.recipe.unlink(missing_ok=True)  # A kill may have come between it and the origin.
    return carry_out_search(plan, folder, ctx, held)
