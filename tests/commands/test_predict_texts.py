"""Predictions for texts in Python's memory: for every form, in the order of the texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import textune
from textune.errors import DataError
from tiny_classifiers import linear_classifier, save_run

TEXTS = ["so happy today", "i hate this", "what a sad day", "i miss you so much", "good morning"]
FORMS: dict[str, Callable[[], Any]] = {
    "list": lambda: TEXTS,
    "tuple": lambda: tuple(TEXTS),
    "pair": lambda: tuple(TEXTS[:2]),
    "array": lambda: np.array(TEXTS),
    "iterator": lambda: iter(TEXTS),
    "series": lambda: pd.Series(TEXTS, index=[9, 7, 5, 3, 1]),
    "column": lambda: datasets.Dataset.from_dict({"text": TEXTS})["text"],
    "frame": lambda: pd.DataFrame({"id": range(5), "Tweet": TEXTS}),
    "polars": lambda: pytest.importorskip("polars").DataFrame({"text": TEXTS}),
    "table": lambda: pa.table({"text": TEXTS}),
    "dataset": lambda: datasets.Dataset.from_dict({"text": TEXTS, "label": [0] * 5}),
    "dicts": lambda: [{"text": text} for text in TEXTS],
    "columns": lambda: {"text": TEXTS},
}


@pytest.fixture(scope="module")
def run(tiny_distilbert: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_run(tmp_path_factory.mktemp("runs") / "run", linear_classifier(Path(tiny_distilbert)))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gets_its_predictions_in_its_order(run: Path, form: str) -> None:
    predictions = textune.predict(run, FORMS[form]())
    texts = TEXTS[:2] if form == "pair" else TEXTS

    assert [prediction.row.text for prediction in predictions] == texts
    assert [prediction.label for prediction in predictions] == textune.load(run).predict(texts)


def test_the_other_columns_of_a_table_are_kept(run: Path) -> None:
    predictions = textune.predict(run, pd.DataFrame({"id": [7, 8], "text": TEXTS[:2]}))

    assert [prediction.row.others for prediction in predictions] == [{"id": 7}, {"id": 8}]


def test_a_column_of_texts_can_be_named(run: Path) -> None:
    frame = pd.DataFrame({"text": ["x", "y"], "reply": TEXTS[:2]})
    predictions = textune.predict(run, frame, text_column="reply")

    assert [prediction.row.text for prediction in predictions] == TEXTS[:2]


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, "", "  "])
def test_a_missing_text_has_no_label_and_keeps_its_place(run: Path, missing: Any) -> None:
    predictions = textune.predict(run, [TEXTS[0], missing, TEXTS[1]])

    assert [prediction.label is None for prediction in predictions] == [False, True, False]


@pytest.mark.parametrize("texts", [[], pd.Series([], dtype=str), pd.DataFrame({"text": []})])
def test_no_texts_have_no_predictions(run: Path, texts: Any) -> None:
    assert textune.predict(run, texts) == []


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("so happy", "str: str is not a sequence of values."),
        ([TEXTS[0], 7], r"list, row 2: '7' \(int\) is not a text."),
        (np.array([TEXTS]), "ndarray: the array has 2 dimensions instead of one."),
        (pd.DataFrame({"id": [1]}), "DataFrame has no column with a usual name for the text."),
        (datasets.DatasetDict(test=datasets.Dataset.from_dict({"text": TEXTS})), "DatasetDict has no column"),
        (["half \ud83d"], "list, row 1: 'half .* is broken"),
    ],
)
def test_what_is_not_a_sequence_of_texts_is_refused(run: Path, texts: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        textune.predict(run, texts)
