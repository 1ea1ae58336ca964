"""A packaged classifier as a model of MLflow, whose `python_function` flavor names this module.

In: what `predict` of a pyfunc model gets: a DataFrame, a series, a list or a dictionary of columns. Out: a
DataFrame with one row per text, whose columns are those of the server's `/invocations` in MLflow's form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from textune.errors import DataError
from textune.formats.text_pairs import TEXT_FIELDS, AnyText, TextPair, fields_of_texts
from textune.prediction.stream import AnyPrediction, TextRow, predict_rows
from textune.runtimes.choosing import load_predictor
from textune.runtimes.predictor import Predictor


class MlflowModel:
    """What `mlflow.pyfunc` calls."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Return a pandas DataFrame with the label, the score and every label's probability of each text."""
        import pandas as pd

        predictor = self._predictor
        rows = [TextRow(text, {}) for text in texts_of_input(model_input, pairs=predictor.pairs)]
        predictions = predict_rows(predictor, rows, threshold=predictor.threshold)
        return pd.DataFrame(map(_flat, predictions))


def _flat(prediction: AnyPrediction) -> dict[str, Any]:
    values = prediction.to_json(mark_truncated=True)
    first: dict[str, Any] = {
        name: values.pop(name) for name in ("label", "labels", "score") if name in values
    }
    scores = {f"score_{name}": score for name, score in values.pop("scores").items()}
    return {**first, **scores, **{name: value for name, value in values.items() if name not in TEXT_FIELDS}}


def texts_of_input(model_input: Any, *, pairs: bool) -> list[AnyText]:
    """Return the texts, or pairs, of what a pyfunc model gets.

    They are in the columns `text` and `text_pair`, or in the only ones.
    """
    if isinstance(model_input, str):
        model_input = [model_input]
    columns, names = _columns(model_input), fields_of_texts(pairs=pairs)
    if columns is None:
        values = list(model_input.tolist() if hasattr(model_input, "tolist") else model_input)
        rows = [each if isinstance(each, list | tuple) else [each] for each in values]
        columns = dict(enumerate(zip(*rows, strict=True))) if len({*map(len, rows)}) == 1 else {}
    if not set(names) <= columns.keys() and len(columns) == len(names):
        columns = dict(zip(names, columns.values(), strict=True))
    if missing := [name for name in names if name not in columns]:
        raise DataError(
            f"The input has no column '{missing[0]}'; it has {', '.join(map(str, columns)) or 'none'}.",
            f"Give the texts in {' and '.join(names)}.",
        )
    # Of a dictionary of lists, MLflow makes a table of one row that holds the lists.
    if all(len(columns[name]) == 1 and isinstance(columns[name][0], list) for name in names):
        columns = {name: columns[name][0] for name in names}
    sides = [[_checked(text, name) for text in columns[name]] for name in names]
    return [TextPair(*row) for row in zip(*sides, strict=True)] if pairs else list(sides[0])


def _checked(text: Any, column: str) -> str:
    """Return a text; one that is missing, as None or NaN, is empty and gets no label."""
    if text is None or text != text:
        return ""
    if not isinstance(text, str):
        raise DataError(
            f"The column '{column}' holds {text!r}, which is not a text but {type(text).__name__}.",
            "Give strings.",
        )
    return text


def _columns(model_input: Any) -> dict[Any, Sequence[Any]] | None:
    """Return the columns of a table by name; None: it is not a table."""
    if isinstance(model_input, Mapping):
        return {name: [each] if isinstance(each, str) else list(each) for name, each in model_input.items()}
    if hasattr(model_input, "columns"):
        return {name: model_input[name].tolist() for name in model_input.columns}
    rows = model_input if isinstance(model_input, list) else []
    if rows and all(isinstance(each, Mapping) for each in rows):
        return {name: [each.get(name) for each in rows] for name in rows[0]}
    return None


def _load_pyfunc(path: str) -> MlflowModel:
    """Return the model whose data are in this folder; `mlflow.pyfunc.load_model` calls it."""
    return MlflowModel(load_predictor(Path(path)))
