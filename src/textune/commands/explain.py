"""`textune explain`: which words of a text, or of both texts of a pair, led to a run's decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from textune.context import Context, Observer
from textune.data.pairs import misfit
from textune.encoder.truncation import describe_truncation
from textune.errors import DataError, RequestError
from textune.explain.attribution import Explanation, explain_texts
from textune.explain.gradients import check_captum, explain_by_gradients
from textune.explain.words import find_words
from textune.formats.text_pairs import AnyText, sides_of

OCCLUSION = "occlusion"
GRADIENTS = "integrated-gradients"
_METHODS = (OCCLUSION, GRADIENTS)


def explain(
    run: str | Path,
    text: AnyText | tuple[str, str],
    *,
    method: str = OCCLUSION,
    label: str | None = None,
    observer: Observer | None = None,
) -> Explanation:
    """Return which words of a text led to a run's decision.

    Args:
        run: A finished run's folder.
        text: The text, or a pair of texts for a run on pairs.
        method: `occlusion`, which leaves out one word at a time, or `integrated-gradients`, which needs the
            extra `explain`.
        label: The label to explain; by default the most probable one. If the text can have several labels,
            all that it gets are explained: the most probable one, with the others in its `others`.
        observer: Receives progress and notes.

    Raises:
        RequestError: The run, the method, the label or the text is wrong.
        MissingExtraError: The method needs a package that is not installed.
    """
    from textune.runtimes.choosing import load_predictor
    from textune.runtimes.predictor import check_text_list
    from textune.runtimes.torch_predictor import TorchPredictor

    ctx = Context(observer)
    if method not in _METHODS:
        raise RequestError(f"There is no method '{method}'.", f"The methods are {' and '.join(_METHODS)}.")
    pairs = isinstance(text, tuple)
    [explained] = check_text_list([text], pairs=pairs)
    sides = sides_of(explained)
    if not all(map(find_words, sides)):
        raise _without_words(sides)
    if method == GRADIENTS:
        check_captum()
    ctx.stage("Loading the classifier")
    words = sum(len(side.split()) for side in sides)
    predictor = load_predictor(run, runtime="torch" if method == GRADIENTS else "", texts=words)
    if predictor.pairs is not pairs:
        raise misfit(pairs=predictor.pairs, place="text 1")
    if label is not None and label not in predictor.label_names:
        raise RequestError(
            f"The run {run} has no label '{label}'.", f"Its labels are {', '.join(predictor.label_names)}."
        )
    truncated = bool(predictor.tokenize([explained]).truncated[0])
    if truncated:
        max_tokens, most = predictor.max_tokens, predictor.max_windows
        ctx.note(describe_truncation(1, 1, max_tokens=max_tokens, max_windows=most))
    ctx.stage("Explaining")
    if isinstance(predictor, TorchPredictor) and method == GRADIENTS:
        explanation = explain_by_gradients(
            predictor.classifier, explained, label=label, thresholds=predictor.thresholds
        )
    else:
        (explanation,) = explain_texts(
            predictor.predict_proba,
            [explained],
            label_names=predictor.label_names,
            labels=[label],
            thresholds=predictor.thresholds,
        )
    _, is_other = predictor.decide(predictor.tokenize([explained]).rows)
    other = None if is_other is None else bool(is_other[0])
    return replace(explanation, truncated=truncated, other=other)


def _without_words(sides: Sequence[str]) -> DataError:
    if len(sides) == 1:
        return DataError("The text has no words, so there is nothing to explain.", "Give a text with words.")
    which = "first" if not find_words(sides[0]) else "second"
    return DataError(f"The {which} text of the pair has no words.", "Give two texts with words.")
