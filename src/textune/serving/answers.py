"""From logits to what a client gets: scores by label, sorted.

In: logits (texts, classes). Out: JSON values. Computed in float64, as everywhere in textune, so that a served
probability is the one that `textune predict` gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textune.runtimes.graph_predictor import softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray


def sigmoid(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return every class's own probability (texts, classes), as if the classes did not exclude each other."""
    # tanh does not overflow where exp would.
    result: NDArray[np.float64] = 0.5 * (1 + np.tanh(0.5 * np.asarray(logits, dtype=np.float64)))
    return result


def unchanged(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the logits as they are."""
    return np.asarray(logits, dtype=np.float64)


FUNCTIONS: Mapping[str, Callable[[NDArray[Any]], NDArray[np.float64]]] = {
    "softmax": softmax,
    "sigmoid": sigmoid,
    "none": unchanged,
}


def ranked(
    scores: NDArray[np.float64], label_names: Sequence[str], *, top_k: int | None = None
) -> list[list[dict[str, Any]]]:
    """Return every text's labels with their scores, highest first; of equals, the first label first.

    Example:
        >>> ranked(np.array([[0.25, 0.75]]), ["no", "yes"])
        [[{'label': 'yes', 'score': 0.75}, {'label': 'no', 'score': 0.25}]]
    """
    orders = np.argsort(-scores, axis=1, kind="stable")[:, :top_k].tolist()
    return [
        [{"label": label_names[number], "score": row[number]} for number in order]
        for row, order in zip(scores.tolist(), orders, strict=True)
    ]


def answers_of(
    logits: NDArray[np.floating[Any]],
    label_names: Sequence[str],
    *,
    function: str = "softmax",
    top_k: int | None = None,
    threshold: float = 0.0,
) -> list[list[dict[str, Any]]]:
    """Return what a client gets for every text: `ranked` scores, after an entry that says if it abstains.

    Args:
        logits: Of every class for every text (texts, classes).
        label_names: The classes' names, in the order of the logits.
        function: From logits to scores, a key of `FUNCTIONS`.
        top_k: How many labels at most; None: all.
        threshold: The top probability below which no label is given. The first entry of such a text has
            the label None, so that whoever reads the first one gets none.

    Example:
        >>> answers_of(np.array([[0.0, 0.0]]), ["no", "yes"], top_k=1, threshold=0.9)
        [[{'label': None, 'score': 0.5, 'abstained': True}, {'label': 'no', 'score': 0.5}]]
    """
    answers = ranked(FUNCTIONS[function](logits), label_names, top_k=top_k)
    if threshold:
        for answer, surest in zip(answers, softmax(logits).max(axis=1), strict=True):
            if surest < threshold:
                answer.insert(0, {"label": None, "score": answer[0]["score"], "abstained": True})
    return answers
