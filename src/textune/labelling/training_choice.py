"""What a training on the folder of a labelling is by default: a recipe for as many labels, and its encoder.

In: a training's arguments. Out: its recipe and its model.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

from textune.annotations.labelling_journal import TEST, AnswerState, take_events
from textune.data.labelling_folder import labelling_journal
from textune.recipe.recipes import Recipe
from textune.training.few_labels import MOST

_USUAL, _FEW, _MANY = "frozen", "few", "full"


def fill_in(recipe: str | Recipe | None, model: str | None, data: Any) -> tuple[str | Recipe, str | None]:
    """Return the recipe and the model of a training, or their defaults where they are None.

    If the data is the folder of a labelling, the encoder is that of the labelling. The recipe is `few` for at
    most 64 labelled texts per class (the median class decides), and `full` for more. `few` is for one label
    per text: if there can be several, it is `frozen`.
    """
    folder = Path(data).expanduser() if isinstance(data, str | Path) else None
    journal = labelling_journal(folder) if folder is not None and folder.is_dir() else None
    if folder is None or journal is None:
        return recipe or _USUAL, model
    # It imports torch, which early mistakes need not wait for.
    from textune.labelling.session import read_setup

    model = model or read_setup(folder).get("model")
    if recipe is not None:
        return recipe, model
    state = AnswerState()
    take_events(state, journal.read_bytes(), str(journal))
    counts = Counter(label for answer in state.answers() if answer.purpose != TEST for label in answer.labels)
    if counts and median(counts.values()) > MOST:
        return _MANY, model
    return _USUAL if state.is_multi else _FEW, model
