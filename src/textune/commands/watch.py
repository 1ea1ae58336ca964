"""`textune watch`: how well a run's classifier does on new texts, without their labels or with a few."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.context import Context, Observer
from textune.errors import RequestError
from textune.files import notes_on_replacing
from textune.recipe.recipes import override_data
from textune.watching.watch_defaults import MOST_TEXTS, WATCH_PAGE

if TYPE_CHECKING:
    from textune.watching.watched import Watched


def watch(
    run: str | Path,
    new: Any,
    *,
    split: str = "test",
    labels: str | Path | None = None,
    ignore_labels: bool = False,
    most_texts: int = MOST_TEXTS,
    to_label: str | Path | None = None,
    report: bool = False,
    settings: Sequence[str] = (),
    offline: bool = False,
    observer: Observer | None = None,
) -> Watched:
    """Estimate how well a run's classifier does on new texts, or say that this cannot be known.

    Args:
        run: A finished run's folder.
        new: The new texts: any source, labelled, in part, or not at all; or texts in Python, as
            `textune.predict` takes them. Labels that are there correct the estimate.
        split: The split of `new` to watch, if it has several.
        labels: A source of labels for some of the new texts, such as the folder of a labelling.
        ignore_labels: Whether labels in `new` do not count.
        most_texts: How many of the new texts are looked at, drawn at random; 0: all.
        to_label: A CSV or JSONL file to write, with the texts whose labels would tell most.
        report: Whether to write a page, `watch.html` in the run's folder.
        settings: How to read `new`: overrides `data.key=value` of the run's own settings.
        offline: Make no network connection.
        observer: Receives progress and notes.

    Raises:
        RequestError: The run, the source, a label or a file is wrong.
    """
    from textune.encoder.memory import keep_memory_low
    from textune.encoder.separator import stored_separator
    from textune.watching.new_texts import SourceReading, read_more_labels, read_new_texts, with_labels
    from textune.watching.texts_to_label import check_label_file, write_label_file
    from textune.watching.watched import watch_texts
    from textune.watching.watched_page import write_watched_page
    from textune.watching.watched_run import WatchedRun

    keep_memory_low()
    ctx, target = Context(observer, offline), None if to_label is None else Path(to_label).expanduser()
    if target is not None:
        check_label_file(target)
        inputs = [str(given) for given in (new, labels) if isinstance(given, str | Path)]
        for note in notes_on_replacing(target, sources=inputs):
            ctx.note(note)
    if most_texts < 0:
        raise RequestError(f"{most_texts} is not a number of texts.", "Give 0 for all texts, or more.")
    opened = WatchedRun.open(Path(run).expanduser(), ctx)
    data, given = override_data(opened.recipe, settings)
    data = stored_separator(data, opened.run.model)
    reading = SourceReading(data, given, split, most_texts, not ignore_labels)
    ctx.stage("Reading the texts")
    texts = read_new_texts(new, reading, opened.decisions, ctx)
    if labels is not None:
        texts = with_labels(texts, read_more_labels(str(labels), reading, ctx), opened.decisions)
    for note in texts.notes:
        ctx.note(note)
    source = str(new) if isinstance(new, str | Path) else type(new).__name__
    watched = watch_texts(opened, texts, source=source, ctx=ctx)
    if target is not None:
        write_label_file(target, watched.to_label)
    if report:
        write_watched_page(opened.run.path / WATCH_PAGE, watched)
    return watched
