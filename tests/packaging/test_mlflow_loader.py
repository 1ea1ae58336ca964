"""What MLflow loads: any of the inputs that a pyfunc model gets, and the run's own probabilities."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import textune
from packaged_runs import ONLY_REQUIRED, packaged
from stand_in_predictor import StandIn
from textune.errors import DataError
from textune.formats.text_pairs import TextPair
from textune.packaging.mlflow_loader import MlflowModel, _load_pyfunc, texts_of_input

TEXTS = ["so happy", "sad"]
LOADED = f"""{ONLY_REQUIRED}
import json

sys.path.insert(0, f"{{folder}}/code")
from importlib import import_module

description = json.load(open(f"{{folder}}/MLmodel"))["flavors"]["python_function"]
model = import_module(description["loader_module"])._load_pyfunc(f"{{folder}}/{{description['data']}}")
print(json.dumps(model.predict(["so happy"]).to_dict(orient="records")))
"""


@pytest.mark.parametrize(
    "given",
    [
        TEXTS,
        [[text] for text in TEXTS],
        np.array(TEXTS, dtype=object),
        pd.Series(TEXTS),
        pd.DataFrame({"text": TEXTS}),
        pd.DataFrame({"anything": TEXTS}),
        pd.DataFrame({"id": [1, 2], "text": TEXTS}),
        {"text": TEXTS},
        {"text": np.array(TEXTS)},
        [{"text": text} for text in TEXTS],
        pd.DataFrame({"text": [TEXTS]}),
    ],
    ids=lambda given: type(given).__name__,
)
def test_texts_come_in_any_form_that_mlflow_gives(given: Any) -> None:
    assert texts_of_input(given, pairs=False) == TEXTS


def test_a_single_text_is_a_text() -> None:
    assert texts_of_input("so happy", pairs=False) == ["so happy"]


@pytest.mark.parametrize(
    "given",
    [
        [["a", "b"]],
        pd.DataFrame({"text": ["a"], "text_pair": ["b"]}),
        pd.DataFrame({"text_pair": ["b"], "text": ["a"]}),
        pd.DataFrame({"x": ["a"], "y": ["b"]}),
        [{"text_pair": "b", "text": "a"}],
    ],
    ids=lambda given: type(given).__name__,
)
def test_pairs_come_in_two_columns(given: Any) -> None:
    assert texts_of_input(given, pairs=True) == [TextPair("a", "b")]


def test_a_column_that_is_missing_is_named() -> None:
    with pytest.raises(DataError, match=r"has no column 'text'; it has a, b\."):
        texts_of_input(pd.DataFrame({"a": [1], "b": [2]}), pairs=False)


@pytest.mark.parametrize("given", [[1, 2], pd.DataFrame({"text": [["a"], ["b"]]})], ids=["numbers", "lists"])
def test_what_is_not_a_text_is_refused(given: Any) -> None:
    with pytest.raises(DataError, match="which is not a text but"):
        texts_of_input(given, pairs=False)


@pytest.mark.parametrize("given", [[["a", "b"], ["c"]], [["a", "b"]], []], ids=["ragged", "pairs", "nothing"])
def test_rows_of_another_shape_are_refused(given: Any) -> None:
    with pytest.raises(DataError, match="has no column 'text'"):
        texts_of_input(given, pairs=False)


def predicted(*texts: str | None, **options: Any) -> pd.DataFrame:
    predictor: Any = StandIn(**options)
    table: pd.DataFrame = MlflowModel(predictor).predict(list(texts))
    return table


def test_a_table_has_a_label_its_score_and_every_score() -> None:
    table = predicted("hhha", "aaa")

    assert list(table.columns) == ["label", "score", "score_joy", "score_sadness", "truncated"]
    assert table["label"].tolist() == ["joy", "sadness"]
    assert table["score"].tolist() == [0.75, 1.0]


def test_a_text_with_several_labels_has_a_list_of_them() -> None:
    table = predicted("hhha", "ha", thresholds=(0.5, 0.5))

    assert table["labels"].tolist() == [["joy"], ["joy", "sadness"]]


def test_a_missing_text_and_an_empty_one_have_no_label() -> None:
    table = predicted("hhha", None, " ", float("nan"))  # type: ignore[arg-type]

    assert table["label"].isna().tolist() == [False, True, True, True]


def test_its_probabilities_are_the_runs_own(exported_run: Path) -> None:
    predictor = textune.load(exported_run, runtime="torch")

    table = _load_pyfunc(str(exported_run / "exports" / "onnx")).predict(pd.DataFrame({"text": TEXTS}))

    scores = table[[f"score_{name}" for name in predictor.label_names]].to_numpy()
    np.testing.assert_allclose(scores, predictor.predict_proba(TEXTS), atol=1e-4, rtol=0)


def test_it_loads_from_its_folder_alone_with_nothing_but_what_it_lists(
    exported_run: Path, tmp_path: Path
) -> None:
    package = packaged(exported_run, tmp_path / "mlflow", "mlflow")
    # MLflow brings pandas.
    brought = "pandas,python-dateutil,six,pytz,tzdata"
    command = [sys.executable, "-c", LOADED, str(package), brought]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stderr
    [record] = json.loads(result.stdout)
    expected = textune.load(exported_run, runtime="torch").predict_proba(["so happy"])[0]
    assert record["score"] == pytest.approx(expected.max(), abs=1e-4)
