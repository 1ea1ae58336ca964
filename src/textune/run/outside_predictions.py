"""The scores behind a run's answer `other`, in RUN/predictions/other.parquet.

Columns: `split`, `row` (its number in the source's split), `text`, `text_pair` if the texts are pairs,
`outside` (whether the text belongs to no class), `score`, and `other` (whether it gets that answer).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from textune.data.dataset import NO_CLASS, Split
from textune.evaluation.evaluating_outside import OutsideScores
from textune.evaluation.outside_comparison import OutsideDecisions
from textune.files import atomic_path
from textune.formats.text_pairs import AnyText, text_columns
from textune.model.outside_threshold import OutsideThreshold, read_outside_threshold
from textune.run.predictions import read_predictions, texts_in

OUTSIDE_SCORES_FILE = "other.parquet"


def write_outside_scores(path: Path, scores: OutsideScores, threshold: OutsideThreshold) -> None:
    """Write scores as Parquet."""
    import pyarrow as pa
    from pyarrow import parquet

    columns = {
        "split": pa.array(scores.splits, pa.string()),
        "row": pa.array(scores.rows.tolist(), pa.int64()),
        **{name: pa.array(texts, pa.string()) for name, texts in text_columns(scores.texts).items()},
        "outside": pa.array(scores.outside.tolist(), pa.bool_()),
        "score": pa.array(scores.scores.tolist(), pa.float64()),
        "other": pa.array((scores.scores < threshold.threshold).tolist(), pa.bool_()),
    }
    with atomic_path(path) as temporary:
        parquet.write_table(pa.table(columns), temporary)


def read_outside_scores(path: Path) -> OutsideScores | None:
    """Return what `write_outside_scores` wrote; None if there is no such file."""
    from pyarrow import parquet

    if not path.is_file():
        return None
    table = parquet.read_table(path)
    return OutsideScores(
        tuple(table["split"].to_pylist()),
        table["row"].to_numpy(),
        texts_in(table),
        table["outside"].to_numpy(),
        table["score"].to_numpy(),
    )


def read_outside_texts(predictions: Path, split: str) -> Split | None:
    """Return the texts outside the classes that a run's folder of predictions stores for a split, if any."""
    scores = read_outside_scores(predictions / OUTSIDE_SCORES_FILE)
    if scores is None:
        return None
    places = [row for row, name in enumerate(scores.splits) if name == split and scores.outside[row]]
    labels = np.full(len(places), NO_CLASS, dtype=np.int64)
    return Split([scores.texts[row] for row in places], labels, scores.rows[places]) if places else None


def read_outside_decisions(
    predictions: Path, split: str
) -> tuple[list[tuple[AnyText, bool, int]], OutsideDecisions] | None:
    """Return what a run decided about the texts of a split, and a key for each text.

    It is None if the run's folder of predictions does not say so. A key is the text, whether it is outside
    the classes, and how many such texts come before it.
    """
    scores = read_outside_scores(predictions / OUTSIDE_SCORES_FILE)
    threshold = read_outside_threshold(predictions.parent / "model")
    places = [] if scores is None else [row for row, name in enumerate(scores.splits) if name == split]
    if scores is None or threshold is None or scores.outside[places].all():
        return None
    outside, right = scores.outside[places], np.zeros(len(places), dtype=np.bool_)
    inside = read_predictions(predictions / f"{split}.parquet")
    right[~outside] = inside.predicted == inside.labels
    texts = [scores.texts[row] for row in places]
    counts: Counter[tuple[AnyText, bool]] = Counter()
    keys = []
    for text in zip(texts, outside.tolist(), strict=True):
        counts[text] += 1
        keys.append((*text, counts[text]))
    measured = scores.scores[places]
    return keys, OutsideDecisions(outside, right, measured < threshold.threshold, measured)
