"""What the command line shows: progress while a workflow runs, and its result as a table or as JSON."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from textune.cli.render.coverage import abstention_sentences, calibration_sentence, coverage_table
from textune.cli.render.intervals_drawn import draw_bar, interval_table
from textune.cli.render.study_table import study_table
from textune.report.verdict import judge
from textune.study.published import compares_with_the_study

if TYPE_CHECKING:
    from textune.encoder.cache import Entry
    from textune.prediction.bulk import Prediction

_BASELINES = {
    "majority_class": "majority class",
    "tfidf_logistic_regression": "TF-IDF, logistic",
}

_FEW_ROWS = 100
_SECONDS_A_LINE = 30
_SECONDS_OF_SPEED = 300
"""What the time left is estimated from; a window of long texts may take a minute."""


class Watcher:
    """Shows on standard error what a workflow does; an `Observer`.

    Args:
        quiet: Show notes only, and no progress.
        silent: Show nothing.
    """

    def __init__(self, *, quiet: bool = False, silent: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, quiet=silent)
        self._quiet = quiet
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[counted]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
            console=self._console,
            transient=True,
            speed_estimate_period=_SECONDS_OF_SPEED,
            disable=quiet or not self._console.is_terminal,
        )
        self._task: TaskID | None = None
        self._told = time.monotonic()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def stage(self, title: str) -> None:
        """Show what begins."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(title, total=None, counted="", figures="")

    def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
        """Show how far it is."""
        if self._task is not None:
            counted = f"{done:,} of {total:,} {unit}" if total else f"{done:,} {unit}"
            self._progress.update(
                self._task, completed=done, total=total or None, counted=counted, figures=figures
            )
            if not self._quiet and not self._console.is_terminal:
                self._tell(self._task, counted, figures)

    def _tell(self, task: TaskID, counted: str, figures: str) -> None:
        """Write a line every now and then, where there is no terminal to draw on."""
        if time.monotonic() - self._told < _SECONDS_A_LINE:
            return
        self._told = time.monotonic()
        shown = self._progress.tasks[self._progress.task_ids.index(task)]
        left = "" if shown.time_remaining is None else f"{timedelta(seconds=int(shown.time_remaining))} left"
        self.note(", ".join(part for part in (f"{shown.description}: {counted}", figures, left) if part))

    def note(self, sentence: str) -> None:
        """Show a sentence, and leave it there."""
        self._console.print(f"[dim]·[/dim] {escape(sentence)}")


def show_json(document: Any) -> None:
    """Print a JSON document."""
    print(json.dumps(document, indent=2, ensure_ascii=False))  # noqa: T201


def show_training(
    document: Mapping[str, Any], history: Sequence[Mapping[str, Any]], *, as_json: bool
) -> None:
    """Show what a training gave: its `metrics.json` and its learning curve."""
    if as_json:
        show_json(document)
        return
    console = Console(highlight=False)
    tables = [_result_table(document)]
    if document.get("baselines"):
        tables.append(interval_table(document, _BASELINES))
    tables.append(_class_table(document["metrics"]["test"], "test"))
    if compares_with_the_study(document):
        tables.append(study_table(document, history))
    for table in tables:
        console.print()
        console.print(table)
    if "coverage" in document:
        console.print()
        console.print(coverage_table(document))
        console.print(calibration_sentence(document))
    if "abstention" in document:
        console.print(abstention_sentences(document))
    console.print()
    for sentence in judge(document).sentences:
        console.print(escape(sentence))
    seconds = document["seconds"]
    parts = ", ".join(f"{name} {value:.1f}" for name, value in seconds.items() if name != "total")
    console.print(f"[dim]{seconds['total']:.1f} s: {parts}[/dim]")
    # Paths and commands are to be copied: they are never wrapped.
    print(f"\nThe run is in {document['run']}.")  # noqa: T201
    report = Path(document["run"]) / "report.html"
    if report.exists():
        print(f"Its report, for a browser: {report}")  # noqa: T201
    print("Try it:")  # noqa: T201
    print(f'  textune predict {shlex.quote(document["run"])} "Your own text"')  # noqa: T201


def show_evaluation(document: Mapping[str, Any], *, as_json: bool) -> None:
    """Show what an evaluation gave."""
    if as_json:
        show_json(document)
        return
    console = Console(highlight=False)
    console.print(_result_table(document))
    for split, metrics in document["metrics"].items():
        console.print()
        console.print(_class_table(metrics, split))
    if "abstention" in document:
        console.print()
        console.print(abstention_sentences(document))


