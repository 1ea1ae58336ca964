"""Predict a stream of rows of any length in constant memory, in their order.

Rows are predicted in windows, inside which the encoder sorts them by length. Does not know which runtime
predicts, nor where the rows come from or go to.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

from textune.context import Context
from textune.data.pairs import misfit
from textune.encoder.truncation import describe_truncation
from textune.formats.text_pairs import AnyText, TextPair, sides_of, text_fields
from textune.runtimes.predictor import Predictor
from textune.tasks import multi_label
from textune.tasks.single_label import decide

WINDOW = 1024
"""Rows that are predicted and written together."""
WINDOWS_PER_PART = 4
"""4,096 rows, which take seconds: a kill costs no more work than that. A GPU predicts them together."""
RESULT_COLUMNS = ("text", "label", "score", "scores")
MULTI_LABEL_COLUMNS = ("text", "labels", "scores")
"""The columns of a result if a text can have several labels."""
OTHER = "other"
"""The column that says which texts belong to none of the classes, if the classifier tells them apart."""
TRUNCATED = "truncated"
"""The column, on request, that says which texts are longer than the model reads."""
_INPUT = re.compile("^(input_)+")


@dataclass(frozen=True)
class TextRow:
    """A text or a pair to classify, and the other columns that came with it."""

    text: AnyText
    others: Mapping[str, Any]

    @property
    def has_text(self) -> bool:
        """Whether there is something to classify: a text that is not blank, or two of them."""
        return all(map(str.strip, sides_of(self.text)))


@dataclass(frozen=True)
class Prediction:
    """A row with its prediction.

    A text that is empty, or a pair with one that is, has no label, score or scores; one whose score is below
    the threshold has no label. `abstained` says which texts those are; None: there is no threshold. One that
    belongs to none of the classes has no label either, and has not `abstained`. `other` says which texts
    those are; None: the classifier does not tell them apart. `truncated`: the text is longer than the model
    reads.
    """

    row: TextRow
    label: str | None
    score: float | None
    scores: Mapping[str, float]
    abstained: bool | None = None
    truncated: bool = False
    other: bool | None = None

    def to_json(self, *, mark_truncated: bool = False) -> dict[str, Any]:
        """Return JSON values, then the row's other columns.

        `abstained` and `other` are there only where they are known. With `mark_truncated`, they say whether
        the text was truncated.
        """
        result: dict[str, Any] = {**text_fields(self.row.text), "label": self.label, "score": self.score}
        result["scores"] = dict(self.scores)
        if self.abstained is not None:
            result["abstained"] = self.abstained
        if self.other is not None:
            result[OTHER] = self.other
        if mark_truncated:
            result[TRUNCATED] = self.truncated
        return result | prefix_clashes(self.row.others, results=result)

    def to_arrow(self, *, mark_truncated: bool = False) -> dict[str, Any]:
        """Return the prediction's values by the names of its Arrow fields."""
        return self.to_json(mark_truncated=mark_truncated) | {"scores": self.scores or None}


@dataclass(frozen=True)
class MultiLabelPrediction:
    """A row with its prediction, if a text can have several labels.

    The labels are those that reach their thresholds, in the order of the classes. A text that is empty has
    None, and no scores. `truncated`: the text is longer than the model reads.
    """

    row: TextRow
    labels: tuple[str, ...] | None
    scores: Mapping[str, float]
    truncated: bool = False

    @property
    def abstained(self) -> bool:
        """Whether a text that is not empty gets no label."""
        return self.labels == ()

    def to_json(self, *, mark_truncated: bool = False) -> dict[str, Any]:
        """Return JSON values, then the row's other columns; see `Prediction.to_json`."""
        result: dict[str, Any] = {
            **text_fields(self.row.text),
            "labels": None if self.labels is None else list(self.labels),
            "scores": dict(self.scores),
        }
        if mark_truncated:
            result[TRUNCATED] = self.truncated
        return result | prefix_clashes(self.row.others, results=result)

    def to_arrow(self, *, mark_truncated: bool = False) -> dict[str, Any]:
        """Return the prediction's values by the names of its Arrow fields."""
        return self.to_json(mark_truncated=mark_truncated) | {"scores": self.scores or None}


AnyPrediction = Prediction | MultiLabelPrediction


def prefix_clashes(others: Mapping[str, Any], *, results: Collection[str] = RESULT_COLUMNS) -> dict[str, Any]:
    """Return a row's other columns; a column named like a result's becomes `input_NAME`.

    A column that already has such a name gets another prefix, so that no two become one.

    Example:
        >>> prefix_clashes({"id": 7, "label": "joy", "input_label": "fun"})
        {'id': 7, 'input_label': 'joy', 'input_input_label': 'fun'}
    """
    return {
        f"input_{name}" if _INPUT.sub("", name) in results else name: value for name, value in others.items()
    }


