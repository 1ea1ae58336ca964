"""Writes a run's report and model card, during its training or afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textune.context import Context
from textune.files import write_text
from textune.report.card import render_card
from textune.report.page import mistakes_to_explain, render_run
from textune.report.results import Mistake, RunResults, read_results
from textune.run.layout import Run
from textune.run.replacing import replaced_files
from textune.wording import first_line

if TYPE_CHECKING:
    from textune.explain.attribution import Explanation
    from textune.model.classifier import EncoderClassifier
    from textune.runtimes.predictor import Predictor

REPORT = "report.html"
"""The name of a run's report in its folder."""
_WORDS_SECONDS = 3.0


def write_report(run: Run, results: RunResults, classifier: EncoderClassifier, ctx: Context) -> None:
    """Write the report and the model card of a run that is about to be complete.

    If one of them fails, the run lacks only that file: `ctx` gets a note, and the training goes on.
    """
    with ctx.clock.stage("report"):
        ctx.stage("Writing the report")
        # Whatever goes wrong here must not cost hours of training.
        _try("report", lambda: write_text(run.path / REPORT, _page(results, classifier, ctx)), ctx)
        _try("model card", lambda: write_card(run, results), ctx)


def report_again(run: Run, file: Path | None, ctx: Context) -> Path:
    """Write the report of a finished run, and return its file.

    If `file` is None, the run's own report and its entry in the manifest are replaced.
    """
    from textune.model.storage import load_classifier

    results = read_results(run)
    html = _page(results, load_classifier(run.model), ctx)
    own = run.path / REPORT
    if file is None or file.absolute() == own.absolute():
        with replaced_files(run, REPORT):
            write_text(own, html)
        return own
    write_text(file, html)
    return file


def write_card(run: Run, results: RunResults) -> None:
    """Write a run's model card."""
    write_text(run.card, render_card(results))


def explain_mistakes(predictor: Predictor, mistakes: Sequence[Mistake]) -> list[Explanation]:
    """Explain which words led to the wrong labels, as `textune explain` does.

    Only the first mistakes are explained if all of them would take more than a few seconds.
    """
    from textune.explain.attribution import explain_texts

    if not mistakes:
        return []
    return explain_texts(
        predictor.predict_proba,
        [mistake.text for mistake in mistakes],
        label_names=predictor.label_names,
        labels=[mistake.decisive or mistake.predicted for mistake in mistakes],
        seconds=_WORDS_SECONDS,
    )


def _page(results: RunResults, classifier: EncoderClassifier, ctx: Context) -> str:
    from textune.runtimes.torch_predictor import TorchPredictor

    ctx.stage("Explaining the most confident mistakes")
    training = results.document.training
    # Another training or report often needs the same features of the same frozen encoder.
    is_frozen = training is not None and training.frozen_layers == "all"
    weights_sha256 = results.origin.model.weights_sha256 if is_frozen else ""
    predictor = TorchPredictor(classifier, weights_sha256=weights_sha256)
    return render_run(results, explain_mistakes(predictor, mistakes_to_explain(results)))


def _try(what: str, write: Callable[[], None], ctx: Context) -> None:
    try:
        write()
    except Exception as error:
        command = "textune report" if what == "report" else "textune push"
        ctx.note(
            f"The {what} could not be written ({first_line(error)}). "
            f"The run is complete without it; {command} writes it."
        )
