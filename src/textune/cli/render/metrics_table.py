"""What trainings and evaluations measured: by split, class and seed, with intervals and baselines."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

import typer
from rich.table import Table

from textune.cli.render.intervals_drawn import draw_bar, interval_table
from textune.cli.render.outside_table import show_outside
from textune.cli.render.table_looks import bare_table, escape, fits, framed_table, show
from textune.evaluation.abstention import Answers, CoverageRow
from textune.evaluation.baselines import BASELINES
from textune.evaluation.class_metrics import ClassMetrics, LabelMetrics
from textune.evaluation.document import AbstentionEffect, Calibration, MetricsDocument
from textune.evaluation.metrics import METRICS, Metric, in_percent
from textune.evaluation.split_metrics import SplitMetrics, measured_metrics
from textune.report.references import references_for
from textune.report.verdict import describe_thresholds, judge

_METRICS_PER_TABLE = (4, 3, 2)
"""How many metrics stand in a table: the first that fits. Only the first table has the number of rows."""


def show_training(document: MetricsDocument, history: Sequence[Mapping[str, Any]]) -> None:
    """Show the result of a training: its metrics and its learning curve."""
    _show_metrics(document)
    if document.baselines:
        show("", interval_table(document))
    show("", _class_table(document.test, "test"))
    for reference in references_for(document):
        table = framed_table(
            *("", reference.name, "this run"),
            title=f"{escape(document.model)} compared with {reference.name}",
            caption=reference.note,
        )
        for row in reference.rows(document, history):
            table.add_row(*row)
        show("", table)
    if document.coverage:
        show("", answered_table(document.coverage))
    if document.calibration is not None:
        show(_calibration_sentence(document.calibration, is_multi_label=document.test.is_multi_label))
    if document.thresholds is not None:
        show("", escape(describe_thresholds(document)))
    if document.abstention is not None:
        show(_abstention_sentences(document.abstention))
    show_outside(document.other)
    if document.long_texts is not None:
        show("", escape(document.long_texts.sentence))
    show("", *map(escape, judge(document).sentences))
    parts = ", ".join(f"{name} {value:.1f}" for name, value in document.seconds.items() if name != "total")
    show(f"[dim]{document.seconds['total']:.1f} s: {parts}[/dim]")
    # Paths and commands must stay copyable, so they are never wrapped.
    typer.echo(f"\nThe run is in {document.run}.")
    report = Path(document.run) / "report.html"
    if report.exists():
        typer.echo(f"Open its report in a browser: {report}")
    pairs = document.training is not None and document.training.pairs
    typer.echo(f"Try it:\n{_prediction(document.run, pairs=pairs)}")


def show_evaluation(document: MetricsDocument) -> None:
    """Show the result of an evaluation."""
    _show_metrics(document)
    for split, metrics in document.metrics.items():
        show("", _class_table(metrics, split))
    if document.abstention is not None:
        show("", _abstention_sentences(document.abstention))
    show_outside(document.other)


def show_seeds(document: Mapping[str, Any]) -> None:
    """Show the results of trainings with several seeds: their `summary.json`."""
    show("", _spread_table(document))
    test = document["metrics"]["test"]
    if not any(test[key]["standard_deviation"] for key in METRICS if key in test):
        show("All seeds gave the same metrics: nothing in this recipe depends on the seed.\n")
    if "verdict" in document:
        show(escape(document["verdict"]["sentence"]))
    show(f"[dim]{document['seconds']['total']:.1f} s in total[/dim]")
    # Paths and commands must stay copyable, so they are never wrapped.
    typer.echo(f"\nThe runs are in {document['run']}. The best by log loss on validation:")
    typer.echo(_prediction(document["best"], pairs=document.get("pairs", False)))


def _prediction(run: str, *, pairs: bool) -> str:
    second = ' --text-pair "Another text"' if pairs else ""
    return f'  textune predict {shlex.quote(run)} "Your own text"{second}'


def _show_metrics(document: MetricsDocument) -> None:
    metrics = measured_metrics(document.metrics.values())
    for size in _METRICS_PER_TABLE:
        tables = [
            _metrics_table(document, metrics[first : first + size], counts_rows=not first)
            for first in range(0, len(metrics), size)
        ]
        if all(map(fits, tables)):
            break
    for table in tables:
        show("", table)


def _metrics_table(document: MetricsDocument, metrics: Sequence[Metric], *, counts_rows: bool) -> Table:
    lower = ", ".join(metric.title for metric in metrics if metric.direction == "lower")
    table = framed_table(
        *("", *(["rows"] if counts_rows else []), *("\n".join(wrap(metric.title, 12)) for metric in metrics)),
        title=escape(f"{document.recipe} · {document.model} · {document.source}"),
        caption=f"± is half the width of the 95 % interval.{f' Lower is better: {lower}.' if lower else ''}",
        # One space less than usual between columns, so that they fit into 80 characters.
        padding=(0, 0, 0, 1),
    )

    def add_row(name: str, measured: SplitMetrics, style: str | None = None) -> None:
        cells = [measured.write(metric) for metric in metrics]
        rows = [f"{measured.examples:,}"] if counts_rows else []
        table.add_row(name, *rows, *cells, style=style)

    for split, measured in document.metrics.items():
        add_row(split, measured, "bold" if split == "test" else None)
    for split, measured in document.filtered.items():
        add_row(f"{split}, filtered", measured)
    if document.baselines:
        table.add_section()
        table.add_row("baselines, test", style="dim")
    for key, measured in document.baselines.items():
        add_row(BASELINES[key].short_title, measured)
    return table


def _class_table(metrics: SplitMetrics, split: str) -> Table:
    return _label_table(metrics, split) if metrics.is_multi_label else class_table(metrics.per_class, split)


def class_table(per_class: Mapping[str, ClassMetrics], split: str) -> Table:
    """Return the table of the classes; it has bars where the names of all classes stay whole beside them."""
    columns = ("", "rows", "precision", "recall", "F1")
    with_bars = bare_table(*columns, title=f"{split}, by class")
    without = bare_table(*columns, title=f"{split}, by class", padding=(0, 0, 0, 1))
    with_bars.add_column(width=20)
    for name, measured in per_class.items():
        values = map(in_percent, (measured.precision, measured.recall, measured.f1))
        cells = (escape(name), f"{measured.support:,}", *values)
        without.add_row(*cells)
        with_bars.add_row(*cells, f"[blue]{draw_bar(measured.f1)}[/blue]")
    return with_bars if fits(with_bars) else without


def _label_table(metrics: SplitMetrics, split: str) -> Table:
    table = bare_table(
        *("", "rows", "threshold", "precision", "recall", "F1", "95 % interval"),
        title=f"{split}, by label",
        caption="A text gets a label if its probability reaches the label's threshold.",
    )
    for name, measured in metrics.per_class.items():
        if isinstance(measured, LabelMetrics):
            low, high = (f"{end * 100:.1f}" for end in measured.f1_ci95)
            values = map(in_percent, (measured.precision, measured.recall, measured.f1))
            support = f"{measured.support:,}"
            table.add_row(escape(name), support, f"{measured.threshold:.2f}", *values, f"{low} to {high}")
    return table


def _spread_table(document: Mapping[str, Any]) -> Table:
    test, seeds = document["metrics"]["test"], document["seeds"]
    table = framed_table(
        *("test", "mean", "± seed", "95 % interval", "lowest", "highest"),
        title=escape(f"{document['recipe']} · {document['model']} · {document['source']}"),
        caption=f"{len(seeds)} seeds ({seeds[0]} to {seeds[-1]}) on {test['examples']:,} test rows.\n"
        "± is the standard deviation over seeds. The interval is\n"
        "that of the mean, over rows and seeds.",
        padding=(0, 0, 0, 1),
    )
    for metric in (METRICS[key] for key in METRICS if key in test):
        spread = test[metric.key]
        low, high = spread["ci95"]
        table.add_row(
            metric.title,
            metric.write(spread["mean"]),
            f"±{metric.number(spread['standard_deviation'])}",
            f"{metric.number(low)} to {metric.write(high)}",
            metric.write(min(spread["values"])),
            metric.write(max(spread["values"])),
        )
    return table


def answered_table(rows: Sequence[CoverageRow]) -> Table:
    """Return the table of what thresholds give: the shares of answered and of right texts."""
    lacking = "\n-: the validation rows cannot show this precision."
    table = bare_table(
        *("at least\nright", "\nthreshold", "\nanswered", "validation\nright", "\nanswered", "test\nright"),
        title="answering only confident texts",
        caption="The thresholds were chosen on validation, with a margin, and measured on test."
        f"{lacking if any(row.threshold is None for row in rows) else ''}",
    )
    for row in rows:
        threshold = "-" if row.threshold is None else f"{row.threshold:.3f}"
        cells = [cell for answers in (row.validation, row.test) for cell in _answered_cells(answers)]
        table.add_row(f"{row.min_precision * 100:g} %", threshold, *cells)
    return table


def _calibration_sentence(calibration: Calibration, *, is_multi_label: bool) -> str:
    after = calibration.test.after.expected_calibration_error
    if is_multi_label:
        before = calibration.test.before.expected_calibration_error
        return (
            f"Calibrating each label changed the calibration error on test from {before:.3f} to {after:.3f}."
        )
    if calibration.temperature == 1:
        return f"The probabilities are not calibrated: the calibration error on test is {after:.3f}."
    before = calibration.test.before.expected_calibration_error
    return (
        f"Calibration (temperature {calibration.temperature:.2f}) changed the calibration error on test from "
        f"{before:.3f} to {after:.3f}."
    )


def _abstention_sentences(effect: AbstentionEffect) -> str:
    precision = f"{effect.min_precision * 100:g} %"
    if effect.threshold is None:
        return f"No threshold gives {precision} right labels, so no text gets a label."
    sentences = [
        f"A text gets a label only if its probability is {effect.threshold:.1%} or more, so that at least "
        f"{precision} of the labels are right."
    ]
    splits = {"validation": effect.validation, "test": effect.test, "train": effect.train}
    for split, answers in splits.items():
        if answers is not None:
            answered, right = _answered_cells(answers)
            outcome = f"{right} of the labels right" if answers.answered else "no labels"
            sentences.append(f"On {split}: {answered} of {answers.examples:,} texts answered, {outcome}.")
    return "\n".join(sentences)


def _answered_cells(answers: Answers | None) -> tuple[str, str]:
    if answers is None:
        return "-", "-"
    if answers.precision is None or answers.precision_ci95 is None:
        return in_percent(answers.coverage), "-"
    low, high = (f"{end * 100:.1f}" for end in answers.precision_ci95)
    return in_percent(answers.coverage), f"{in_percent(answers.precision)} ({low}-{high})"