def predict_rows(
    predictor: Predictor,
    rows: Iterable[TextRow],
    *,
    threshold: float = 0.0,
    window: int | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Iterator[AnyPrediction]:
    """Yield the prediction of every row, in order; rows are read at most a window ahead.

    Where a device other than the CPU computes, they are read two windows ahead. No label is given where the
    top probability is below `threshold`, nor to a text that belongs to none of the classes. If a text can
    have several labels, it gets those that reach the predictor's thresholds. After every window,
    `on_progress` is called with the number of rows done. A pair for a classifier of single texts is a
    `DataError`, and so is the reverse.
    """
    names = predictor.label_names
    no_other = None if predictor.outside is None else False
    for done, chunk, answers in _answered(predictor, iter(rows), window or window_of(predictor)):
        for row in chunk:
            if not row.has_text:
                yield (
                    Prediction(row, None, None, {}, False if threshold else None, other=no_other)
                    if predictor.thresholds is None
                    else MultiLabelPrediction(row, None, {})
                )
                continue
            probabilities, truncated, other = next(answers)
            scores = {name: float(value) for name, value in zip(names, probabilities, strict=True)}
            if predictor.thresholds is not None:
                given = multi_label.decide(probabilities, predictor.thresholds)
                [labels] = multi_label.names_of_given(given[None], names)
                yield MultiLabelPrediction(row, tuple(labels), scores, truncated)
                continue
            label = names[int(decide(probabilities))]
            score = scores[label]
            abstained = score < threshold and not other
            is_labelled = not (abstained or other)
            yield Prediction(
                row,
                label if is_labelled else None,
                score,
                scores,
                abstained if threshold else None,
                truncated,
                other,
            )
        if on_progress:
            on_progress(done)


def window_of(predictor: Predictor) -> int:
    """Return the number of rows that a predictor classifies together."""
    return WINDOW * WINDOWS_PER_PART if predictor.computes_elsewhere else WINDOW


def _answered(
    predictor: Predictor, rows: Iterator[TextRow], window: int
) -> Iterator[tuple[int, list[TextRow], Iterator[Any]]]:
    """Yield windows: the number of rows up to its end, its rows, and the answers for those with a text.

    While the caller works on a window, a device other than the CPU computes the next one. Its texts are
    tokenized on another thread meanwhile.
    """
    done = 0

    def answer(chunk: list[TextRow], before: int) -> Iterator[Any]:
        texts = [row.text for row in chunk if row.has_text]
        check_rows_fit(chunk, predictor, done=before)
        if not texts:
            return iter([])
        tokenized = predictor.tokenize(texts)
        probabilities, is_other = predictor.decide(tokenized.rows)
        others = [None] * len(texts) if is_other is None else is_other.tolist()
        return zip(probabilities, tokenized.truncated.tolist(), others, strict=True)

    if not predictor.computes_elsewhere:
        while chunk := list(islice(rows, window)):
            answers = answer(chunk, done)
            done += len(chunk)
            yield done, chunk, answers
        return
    before: tuple[int, list[TextRow], Future[Iterator[Any]]] | None = None
    with ThreadPoolExecutor(1, thread_name_prefix="textune") as executor:
        while True:
            chunk, failure = list[TextRow](), None
            try:
                chunk = list(islice(rows, window))
            # What cannot be read must not cost the rows before it.
            except Exception as error:
                failure = error
            after = (done + len(chunk), chunk, executor.submit(answer, chunk, done)) if chunk else None
            if before is not None:
                yield before[0], before[1], before[2].result()
            if failure is not None:
                raise failure
            if after is None:
                return
            done, before = after[0], after


def check_rows_fit(rows: Iterable[TextRow], predictor: Predictor, *, done: int = 0) -> None:
    """Raise a `DataError` if a row is a pair and the classifier takes single texts, or the reverse.

    `done` is the number of rows before these.
    """
    for number, row in enumerate(rows, start=done + 1):
        if row.has_text and isinstance(row.text, TextPair) is not predictor.pairs:
            raise misfit(pairs=predictor.pairs, place=f"text {number}")


@dataclass
class Tally:
    """Counts predictions, those without a label, truncated texts, and those that belong to no class."""

    predictions: int = 0
    abstained: int = 0
    truncated: int = 0
    other: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """What was counted besides the predictions, by name."""
        return {"abstained": self.abstained, "truncated": self.truncated, "other": self.other}

    def count(self, predictions: Iterable[AnyPrediction]) -> Iterator[AnyPrediction]:
        """Count predictions while passing them on."""
        for prediction in predictions:
            self.predictions += 1
            self.abstained += bool(prediction.abstained)
            self.truncated += prediction.truncated
            self.other += isinstance(prediction, Prediction) and bool(prediction.other)
            yield prediction

    def report(self, predictor: Predictor, ctx: Context) -> None:
        """Say how many texts were truncated, belong to no class, and are left without a label, and why."""
        threshold = predictor.threshold
        if self.truncated:
            max_tokens, most = predictor.max_tokens, predictor.max_windows
            ctx.note(
                describe_truncation(self.truncated, self.predictions, max_tokens=max_tokens, max_windows=most)
            )
        if self.other:
            belong = "belongs" if self.other == 1 else "belong"
            ctx.note(f"{self.other:,} of {self.predictions:,} texts {belong} to none of the classes.")
        if not self.abstained:
            return
        shares = f"{self.abstained:,} of {self.predictions:,} texts are left without a label"
        if predictor.thresholds is not None:
            ctx.note(f"{shares}: no label's probability reaches its threshold.")
        elif math.isinf(threshold):
            ctx.note(
                f"{shares}: no threshold gives this run the requested precision. "
                "Set another precision with `textune evaluate RUN --min-precision SHARE`."
            )
        else:
            ctx.note(f"{shares}: no label has a probability of {threshold:.1%} or more.")
