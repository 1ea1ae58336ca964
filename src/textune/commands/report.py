"""`textune report`, and what `train` writes for people: the report and the model card of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.context import Observer, Silence
from textune.errors import RequestError
from textune.files import write_text
from textune.run.layout import Run, open_run
from textune.run.replacing import replaced_files

if TYPE_CHECKING:
    from textune.explain.attribution import Explanation
    from textune.model.classifier import TextClassifier
    from textune.report.insights import Mistake

_WORDS_SECONDS = 3.0
REPORT = "report.html"
"""The name of a run's report in its folder."""


def report(runs: Sequence[str | Path], *, output: str | Path = "", observer: Observer | None = None) -> Path:
    """Write the report of one or several runs; return its file.

    Args:
        runs: Finished runs' folders.
        output: The file, whose name ends in .html. By default `report.html`: of one run in its folder, of
            several in the current one.
        observer: Hears how it goes.

    Raises:
        RequestError: A run or the output is wrong.
        StorageError: The file cannot be written.
    """
    observer = observer or Silence()
    if not runs:
        raise RequestError("No run is named.", "Name a run's folder: textune report RUN")
    file = Path(output).expanduser() if output else None
    if file is not None:
        _check_output(file)
    observer.stage("Reading the runs")
    opened = [open_run(Path(run).expanduser()) for run in dict.fromkeys(map(str, runs))]
    if len(opened) > 1:
        return _report_several(opened, file or Path(REPORT))
    (run,) = opened
    html = _page_of(run, observer=observer)
    own = run.path / REPORT
    if file is None or file.absolute() == own.absolute():
        _replace_report(run, html)
        return own
    write_text(file, html)
    return file


def add_report(
    run: Run,
    document: Mapping[str, Any],
    facts: Mapping[str, Any],
    *,
    classifier: TextClassifier,
    observer: Observer,
) -> None:
    """Write the report and the model card of a run that is about to be complete.

    A fault in either costs the run nothing but that file: it is told, and the training goes on.

    Args:
        run: The run, in which everything but the metrics is written.
        document: The metrics.
        facts: What the manifest will hold.
        classifier: The run's classifier.
        observer: Hears of a fault.
    """
    observer.stage("Writing the report")
    # Whatever goes wrong here, hours of training must not be lost by it.
    try:
        html = _page_of(run, classifier=classifier, document=document, facts=facts, observer=observer)
        write_text(run.path / REPORT, html)
    except Exception as error:
        _tell(observer, "report", error, "textune report makes it anew.")
    try:
        write_card(run, document=document, facts=facts)
    except Exception as error:
        _tell(observer, "model card", error, "textune push makes it anew.")


def write_card(
    run: Run, *, document: Mapping[str, Any] | None = None, facts: Mapping[str, Any] | None = None
) -> None:
    """Write a run's model card; for `document` and `facts` see `read_results`."""
    from textune.report.card import render_card
    from textune.report.results import read_results

    write_text(run.card, render_card(read_results(run, document=document, facts=facts)))


def explain_mistakes(
    run: Run, mistakes: Sequence[Mistake], *, classifier: TextClassifier | None = None
) -> list[Explanation]:
    """Say which words of the first mistakes spoke for the label that was given, as `textune explain` does.

    Args:
        run: The run; it need not be complete.
        mistakes: The mistakes, the most important first; as many are looked at as fit into some seconds.
        classifier: The run's classifier, if it is loaded.
    """
    from textune.explain.attribution import explain_texts
    from textune.model.storage import load_classifier
    from textune.runtimes.torch_runtime import TorchPredictor

    if not mistakes:
        return []
    predictor = TorchPredictor(classifier or load_classifier(run.model))
    return explain_texts(
        predictor.predict_proba,
        [each.text for each in mistakes],
        label_names=predictor.label_names,
        labels=[each.predicted for each in mistakes],
        seconds=_WORDS_SECONDS,
    )


def _page_of(
    run: Run,
    *,
    observer: Observer,
    classifier: TextClassifier | None = None,
    document: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> str:
    from textune.report.page import mistakes_to_explain, render_run
    from textune.report.results import read_results

    results = read_results(run, document=document, facts=facts)
    observer.stage("Looking at the surest mistakes")
    return render_run(results, explain_mistakes(run, mistakes_to_explain(results), classifier=classifier))


def _replace_report(run: Run, html: str) -> None:
    """Replace the report of a complete run."""
    with replaced_files(run, REPORT):
        write_text(run.path / REPORT, html)


def _report_several(runs: Sequence[Run], file: Path) -> Path:
    from textune.report.page import render_runs
    from textune.report.results import read_results

    write_text(file, render_runs([read_results(run) for run in runs]))
    return file


def _check_output(file: Path) -> None:
    """Raise a `RequestError` unless a page can be written to a file of this name."""
    if file.is_dir():
        raise RequestError(f"{file} is a folder.", "Give the name of a file that ends in .html.")
    if file.suffix.lower() not in {".html", ".htm"}:
        raise RequestError(
            f"The report cannot be written to {file}: it is a page of HTML.",
            "Give the name of a file that ends in .html.",
        )


def _tell(observer: Observer, what: str, error: Exception, remedy: str) -> None:
    reason = str(error).partition("\n")[0] or type(error).__name__
    observer.note(f"The {what} could not be made ({reason}). The run is complete without it; {remedy}")
