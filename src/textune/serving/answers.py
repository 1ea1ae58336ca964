"""From logits to what a client gets: labels with their scores, highest first.

Scores are computed in float64, so that a served probability is the one that `textune predict` gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.model.outside_threshold import OutsideThreshold
from textune.runtimes.predictor import Predictor
from textune.serving.schemas import LabelAnswer, LabelsAnswer, Score
from textune.tasks import multi_label, single_label

_FUNCTIONS: Mapping[str, Callable[[NDArray[Any]], NDArray[np.float64]]] = {
    "softmax": single_label.probabilities,
    "sigmoid": multi_label.probabilities,
    "none": lambda logits: np.asarray(logits, dtype=np.float64),
}


def probabilities_function(predictor: Predictor) -> str:
    """Return the name of the function from logits to the probabilities that a predictor gives."""
    return "sigmoid" if predictor.kind.is_multi_label else "softmax"


def scores_of(logits: NDArray[np.floating[Any]], function: str) -> NDArray[np.float64]:
    """Return the scores (texts, classes) that a function of this name gives: softmax, sigmoid or none."""
    return _FUNCTIONS[function](logits)


def answers_of(
    logits: NDArray[np.floating[Any]],
    label_names: Sequence[str],
    *,
    function: str = "softmax",
    top_k: int | None = None,
    threshold: float = 0.0,
    outside: OutsideThreshold | None = None,
) -> list[list[Score]]:
    """Return for each row of logits (texts, classes) its first `top_k` labels by score, the highest first.

    A text whose top probability is below the threshold gets no label: its list begins with an entry whose
    label is None, so that a client that reads only the first entry gets none. So does one that belongs to
    none of the classes, as `outside` says.

    Example:
        >>> answers_of(np.array([[0.0, 0.0]]), ["no", "yes"], top_k=1, threshold=0.9)
        [[{'label': None, 'score': 0.5, 'abstained': True}, {'label': 'no', 'score': 0.5}]]
    """
    scores = scores_of(logits, function)
    orders = np.argsort(-scores, axis=1, kind="stable")[:, :top_k].tolist()
    answers: list[list[Score]] = [
        [{"label": label_names[index], "score": row[index]} for index in order]
        for row, order in zip(scores.tolist(), orders, strict=True)
    ]
    others = [False] * len(answers) if outside is None else outside.is_other(logits).tolist()
    for answer, is_other in zip(answers, others, strict=True):
        if is_other:
            answer.insert(0, {"label": None, "score": answer[0]["score"], "other": True})
    if threshold:
        tops = single_label.confidence(single_label.probabilities(logits))
        for answer, highest, is_other in zip(answers, tops, others, strict=True):
            if highest < threshold and not is_other:
                answer.insert(0, {"label": None, "score": answer[0]["score"], "abstained": True})
    return answers


def decisions_of(
    logits: NDArray[np.floating[Any]], truncated: NDArray[np.bool_], predictor: Predictor
) -> Iterator[LabelAnswer | LabelsAnswer]:
    """Yield what `textune predict` says of each row of logits (texts, classes), but for the text."""
    names, thresholds, outside = predictor.label_names, predictor.thresholds, predictor.outside
    others = [False] * len(logits) if outside is None else outside.is_other(logits).tolist()
    probabilities = predictor.kind.probabilities(logits)
    for row, cut, is_other in zip(probabilities, truncated.tolist(), others, strict=True):
        scores = dict(zip(names, row.tolist(), strict=True))
        if thresholds is not None:
            [labels] = multi_label.names_of_given(multi_label.decide(row[None], thresholds), names)
            yield {"labels": labels, "scores": scores, "truncated": cut}
            continue
        label = names[int(single_label.decide(row))]
        is_sure = scores[label] >= predictor.threshold
        answer: LabelAnswer = {
            "label": label if is_sure and not is_other else None,
            "score": scores[label],
            "scores": scores,
            "truncated": cut,
        }
        if predictor.threshold:
            answer["abstained"] = not (is_sure or is_other)
        if outside is not None:
            answer["other"] = is_other
        yield answer
