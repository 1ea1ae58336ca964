"""A run's predictions as suggestions for an annotation tool.

In: a run, and texts to classify. Out: texts to write, with their predictions and scores. Does not know the
tools.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from glob import has_magic
from itertools import repeat
from pathlib import Path

from textune.annotations.conversion import texts_of_source
from textune.annotations.registry import TextToWrite
from textune.context import Context, Pace
from textune.data.sources import read_source
from textune.errors import RequestError
from textune.prediction.input_columns import choose_columns
from textune.prediction.inputs import open_rows
from textune.prediction.stream import AnyPrediction, MultiLabelPrediction, Tally, TextRow, predict_rows
from textune.runtimes.choosing import choose, load_choice


def suggest_labels(
    run: Path, data: str, settings: Sequence[str], ctx: Context
) -> tuple[list[TextToWrite], list[str]]:
    """Return the predictions for texts, and the names of all labels.

    Args:
        run: The folder of a finished run or of an export.
        data: An input of `textune predict`, or another source, whose splits are kept.
        settings: Overrides `data.key=value` of how it is read; the others are those of the run's own data.
        ctx: Receives progress and notes.

    Raises:
        RequestError: The run, the data or a setting is wrong.
    """
    choice = choose_columns(run, settings=settings)
    splits: Iterable[str] = repeat("")
    if data == "-" or has_magic(data) or os.path.exists(os.path.expanduser(data)):  # noqa: PTH110, PTH111
        rows, total = open_rows((), data, choice, ctx)
    else:
        raw = read_source(data, choice, ctx)
        for note in raw.notes:
            ctx.note(note)
        source = texts_of_source(raw)
        rows, total = [TextRow(each.text, {}) for each in source], len(source)
        splits = [each.split for each in source]
    chosen = choose(run, runtime="", texts=total or None)
    for note in chosen.notes:
        ctx.note(note)
    predictor, progress = load_choice(chosen), Pace(ctx, total).advance
    if predictor.pairs:
        raise RequestError(
            f"{run} classifies pairs of texts, and the formats to convert to have one text per row.",
            "Write the predictions with `textune predict RUN --input FILE --output FILE`.",
        )
    ctx.stage("Classifying")
    tally, threshold = Tally(), predictor.threshold
    predicted = tally.count(predict_rows(predictor, rows, threshold=threshold, on_progress=progress))
    texts = [_to_write(each, split) for each, split in zip(predicted, splits, strict=False)]
    tally.report(predictor, ctx)
    return texts, list(predictor.label_names)


def _to_write(prediction: AnyPrediction, split: str) -> TextToWrite:
    text, scores = str(prediction.row.text), prediction.scores
    if isinstance(prediction, MultiLabelPrediction):
        labels = prediction.labels or ()
        return TextToWrite(text, split=split, predictions=labels, scores=scores, can_have_several=True)
    one = () if prediction.label is None else (prediction.label,)
    return TextToWrite(text, split=split, predictions=one, scores=scores)
