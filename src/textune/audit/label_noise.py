"""Suspect labels, ranked, and the file in which a person reviews them: D008.

Classifiers on the encoder's features judge rows that they were not trained on; `ranking` ranks the labels by
their probabilities.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import Path

import numpy as np

from textune.audit.checks import AuditInput, SkippedCheckError, check
from textune.audit.findings import DoubtfulLabels, Finding, Suspect, label_matrix, percent, split_sizes
from textune.audit.out_of_fold import FOLDS, out_of_fold_label_probabilities, out_of_fold_probabilities
from textune.audit.ranking import labels_judged_well, rank_suspects, rank_suspects_per_label
from textune.context import Context
from textune.data.splits import make_folds
from textune.data.stratification import divide_rows
from textune.errors import RequestError, StorageError
from textune.evaluation.suspects import MIN_ROWS, judges_well
from textune.files import notes_on_replacing, write_text
from textune.formats.registry import table_suffixes
from textune.formats.text_pairs import sides_of, text_columns
from textune.wording import counted

_MANY = 0.01
AUTO = "auto"
"""Write suspects to a new file named after the source."""

_COLUMNS = (
    *("rank", "split", "row", "place", "label", "suggested"),
    *("label_probability", "suggested_probability"),
)


@check(needs="encoder", D008="label noise")
def find_label_noise(audited: AuditInput) -> Iterator[Finding]:
    """Find labels that contradict the encoder's features."""
    assert audited.encoder
    suspects = _suspects_per_label(audited) if audited.is_multi_label else _suspects(audited)
    if suspects:
        judge = f"the features of {audited.encoder.recipe.model.name}"
        yield describe_suspects(suspects, judged=len(audited.examples), judge=judge)


def _suspects(audited: AuditInput) -> list[Suspect]:
    assert audited.encoder
    examples, names = audited.examples, audited.label_names
    labels = np.array([example.label for example in examples])
    if len(examples) < MIN_ROWS or len(np.unique(labels)) < 2:
        raise SkippedCheckError(f"fewer than {MIN_ROWS} rows, or a single class")
    features = audited.encoder.features
    audited.ctx.stage("Judging labels")
    folds = make_folds(
        [example.text for example in examples], [names[label] for label in labels], folds=FOLDS
    )
    probabilities = out_of_fold_probabilities(features, labels, folds, on_progress=audited.progress("folds"))
    if not judges_well(probabilities, labels):
        raise SkippedCheckError("the model's features do not separate the classes well enough")
    return rank_suspects(examples, probabilities, names, cleanlab=audited.cleanlab)


def _suspects_per_label(audited: AuditInput) -> list[Suspect]:
    assert audited.encoder
    examples, names = audited.examples, audited.label_names
    if len(examples) < MIN_ROWS:
        raise SkippedCheckError(f"fewer than {MIN_ROWS} rows")
    labels, features = label_matrix(examples, len(names)), audited.encoder.features
    audited.ctx.stage("Judging labels")
    folds = divide_rows([row.text for row in examples], labels, shares=[1 / FOLDS] * FOLDS, seed=0)
    probabilities = out_of_fold_label_probabilities(
        features, labels, folds, on_progress=audited.progress("folds")
    )
    judged = labels_judged_well(probabilities, labels)
    if not judged:
        raise SkippedCheckError("the model's features do not separate any label well enough")
    if len(judged) < len(names):
        audited.ctx.note(
            f"{counted(len(names) - len(judged), 'label')} of {len(names)} cannot be judged: the model's "
            "features do not separate them well enough."
        )
    return rank_suspects_per_label(examples, probabilities, names, judged=judged, cleanlab=audited.cleanlab)


def describe_suspects(suspects: Sequence[Suspect], *, judged: int, judge: str) -> DoubtfulLabels:
    """Return finding D008 about at least one suspect; `judge` says what the classifiers learned from."""
    examples = {(suspect.example.split, suspect.example.row): suspect.example for suspect in suspects}
    share = len(examples) / judged
    by_split = split_sizes(list(examples.values()))
    listed = ", ".join(f"{count:,} in {split}" for split, count in by_split.items())
    rows = tuple(
        suspect.example.flag(
            f"{suspect.label}, probably {suspect.suggested} ({percent(suspect.suggested_probability)})"
        )
        for suspect in suspects
    )
    texts = f" of {counted(len(examples), 'text')}" if len(examples) < len(suspects) else ""
    return DoubtfulLabels(
        "D008",
        "warning" if share >= _MANY else "info",
        f"{counted(len(suspects), 'suspect label')}{texts}, {percent(share)} of all ({listed})",
        len(suspects),
        rows,
        "Review them from the top, and stop where the labels are right. Classifiers that learned from "
        f"{judge}, but not from these rows, judge otherwise. Some of the texts are merely difficult.",
        tuple(suspects),
    )


def check_file_name(file: str | Path | None, *, data: str, ctx: Context) -> None:
    """Raise a `RequestError` unless suspects of a source can be written to a file; say if it replaces one."""
    if file in (None, AUTO):
        return
    path = Path(str(file)).expanduser()
    if path.is_dir() or path.suffix.lower() != ".csv":
        raise RequestError(
            f"Suspect labels cannot be written to '{file}'.", "Give the name of a file that ends in .csv."
        )
    for note in notes_on_replacing(path, sources=[data]):
        ctx.note(note)


def write_suspects(
    suspects: Sequence[Suspect], file: str | Path | None, *, data: str, ctx: Context
) -> Path | None:
    """Write suspects to a file, and return it; `AUTO` skips it without suspects or where it cannot write."""
    if file is None or (file == AUTO and not suspects):
        return None
    contents = suspects_csv(suspects)
    path = _free_file(data, contents) if file == AUTO else Path(str(file)).expanduser()
    try:
        write_text(path, contents)
    except StorageError as error:
        if file != AUTO:
            raise
        ctx.note(f"The suspect labels were not written. {error.message} Name a file with --suspects.")
        return None
    ctx.note(f"The suspect labels were written to {path}.")
    return path


def suspects_csv(suspects: Sequence[Suspect]) -> str:
    """Return the contents of a CSV file of suspects."""
    contents = io.StringIO()
    writer = csv.writer(contents, lineterminator="\n")
    texts = text_columns([suspect.example.text for suspect in suspects])
    writer.writerow((*_COLUMNS, *texts))
    ranks = Counter[str]()
    for suspect in suspects:
        row = suspect.example
        ranks[row.split] += 1
        place = ranks[row.split], row.split, row.row, row.place
        labels = suspect.label, suspect.suggested
        shares = f"{suspect.label_probability:.4f}", f"{suspect.suggested_probability:.4f}"
        writer.writerow((*place, *labels, *shares, *sides_of(row.text)))
    return contents.getvalue()


def _free_file(data: str, contents: str) -> Path:
    """Return a file name made from the source that is free, or whose file has the same contents.

    An existing file is not overwritten: its reviewer may have edited it.
    """
    source = Path(data.rstrip("/")).name
    for suffix in table_suffixes():
        source = source.removesuffix(suffix)
    stem = re.sub(r"[^\w.]+", "-", source).strip("-.")[:40] or "data"
    names = chain([stem], (f"{stem}-{number}" for number in count(2)))
    paths = (Path(f"suspects-{name}.csv") for name in names)
    return next(path for path in paths if not path.exists() or path.read_bytes() == contents.encode())
