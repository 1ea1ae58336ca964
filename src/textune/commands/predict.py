"""`textune predict`: classify texts, files or standard input with a run's classifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from textune.context import Context, Observer
from textune.encoder.memory import keep_memory_low

if TYPE_CHECKING:
    from textune.formats.text_pairs import AnyText
    from textune.prediction.stream import AnyPrediction

ENGINES = {"ray": "textune.cluster.request:predict_on_cluster"}
"""Functions that classify files outside this process; each is imported when it is needed."""


def predict(
    run: str | Path,
    texts: Sequence[AnyText] = (),
    *,
    input_file: str = "",
    text_column: str | Sequence[str] = "",
    settings: Sequence[str] = (),
    output: str | Path = "",
    mark_truncated: bool = False,
    restart: bool = False,
    runtime: str = "",
    observer: Observer | None = None,
    show: Callable[[AnyPrediction], None] = lambda prediction: None,
) -> int:
    """Classify texts and show the predictions, or write them to a file; return the number of predictions.

    A stopped prediction from files to a file resumes when the function is called again.

    Args:
        run: The folder of a finished run or of an export.
        texts: The texts, or `TextPair`s for a classifier of pairs, unless there is an input file.
        input_file: A table, a `.txt` file with one text per line, a folder of tables, a pattern for files, or
            `-` for standard input with one text per line. Of the folder of a labelling, the texts without a
            label are classified, the least confident ones first.
        text_column: The column that holds the text, or several that are joined; by default as in the run's
            own data, or detected by name.
        settings: How the input is read, as settings of a recipe, for instance `data.separator=tab`.
        output: A CSV, JSONL or Parquet file; without one, predictions go to `show`.
        mark_truncated: Add a column `truncated` to the output: whether the text is longer than the model
            reads. How many texts are is said anyway.
        restart: Start over instead of resuming.
        runtime: `torch`, or the name of an export; by default the fastest that gives the run's probabilities.
        observer: Receives progress and notes.
        show: Called with every prediction, in order.

    Raises:
        RequestError: The run, a text or a file is wrong, or something has changed since a stopped prediction
            began.
        StoppedError: It was stopped, and can be resumed.
    """
    from textune.prediction.classifying import classify_in_one_go
    from textune.prediction.stream import TextRow

    ctx, folder = Context(observer), Path(run).expanduser()
    keep_memory_low()
    in_one_go = partial(classify_in_one_go, folder, runtime=runtime, show=show, ctx=ctx)
    if texts and not any((input_file, output, text_column, settings, restart)):
        # Nothing that reads or writes files is imported.
        return in_one_go([TextRow(text, {}) for text in texts], len(texts))
    from textune.labelling.unanswered import is_labelling, least_sure_first, unanswered_rows
    from textune.prediction.input_columns import choose_columns
    from textune.prediction.inputs import open_rows
    from textune.prediction.resuming import check_apart, check_prediction_request, predict_files
    from textune.prediction.writers import check_output

    target = Path(output).expanduser() if output else None
    if target:
        check_output(target)
    rest = is_labelling(input_file)
    resumable = target is not None and input_file not in {"", "-"} and not rest
    check_prediction_request(texts, input_file, restart=restart, resumable=resumable)
    if rest:
        if target:
            check_apart(target, input_file, [])
        unanswered = unanswered_rows(Path(input_file).expanduser())
        ctx.note("Only texts without a label are classified, and the least confident ones come first.")
        return in_one_go(
            unanswered,
            len(unanswered),
            target=target,
            mark_truncated=mark_truncated,
            arrange=least_sure_first,
        )
    columns = choose_columns(folder, text_column=text_column, settings=settings)
    if target and resumable:
        return predict_files(
            folder,
            input_file,
            target,
            input_columns=columns,
            mark_truncated=mark_truncated,
            restart=restart,
            runtime=runtime,
            ctx=ctx,
        )
    rows, total = open_rows(texts, input_file, columns, ctx)
    if target and input_file:
        ctx.note(
            "Standard input can be read only once, so this prediction cannot be resumed if it is stopped."
        )
    return in_one_go(rows, total, target=target, mark_truncated=mark_truncated)


def predict_on_engine(
    name: str, run: Path, input_file: str, output: str, *, observer: Observer | None = None, **options: Any
) -> int:
    """Classify files on an engine in `ENGINES`, whose function says what the options are."""
    classify: Callable[..., int] = resolve_name(ENGINES[name])
    return classify(run, input_file, output, ctx=Context(observer), **options)
