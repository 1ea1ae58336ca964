"""From logits to what a client gets: labels with their scores, highest first.

Scores are computed in float64, so that a served probability is the one that `textune predict` gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.serving.schemas import Score
from textune.tasks.single_label import confidence, independent_probabilities, probabilities

_FUNCTIONS: Mapping[str, Callable[[NDArray[Any]], NDArray[np.float64]]] = {
    "softmax": probabilities,
    "sigmoid": independent_probabilities,
    "none": lambda logits: np.asarray(logits, dtype=np.float64),
}


def answers_of(
    logits: NDArray[np.floating[Any]],
    label_names: Sequence[str],
    *,
    function: str = "softmax",
    top_k: int | None = None,
    threshold: float = 0.0,
) -> list[list[Score]]:
    """Return for each row of logits (texts, classes) its first `top_k` labels by score, the highest first.

    A text whose top probability is below the threshold gets no label: its list begins with an entry whose
    label is None, so that a client that reads only the first entry gets none.

    Example:
        >>> answers_of(np.array([[0.0, 0.0]]), ["no", "yes"], top_k=1, threshold=0.9)
        [[{'label': None, 'score': 0.5, 'abstained': True}, {'label': 'no', 'score': 0.5}]]
    """
    scores = _FUNCTIONS[function](logits)
    orders = np.argsort(-scores, axis=1, kind="stable")[:, :top_k].tolist()
    answers: list[list[Score]] = [
        [{"label": label_names[index], "score": row[index]} for index in order]
        for row, order in zip(scores.tolist(), orders, strict=True)
    ]
    if threshold:
        for answer, highest in zip(answers, confidence(probabilities(logits)), strict=True):
            if highest < threshold:
                answer.insert(0, {"label": None, "score": answer[0]["score"], "abstained": True})
    return answers
