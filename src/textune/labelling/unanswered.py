"""The texts of a labelling that have no label yet, and the order in which their predictions are reviewed.

In: the folder of a labelling. Out: rows to classify. Does not know what classifies them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from textune.annotations.labelling_journal import AnswerState, take_events
from textune.data.labelling_folder import labelling_journal
from textune.errors import DataError
from textune.labelling.pool import Pool, read_pool_texts
from textune.prediction.stream import AnyPrediction, MultiLabelPrediction, TextRow


def is_labelling(input_file: str) -> bool:
    """Return whether an input is the folder of a labelling."""
    place = Path(input_file).expanduser()
    return bool(input_file) and place.is_dir() and labelling_journal(place) is not None


def unanswered_rows(folder: Path) -> list[TextRow]:
    """Return the texts of a labelling without a label; a `DataError` says that there are none."""
    journal = labelling_journal(folder)
    assert journal is not None
    state = AnswerState()
    take_events(state, journal.read_bytes(), str(journal))
    labelled = {answer.key for answer in state.answers() if answer.has_labels}
    pool = Pool.of(read_pool_texts(folder), seed=state.seed)
    rows = [TextRow(text, {}) for key, text in zip(pool.keys, pool.texts, strict=True) if key not in labelled]
    if not rows:
        raise DataError(f"All texts in {folder} have labels.", "Train on it: textune train FOLDER")
    return rows


def least_sure_first(predictions: Iterable[AnyPrediction]) -> list[AnyPrediction]:
    """Return predictions from the least to the most certain; the least certain of several labels decides."""
    return sorted(predictions, key=_certainty)


def _certainty(prediction: AnyPrediction) -> float:
    if isinstance(prediction, MultiLabelPrediction):
        return min((max(score, 1 - score) for score in prediction.scores.values()), default=0.0)
    return prediction.score or 0.0