def show_prediction(prediction: Prediction) -> None:
    """Show one prediction on a line: label, probability, text."""
    text = " ".join(prediction.row.text.split())
    if prediction.score is None:
        print(f"{'(no text)':<12}        {text}")  # noqa: T201
    elif prediction.label is None:
        print(f"{'(abstained)':<12} {prediction.score:>6.1%}  {text}")  # noqa: T201
    else:
        print(f"{prediction.label:<12} {prediction.score:>6.1%}  {text}")  # noqa: T201


def show_prediction_json(prediction: Prediction) -> None:
    """Print one prediction as a JSON object on a line."""
    print(json.dumps(prediction.to_json(), ensure_ascii=False, default=str))  # noqa: T201


def show_written(output: str, count: int, *, as_json: bool) -> None:
    """Say where predictions were written."""
    if as_json:
        show_json({"output": output, "texts": count})
    else:
        print(f"{count:,} predictions written to {output}")  # noqa: T201


def show_recipes(descriptions: Mapping[str, str]) -> None:
    """List recipes with a sentence each."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("recipe")
    table.add_column("what it is for")
    for name, description in descriptions.items():
        table.add_row(name, description)
    console = Console(highlight=False)
    console.print(table)
    console.print("\n`textune recipes NAME` shows a recipe with its comments.")


def show_cache(entries: Sequence[Entry], folder: Path, *, as_json: bool) -> None:
    """List what is in the feature cache."""
    if as_json:
        listed = [
            {"path": str(entry.path), "description": entry.description, "bytes": entry.bytes}
            for entry in entries
        ]
        show_json({"folder": str(folder), "entries": listed})
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("encoder output of")
    table.add_column("MB", justify="right")
    for entry in entries:
        table.add_row(escape(entry.description), f"{entry.bytes / 1e6:.1f}")
    console = Console(highlight=False)
    console.print(table)
    console.print(f"\n{len(entries)} entries in {escape(str(folder))}; `textune cache clear` deletes them.")


def _result_table(document: Mapping[str, Any]) -> Table:
    table = Table(
        title=escape(f"{document['recipe']} · {document['model']} · {document['source']}"),
        title_style="bold",
        title_justify="left",
        caption="± is half of the 95 % interval. Of log loss and calib. error, less is better.",
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        # A space less between columns than usual, as all of them just fit into 80.
        padding=(0, 0, 0, 1),
    )
    for name in ("", "rows", "accuracy", "macro-F1", "log loss", "calib.\nerror"):
        table.add_column(name, justify="left" if not name else "right", no_wrap=True)
    for split, metrics in document["metrics"].items():
        _add_row(table, split, metrics, bold=split == "test")
    if "filtered" in document:
        _add_row(table, "test, filtered", document["filtered"]["test"])
    if document.get("baselines"):
        table.add_section()
        table.add_row("beside, on test", style="dim")
    for name, metrics in document.get("baselines", {}).items():
        _add_row(table, _BASELINES[name], metrics)
    return table


def _add_row(table: Table, name: str, metrics: Mapping[str, Any], *, bold: bool = False) -> None:
    table.add_row(
        name,
        f"{metrics['examples']:,}",
        _with_doubt(metrics, "accuracy"),
        _with_doubt(metrics, "macro_f1"),
        _with_doubt(metrics, "log_loss"),
        _with_doubt(metrics, "expected_calibration_error"),
        style="bold" if bold else None,
    )


def _with_doubt(metrics: Mapping[str, Any], name: str) -> str:
    low, high = metrics[f"{name}_ci95"]
    if name in ("log_loss", "expected_calibration_error"):
        return f"{metrics[name]:.3f} ±{(high - low) / 2:.3f}"
    return f"{metrics[name] * 100:.1f} % ±{(high - low) / 2 * 100:.1f}"


def _class_table(metrics: Mapping[str, Any], split: str) -> Table:
    table = Table(
        title=f"{split}, by class", box=None, header_style="bold", title_justify="left", pad_edge=False
    )
    for name in ("", "rows", "precision", "recall", "F1"):
        table.add_column(name, justify="left" if not name else "right")
    table.add_column(width=20)
    for name, figures in metrics["per_class"].items():
        values = [f"{figures[key] * 100:.1f} %" for key in ("precision", "recall", "f1")]
        bar = f"[blue]{draw_bar(figures['f1'])}[/blue]"
        table.add_row(escape(name), f"{figures['support']:,}", *values, bar)
    return table
