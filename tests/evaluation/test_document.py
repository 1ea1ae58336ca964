"""metrics.json as a type: it comes back as it was written, and older ones are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from made_results import made_results
from textune.evaluation.abstention import Answers
from textune.evaluation.document import AbstentionEffect, MetricsDocument, better_baseline


@pytest.fixture
def values() -> dict[str, Any]:
    verdict = {"baseline": "majority_class", "outcome": "better", "sentence": "Fine-tuning paid."}
    checks = [{"id": "D003", "severity": "info", "title": "twice", "count": 2}]
    return made_results(document={"verdict": verdict, "data_checks": checks}).document.to_json()


def test_a_document_comes_back_from_json_with_the_same_keys_in_the_same_order(
    values: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "metrics.json"
    file.write_text(json.dumps(values))

    assert json.dumps(MetricsDocument.read(file).to_json()) == json.dumps(values)


def test_a_document_that_lacks_what_came_later_is_read(values: dict[str, Any]) -> None:
    for key in ("verdict", "data_checks", "training", "baselines"):
        del values[key]
    del values["metrics"]["test"]["expected_calibration_error_ci95"]

    document = MetricsDocument.model_validate(values)

    assert (document.verdict, document.baselines, document.data_checks) == (None, {}, ())
    assert document.temperature == 1.0
    assert document.to_json() == values


def test_keys_that_are_not_known_are_kept(values: dict[str, Any]) -> None:
    values["later"] = {"of": [1, 2]}
    values["verdict"]["new"] = 1

    assert MetricsDocument.model_validate(values).to_json() == values


def test_checks_that_stand_under_findings_are_read(values: dict[str, Any]) -> None:
    values["data_checks"] = {"findings": values["data_checks"]}

    assert [check.id for check in MetricsDocument.model_validate(values).data_checks] == ["D003"]


@pytest.mark.parametrize("missing", ["recipe", "metrics", "seconds"])
def test_a_document_without_what_all_else_rests_on_is_refused(values: dict[str, Any], missing: str) -> None:
    del values[missing]

    with pytest.raises(ValueError, match=missing):
        MetricsDocument.model_validate(values)


def test_an_abstention_is_added_replaced_and_taken_away(values: dict[str, Any]) -> None:
    document = MetricsDocument.model_validate(values)
    answers = Answers(examples=10, answered=5, coverage=0.5, precision=None, precision_ci95=None)
    effect = AbstentionEffect(min_precision=0.9, threshold=None, test=answers)

    changed = document.with_abstention(effect)

    assert changed.to_json()["abstention"] == {
        "min_precision": 0.9,
        "threshold": None,
        "test": {"examples": 10, "answered": 5, "coverage": 0.5, "precision": None, "precision_ci95": None},
    }
    assert changed.with_abstention(None).to_json() == values


def test_the_better_baseline_has_the_higher_macro_f1_and_of_equals_the_lower_log_loss(
    values: dict[str, Any],
) -> None:
    first, second = values["baselines"]["majority_class"], values["baselines"]["tfidf_logistic_regression"]
    assert first == second
    second["log_loss"] -= 0.1

    assert better_baseline(MetricsDocument.model_validate(values).baselines) == "tfidf_logistic_regression"
    first["macro_f1"] += 0.1
    assert better_baseline(MetricsDocument.model_validate(values).baselines) == "majority_class"
