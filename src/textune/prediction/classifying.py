"""Classify rows with a run or an export, and show the predictions or write them to a file, in one go.

`resuming` does the same for files that may take long. For a few texts, nothing that reads or writes files is
imported, so that the command answers at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from textune.context import Context, Pace
from textune.prediction.stream import AnyPrediction, Tally, TextRow, predict_rows
from textune.runtimes.choosing import choose, load_choice


def classify_in_one_go(
    folder: Path,
    rows: Iterable[TextRow],
    total: int,
    *,
    runtime: str,
    show: Callable[[AnyPrediction], None],
    ctx: Context,
    target: Path | None = None,
    mark_truncated: bool = False,
    arrange: Callable[[Iterable[AnyPrediction]], Iterable[AnyPrediction]] = iter,
) -> int:
    """Classify rows, and show the predictions or write them to a file; return the number of predictions.

    Args:
        folder: The folder of a run or of an export.
        rows: The rows to classify.
        total: Roughly how many rows there are; 0: unknown.
        runtime: `torch`, or the name of an export; empty: the fastest that gives the run's probabilities.
        show: Called with every prediction, in order, unless there is a target.
        ctx: Gets progress and notes.
        target: The CSV, JSONL or Parquet file to write.
        mark_truncated: Whether the file says of each text if it is longer than the model reads.
        arrange: Puts the predictions into another order.
    """
    ctx.stage("Loading the classifier")
    choice = choose(folder, runtime=runtime, texts=total or None)
    for sentence in choice.notes:
        ctx.note(sentence)
    predictor = load_choice(choice)
    ctx.stage("Classifying")
    tally, pace = Tally(), Pace(ctx, total)
    predictions = arrange(
        tally.count(predict_rows(predictor, rows, threshold=predictor.threshold, on_progress=pace.advance))
    )
    if target:
        from textune.prediction.writers import OutputLayout, write_file

        layout = OutputLayout.of(predictor, mark_truncated=mark_truncated)
        for sentence in layout.notes(target):
            ctx.note(sentence)
        write_file(target, predictions, layout)
    else:
        for prediction in predictions:
            show(prediction)
    tally.report(predictor, ctx)
    return tally.predictions
