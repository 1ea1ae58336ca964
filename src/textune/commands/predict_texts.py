"""`textune.predict`: classify texts in Python's memory with a run's classifier."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.context import Context, Observer, Pace

if TYPE_CHECKING:
    from textune.prediction.stream import AnyPrediction


def predict_texts(
    run: str | Path,
    texts: Any,
    *,
    text_column: str | Sequence[str] = "",
    text_pair_column: str = "",
    runtime: str = "",
    observer: Observer | None = None,
) -> list[AnyPrediction]:
    """Classify texts; return a prediction for each, in their order.

    Args:
        run: The folder of a finished run or of an export.
        texts: A list, an array or a series of texts, or of pairs `(first, second)`; or a DataFrame of pandas
            or polars, an Arrow table, a `datasets.Dataset`, a list of dicts or a dict of columns, whose other
            columns are kept.
        text_column: The column that holds the text, or several that are joined; by default as in the run's
            own data, or detected by name.
        text_pair_column: The column that holds the second text of pairs; by default as in the run's own data.
        runtime: `torch`, or the name of an export; by default the fastest that gives the run's probabilities.
        observer: Receives progress and notes.

    Returns:
        A `Prediction` per text: `label`, `score`, `scores` by label, and `row` with `text` and `others`. A
        missing or blank text has no label. If a text can have several labels, a `MultiLabelPrediction`: it
        has `labels` instead of `label` and `score`.

    Raises:
        RequestError: The run or the runtime is wrong, or a value is not a text.
    """
    from textune.prediction.input_columns import choose_columns
    from textune.prediction.python_rows import rows_in_memory
    from textune.prediction.stream import Tally, predict_rows
    from textune.runtimes.choosing import choose, load_choice

    ctx, folder = Context(observer), Path(run).expanduser()
    rows = rows_in_memory(
        texts, choose_columns(folder, text_column=text_column, text_pair_column=text_pair_column)
    )
    choice = choose(folder, runtime=runtime, texts=len(rows) or None)
    for sentence in choice.notes:
        ctx.note(sentence)
    ctx.stage("Loading the classifier")
    predictor = load_choice(choice)
    ctx.stage("Classifying")
    tally, threshold = Tally(), predictor.threshold
    progress = Pace(ctx, len(rows)).advance
    predictions = list(tally.count(predict_rows(predictor, rows, threshold=threshold, on_progress=progress)))
    tally.report(predictor, ctx)
    return predictions
