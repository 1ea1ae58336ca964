"""How files of a finished run are replaced, and with them the run's threshold.

The manifest of a run lists its files. The files that change are first taken off the list, then written, and
then listed again. Each step is whole or not at all, so a run that is interrupted between two of them is
complete, with the old contents or the new.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from textune.errors import RequestError
from textune.evaluation.abstention import choose_threshold
from textune.evaluation.document import MetricsDocument
from textune.evaluation.evaluating import cannot_reach, describe_abstention
from textune.files import list_files, storage_errors, write_json
from textune.model.threshold import ABSTENTION, Abstention, write_abstention
from textune.run.layout import Run, read_manifest
from textune.run.predictions import read_predictions


@contextmanager
def replaced_files(run: Run, *names: str) -> Iterator[None]:
    """Take files off a finished run's manifest for the length of the block, and list them again after it.

    The block writes or deletes the files of these names in the run folder.
    """
    manifest = read_manifest(run)
    others = {name: entry for name, entry in manifest["files"].items() if name not in names}
    with storage_errors(run.path):
        write_json(run.manifest, {**manifest, "files": others})
        yield
        listed = list_files(run.path, [run.path / name for name in names if (run.path / name).exists()])
        write_json(run.manifest, {**manifest, "files": dict(sorted({**others, **listed}.items()))})


def choose_abstention(run: Run, min_precision: float) -> Abstention | None:
    """Return the threshold for a precision, by a run's validation rows; None for a precision of 0.

    A precision that is not a share, or that no threshold reaches, is a `RequestError`.
    """
    if not 0 <= min_precision < 1:
        raise RequestError(
            f"min_precision = {min_precision} is not a valid share.",
            "Give 0, or a number between 0 and 1 such as 0.9.",
        )
    if not min_precision:
        return None
    rows = read_predictions(run.predictions / "validation.parquet")
    if rows.given is not None:
        raise RequestError(
            "The thresholds of a run whose texts can have several labels are chosen by its training.",
            f"Train again with --set evaluate.min_precision={min_precision}",
        )
    validation = rows.probabilities, rows.labels
    threshold = choose_threshold(*validation, min_precision=min_precision)
    if threshold is None:
        raise RequestError(
            cannot_reach(validation, min_precision),
            "Ask for less, or train again with more validation rows. The run is unchanged.",
        )
    return Abstention(min_precision, threshold)


def store_abstention(run: Run, abstention: Abstention | None) -> None:
    """Store the threshold of a finished run in its model and its metrics; None removes it."""
    document, effect = MetricsDocument.read(run.metrics), None
    if abstention is not None:
        splits = {
            split: read_predictions(run.predictions / f"{split}.parquet") for split in ("validation", "test")
        }
        scored = {split: (rows.probabilities, rows.labels) for split, rows in splits.items()}
        effect = describe_abstention(abstention, scored)
    with replaced_files(run, f"{run.model.name}/{ABSTENTION}", run.metrics.name):
        if abstention is None:
            (run.model / ABSTENTION).unlink(missing_ok=True)
        else:
            write_abstention(run.model, abstention)
        write_json(run.metrics, document.with_abstention(effect).to_json())
