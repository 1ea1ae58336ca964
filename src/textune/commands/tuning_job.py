"""One search and the training that follows, from the plan to a complete run folder."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.commands.training_job import carry_out
from textune.context import Context
from textune.data.in_memory import PythonData
from textune.errors import StoppedError
from textune.evaluation.document import MetricsDocument
from textune.files import write_json, write_text
from textune.run.layout import Run
from textune.training.method import Request
from textune.tuning.plan import TuningPlan


@dataclass(frozen=True)
class TuneResult:
    """The run folder of a search, its metrics, and its tuning.json."""

    run: Path
    metrics: MetricsDocument
    tuning: dict[str, Any]

    @property
    def document(self) -> dict[str, Any]:
        """The contents of the run's metrics.json, with those of tuning.json under `tuning`."""
        return {**self.metrics.to_json(), "tuning": self.tuning}


def carry_out_search(plan: TuningPlan, run: Run, ctx: Context, held: PythonData | None) -> TuneResult:
    """Search in the run folder, or resume the search that is there, and train with what it chooses."""
    from textune.tuning.search_job import search
    from textune.tuning.tuning_document import document_of, tuned_recipe

    result = search(plan, run, ctx, held)
    document = document_of(result)
    write_text(run.tuned, tuned_recipe(result))
    write_json(run.tuning, document)
    for sentence in document["sentences"]:
        ctx.note(sentence)
    name = f"{plan.name}, tuned" if result.choice.leaves_default else plan.name
    try:
        trained = carry_out(Request(result.recipe, name, run.path, data=held), ctx)
    except KeyboardInterrupt:
        command = f"textune tune --resume {shlex.quote(str(run.path))}"
        raise StoppedError(
            "Stopped in the final training. No trial is lost.", f"Resume it with: {command}"
        ) from None
    assert trained.metrics is not None
    return TuneResult(run.path, trained.metrics, document)
