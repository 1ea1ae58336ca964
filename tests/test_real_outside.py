"""Texts outside the classes, on real input: 10 intents of CLINC150, and questions that are none of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import textune
from textune.commands.training_job import TrainResult

INTENTS = 10

pytestmark = pytest.mark.usefixtures("few_mistakes_explained")


@pytest.fixture(scope="module")
def trained(published: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    folder = tmp_path_factory.mktemp("clinc150")
    splits = json.loads((published / "clinc150" / "data_full.json").read_text(encoding="utf-8"))
    chosen = sorted({intent for _, intent in splits["train"]})[:INTENTS]
    part = {name: [row for row in rows if row[1] in (*chosen, "oos")] for name, rows in splits.items()}
    part["oos_test"] = part["oos_test"][:300]
    (folder / "part.json").write_text(json.dumps(part), encoding="utf-8")
    return textune.train(
        "frozen",
        model="embedded:minilm",
        data=str(folder / "part.json"),
        out=folder / "run",
        settings=[
            "data.text_column=1",
            "data.label_column=2",
            "evaluate.other=oos",
            "evaluate.baselines=false",
        ],
    )


def test_questions_out_of_scope_are_recognised(trained: TrainResult) -> None:
    other = trained.document["other"]["test"]

    assert (other["inside"], other["outside"]) == (30 * INTENTS, 300)
    assert other["auroc"] > 0.95
    assert other["outside_f1"] > 0.8
    assert other["inside_accuracy"] > 0.85


def test_a_question_of_an_intent_gets_it_and_one_of_none_gets_none(trained: TrainResult) -> None:
    questions = ["wake me up at seven with an alarm please", "how tall is mount everest"]

    accepted, outside = textune.load(trained.run).predict(questions)

    assert accepted == "alarm"
    assert outside is None
