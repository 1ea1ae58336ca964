"""What a run keeps of every text that it was measured on: written by training, read to look closer.

    RUN/predictions/SPLIT.parquet              the classifier's
    RUN/predictions/baselines/NAME.parquet     a baseline's, of the test split

Columns: `row` (its number in the source's split), `text`, `label` and `predicted` (names), `score` (the
predicted label's probability) and `scores` (every label's).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from textune.errors import RunError
from textune.files import atomic_path
from textune.runs import Run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textune.workflows.preparing import PreparedTexts


@dataclass(frozen=True)
class Predictions:
    """Labelled texts with the probabilities that a classifier gave them.

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


def write_all(
    run: Run,
    texts: PreparedTexts,
    probabilities: Mapping[str, NDArray[np.float64]],
    baselines: Mapping[str, NDArray[np.float64]],
    *,
    label_names: Sequence[str],
) -> None:
    """Write the predictions of every split, and those of the baselines.

    Args:
        run: The run.
        texts: What was classified.
        probabilities: (rows, classes), by split.
        baselines: (test rows, classes), by the baseline's name.
        label_names: The classes' names.
    """
    written = {split: (split, values) for split, values in probabilities.items()}
    written |= {f"baselines/{name}": ("test", values) for name, values in baselines.items()}
    for name, (split, values) in written.items():
        write_predictions(
            run.predictions / f"{name}.parquet",
            texts.tokenized.dataset[split],
            rows=texts.rows[split],
            probabilities=values,
            label_names=label_names,
        )


def write_predictions(
    path: Path,
    split: Any,
    *,
    rows: NDArray[np.int64],
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
            "row": pa.array(rows),
            "text": pa.array(list(split["text"]), pa.string()),
            "label": pa.array(names[np.array(list(split["label"]))], pa.string()),
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
            f"{path} is missing: this run keeps no such predictions.",
            "Give a run that `textune train` of this version finished.",
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
