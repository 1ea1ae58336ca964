"""Suspect labels, ranked, and the file in which a person reviews them: D008.

Classifiers on the encoder's features judge rows that they were not trained on; `evaluation.suspects` ranks
the labels by their probabilities.
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
from numpy.typing import NDArray

from textune.audit.checks import AuditInput, SkippedCheckError, check
from textune.audit.findings import DoubtfulLabels, Example, Finding, Suspect, percent, split_sizes
from textune.audit.out_of_fold import FOLDS, out_of_fold_probabilities
from textune.context import Context
from textune.data.dataset import SPLITS
from textune.data.splits import make_folds
from textune.errors import RequestError, StorageError
from textune.evaluation.suspects import MIN_ROWS, judges_well, rank_suspect_labels
from textune.files import write_text
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
    suspects = rank_suspects(examples, probabilities, names, cleanlab=audited.cleanlab)
    if suspects:
        judge = f"the features of {audited.encoder.recipe.model.name}"
        yield describe_suspects(suspects, judged=len(examples), judge=judge)


def rank_suspects(
    examples: Sequence[Example],
    probabilities: NDArray[np.float64],
    label_names: Sequence[str],
    *,
    cleanlab: bool = False,
) -> list[Suspect]:
    """Return the rows with suspect labels: split by split, the least credible labels first.

    The probabilities (examples, classes) come from classifiers that were not trained on the row. With
    `cleanlab`, its `find_label_issues` chooses the rows.
    """
    labels = np.array([example.label for example in examples])
    ranked = rank_suspect_labels(
        probabilities,
        labels,
        groups=[SPLITS.index(example.split) for example in examples],
        rows=_chosen_by_cleanlab(labels, probabilities) if cleanlab else None,
    )
    return [
        Suspect(
            examples[suspect.row],
            label_names[labels[suspect.row]],
            label_names[suspect.suggested],
            suspect.label_probability,
            suspect.suggested_probability,
        )
        for suspect in ranked
    ]


def describe_suspects(suspects: Sequence[Suspect], *, judged: int, judge: str) -> DoubtfulLabels:
    """Return finding D008 about at least one suspect; `judge` says what the classifiers learned from."""
    share = len(suspects) / judged
    by_split = split_sizes([suspect.example for suspect in suspects])
    listed = ", ".join(f"{count:,} in {split}" for split, count in by_split.items())
    rows = tuple(
        suspect.example.flag(
            f"{suspect.label}, probably {suspect.suggested} ({percent(suspect.suggested_probability)})"
        )
        for suspect in suspects
    )
    return DoubtfulLabels(
        "D008",
        "warning" if share >= _MANY else "info",
        f"{counted(len(suspects), 'suspect label')}, {percent(share)} of all ({listed})",
        len(suspects),
        rows,
        "Review them from the top, and stop where the labels are right. Classifiers that learned from "
        f"{judge}, but not from these rows, prefer another class. Some of the texts are merely difficult.",
        tuple(suspects),
    )


def _chosen_by_cleanlab(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> list[int]:
    from cleanlab.filter import find_label_issues

    known, positions = np.unique(labels, return_inverse=True)
    issues = find_label_issues(
        positions, probabilities[:, known], return_indices_ranked_by="self_confidence", n_jobs=1
    )
    return [int(row) for row in issues]


def check_file_name(file: str | Path | None) -> None:
    """Raise a `RequestError` unless suspects can be written to a file of this name."""
    if file in (None, AUTO):
        return
    path = Path(str(file)).expanduser()
    if path.is_dir() or path.suffix.lower() != ".csv":
        raise RequestError(
            f"Suspect labels cannot be written to '{file}'.", "Give the name of a file that ends in .csv."
        )


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
