"""The predictions that a run stores for every text that it was measured on.

In: labelled texts and their probabilities, or a file of them. Out: that file, or `Predictions`. Does not know
what computed the probabilities.

    RUN/predictions/SPLIT.parquet              those of the classifier
    RUN/predictions/baselines/NAME.parquet     those of a baseline, for the test split

Columns: `row` (its number in the source's split), `text`, `label` and `predicted` (names), `score` (the
predicted label's probability) and `scores` (every label's).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from textune.errors import RunError
from textune.files import atomic_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textune.data.dataset import Split


@dataclass(frozen=True)
class Predictions:
    """Labelled texts with the probabilities of a classifier.

    Attributes:
        rows: Their row numbers in the source's split, (rows,).
        texts: The texts.
        labels: Their true class ids, (rows,).
        label_names: The classes' names, in the order of their ids.
        probabilities: (rows, classes).
    """

    rows: NDArray[np.int64]
    texts: tuple[str, ...]
    labels: NDArray[np.int64]
    label_names: tuple[str, ...]
    probabilities: NDArray[np.float64]

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable class of every row, (rows,)."""
        predicted: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return predicted

    @property
    def scores(self) -> NDArray[np.float64]:
        """Its probability, (rows,)."""
        scores: NDArray[np.float64] = self.probabilities.max(axis=1)
        return scores


def write_predictions(
    path: Path,
    split: Split,
    *,
    probabilities: NDArray[np.float64],
    label_names: Sequence[str],
) -> None:
    """Write one split's predictions as Parquet."""
    import pyarrow as pa
    from pyarrow import parquet

    names = np.array(label_names, dtype=object)
    columns = [pa.array(probabilities[:, number]) for number in range(len(label_names))]
    table = pa.table(
        {
            "row": pa.array(split.rows),
            "text": pa.array(split.texts, pa.string()),
            "label": pa.array(names[split.labels], pa.string()),
            "predicted": pa.array(names[probabilities.argmax(axis=1)], pa.string()),
            "score": pa.array(probabilities.max(axis=1)),
            "scores": pa.StructArray.from_arrays(columns, names=list(label_names)),
        }
    )
    with atomic_path(path) as temporary:
        parquet.write_table(table, temporary)


def read_predictions(path: Path) -> Predictions:
    """Read what `write_predictions` wrote.

    Raises:
        RunError: There is no such file.
    """
    import pyarrow as pa
    from pyarrow import compute, parquet

    if not path.is_file():
        raise RunError(
            f"{path} is missing: this run has no such predictions.",
            "Name a run that `textune train` of this version finished.",
        )
    table = parquet.read_table(path)
    scores = table["scores"].combine_chunks()
    names = [scores.type.field(number).name for number in range(scores.type.num_fields)]
    ids = table["label"].combine_chunks()
    return Predictions(
        rows=table["row"].to_numpy(),
        texts=tuple(table["text"].to_pylist()),
        labels=np.asarray(compute.index_in(ids, pa.array(names, pa.string())), dtype=np.int64),
        label_names=tuple(names),
        probabilities=np.column_stack([scores.field(number).to_numpy() for number in range(len(names))]),
    )
