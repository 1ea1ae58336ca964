"""A run whose texts can have several labels gives the same ones with every runtime."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import pipeline

import textune
from small_data import small_rows
from textune.errors import ExportError, ModelError
from textune.model.threshold import read_label_thresholds
from textune.run.predictions import read_predictions
from textune.runtimes.choosing import load_predictor
from textune.runtimes.exports import read_export
from tiny_classifiers import EMOTIONS
from tiny_exports import EXACT, fake_export
from tiny_models import change_json

TEXTS = [text for text, _ in small_rows(70, seed=3)]


def reached(probabilities: Any, thresholds: Any) -> list[list[str]]:
    """Return the labels whose probabilities reach their thresholds, row by row."""
    return [
        [name for name, p, t in zip(EMOTIONS, row, thresholds, strict=True) if p >= t]
        for row in probabilities
    ]


@pytest.fixture(scope="module")
def by_pipeline(label_run: Path) -> Any:
    """The scores that plain transformers gives, (texts, classes)."""
    plain = pipeline("text-classification", model=str(label_run / "model"), top_k=None, device="cpu")
    scores = [{each["label"]: each["score"] for each in answer} for answer in plain(TEXTS, truncation=True)]
    return np.array([[row[name] for name in EMOTIONS] for row in scores])


@pytest.fixture(scope="module", params=["torch", *EXACT])
def predictor(label_run: Path, request: pytest.FixtureRequest) -> Any:
    return load_predictor(label_run, runtime=request.param)


def test_each_probability_is_that_of_plain_transformers(predictor: Any, by_pipeline: Any) -> None:
    probabilities = predictor.predict_proba(TEXTS)

    np.testing.assert_allclose(probabilities, by_pipeline, atol=1e-5, rtol=0)
    assert np.ptp(probabilities.sum(axis=1)) > 0.1


def test_a_text_gets_the_labels_that_reach_their_thresholds(
    predictor: Any, by_pipeline: Any, label_run: Path
) -> None:
    thresholds = read_label_thresholds(label_run / "model", EMOTIONS)

    labels = predictor.predict(TEXTS)

    assert labels == reached(by_pipeline, thresholds)
    assert {len(each) for each in labels} >= {0, 1, 2}


def test_the_labels_are_those_that_the_run_stores(predictor: Any, label_run: Path) -> None:
    stored = read_predictions(label_run / "predictions" / "test.parquet")

    assert predictor.predict(stored.texts) == reached(stored.probabilities, predictor.thresholds)


def test_an_export_alone_decides_by_the_thresholds_that_it_holds(label_run: Path, tmp_path: Path) -> None:
    place = shutil.copytree(label_run / "exports" / "onnx", tmp_path / "elsewhere")

    assert textune.load(place).predict(TEXTS) == textune.load(label_run, runtime="torch").predict(TEXTS)
    assert read_export(place).description.problem_type == "multi_label_classification"


def test_a_model_folder_alone_decides_by_the_thresholds_that_it_holds(
    label_run: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(label_run / "model", tmp_path / "model")

    assert textune.load_folder(folder).predict(TEXTS) == load_predictor(label_run, runtime="torch").predict(
        TEXTS
    )


@pytest.mark.parametrize(
    "contents", ["{", json.dumps({"thresholds": {"anger": 0.5, "joy": 2, "sadness": 0.5}})]
)
def test_thresholds_that_are_damaged_or_missing_are_reported(
    label_run: Path, tmp_path: Path, contents: str
) -> None:
    folder = shutil.copytree(label_run / "model", tmp_path / "model")
    (folder / "thresholds.json").write_text(contents)

    with pytest.raises(ModelError, match=r"thresholds\.json"):
        textune.load_folder(folder)


def test_an_export_from_before_there_were_kinds_of_label_has_one_label_per_text(tmp_path: Path) -> None:
    place = fake_export(tmp_path / "onnx")
    values = json.loads((place / "export.json").read_text(encoding="utf-8"))
    del values["problem_type"]
    (place / "export.json").write_text(json.dumps(values))

    assert not read_export(place).description.kind.is_multi_label


def test_an_export_of_an_unknown_kind_of_label_is_refused(tmp_path: Path) -> None:
    place = fake_export(tmp_path / "onnx")
    change_json(place / "export.json", problem_type="regression")

    with pytest.raises(ExportError, match="damaged"):
        read_export(place)
