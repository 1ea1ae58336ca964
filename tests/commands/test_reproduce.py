"""The case study reproduced with a tiny encoder, on torch."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from observers import Notes
from textune.commands import reproduce as reproducing
from textune.context import Context
from textune.encoder.embedded import EMBEDDED_MODELS
from textune.errors import HubError, MissingExtraError, ModelError, RecipeError, RequestError, RunError
from textune.evaluation.document import MetricsDocument
from textune.recipe.recipes import load_recipe
from textune.study import differences as study
from textune.study.reproduction import choose_model

CACHED = "models--distilbert--distilbert-base-uncased"
FAST = ("evaluate.bootstrap_samples=100", "evaluate.baselines=false", "train.num_train_epochs=3")


@pytest.fixture
def without_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reproducing, "has_keras", lambda: False)


@pytest.fixture(scope="module")
def reproduced(
    tiny_distilbert: str, small_csv: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("reproduced")
    return reproducing.reproduce(
        "torch",
        model=tiny_distilbert,
        data=small_csv,
        out=folder / "runs",
        settings=FAST,
        curves=folder / "curves.svg",
    )


def of_the_study(
    accuracy: float, interval: tuple[float, float], *, precision: str = "fp32"
) -> MetricsDocument:
    """Return a document with a run's test metrics on the study's data."""
    zero = {"precision": 0, "recall": 0, "f1": 0, "support": 0}
    classes = dict.fromkeys(("anger", "joy", "optimism", "sadness"), zero)
    test = {
        "examples": 1421,
        "per_class": classes,
        "accuracy": accuracy,
        "accuracy_ci95": list(interval),
        "log_loss": 0.8,
        "log_loss_ci95": [0.75, 0.85],
        "confusion": [],
    }
    training = {"best_epoch": 9, "precision": precision}
    return MetricsDocument(
        run="",
        recipe="paper",
        model=study.MODEL,
        source=study.DATA,
        metrics={"test": test},
        training=training,
        seconds={},
    )


def test_the_runs_are_complete_and_their_metrics_are_in_the_document(reproduced: dict[str, Any]) -> None:
    run = reproduced["engines"]["torch"]
    written = json.loads((Path(run["run"]) / "metrics.json").read_text(encoding="utf-8"))

    assert written == {name: value for name, value in run.items() if name != "history"}
    assert [entry["epoch"] for entry in run["history"]] == [1, 2, 3]
    assert {"metrics", "filtered"} <= run.keys()


def test_the_studys_results_stand_at_their_epochs(reproduced: dict[str, Any]) -> None:
    by_epoch = {entry["epoch"]: entry for entry in reproduced["study"]["history"]}

    assert by_epoch[1]["train_accuracy"] == 0.6088
    assert by_epoch[12]["validation_accuracy"] == 0.6898
    assert by_epoch[13]["validation_log_loss"] == 0.7870
    assert by_epoch[3]["train_accuracy"] == 0.7654


def test_another_model_and_other_data_are_reported(reproduced: dict[str, Any]) -> None:
    assert (reproduced["same_model"], reproduced["same_data"]) == (False, False)
    assert "This is not the study's data" in reproduced["verdicts"][0]
    assert "DistilBERT with 66 million weights" in reproduced["differences"][0]


@pytest.mark.parametrize(
    "subject",
    [
        "Batch size: not stated; 32",
        "Learning rate",
        "Epochs: at least 13; 3",
        "Dropout in the head",
        "Seed",
        "Filter",
    ],
)
def test_what_the_study_leaves_open_is_reported_with_what_was_chosen(
    subject: str, reproduced: dict[str, Any]
) -> None:
    assert [sentence for sentence in reproduced["differences"] if sentence.startswith(subject)]


def test_the_curves_are_drawn(reproduced: dict[str, Any]) -> None:
    picture = Path(reproduced["engines"]["torch"]["run"]).parent.parent / "curves.svg"

    assert "torch, validation" in picture.read_text(encoding="utf-8")


def test_the_picture_names_no_folder_of_this_computer(reproduced: dict[str, Any], small_csv: str) -> None:
    picture = Path(reproduced["engines"]["torch"]["run"]).parent.parent / "curves.svg"

    assert f" on {Path(small_csv).name}</title>" in picture.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("accuracy", "interval", "said"),
    [
        (
            0.70,
            (0.67, 0.72),
            "2.77 points below the study's, which lies outside our 95 % interval (67.00 to 72.00",
        ),
        (0.74, (0.71, 0.77), "1.23 points above the study's, which lies inside"),
    ],
)
def test_the_verdict_says_whether_the_studys_accuracy_lies_in_our_interval(
    accuracy: float, interval: tuple[float, float], said: str
) -> None:
    assert said in study.verdicts({"torch": of_the_study(accuracy, interval)})[0]


def test_the_verdict_says_whether_the_studys_log_loss_lies_in_our_interval() -> None:
    verdict = study.verdicts({"torch": of_the_study(0.70, (0.67, 0.72))})[0]

    assert "log loss is 0.0976 above the study's, which lies outside ours (0.7500 to 0.8500)" in verdict


def test_what_does_not_compute_in_fp32_is_reported_as_a_difference() -> None:
    runs = {
        "torch": of_the_study(0.70, (0.6, 0.8), precision="bf16"),
        "keras": of_the_study(0.71, (0.6, 0.8)),
    }

    sentences = study.differences(load_recipe("paper"), runs)

    assert "Arithmetic of the frozen encoder: not stated; bf16 on torch, fp32 on keras." in sentences


def test_without_the_filter_no_sentence_claims_it() -> None:
    runs = {"torch": of_the_study(0.70, (0.6, 0.8))}

    sentences = study.differences(load_recipe("paper", settings=["prepare.max_words=0"]), runs)

    assert "Filter: rows of at most 36 words in the study; all rows here." in sentences


@pytest.mark.parametrize("folder", ["distilbert-base-uncased", f"{CACHED}/snapshots/0a1b"])
def test_the_studys_model_is_known_by_its_folder(folder: str, tmp_path: Path) -> None:
    (tmp_path / folder).mkdir(parents=True)

    assert study.is_the_studys_model(str(tmp_path / folder))


@pytest.mark.parametrize("name", ["distilbert/distilbert-base-uncased", "distilbert-base-uncased"])
def test_the_studys_model_is_known_by_its_names_on_the_hub(name: str) -> None:
    assert study.is_the_studys_model(name)


@pytest.mark.parametrize("name", ["someone/distilbert-base-uncased", "distilbert/distilbert-base-cased"])
def test_a_model_with_a_like_name_is_not_the_studys(name: str) -> None:
    assert not study.is_the_studys_model(name)


def test_two_engines_are_compared_with_each_other() -> None:
    runs = {"torch": of_the_study(0.70, (0.6, 0.8)), "keras": of_the_study(0.71, (0.6, 0.8))}

    assert "torch and keras differ by 1.00 points" in study.verdicts(runs)[-1]


def test_dropout_in_the_encoder_is_reported_for_each_way_of_training() -> None:
    runs = {"torch": of_the_study(0.70, (0.6, 0.8)), "keras": of_the_study(0.71, (0.6, 0.8))}

    sentences = study.differences(load_recipe("paper", settings=["train.keras_input=features"]), runs)

    sentence = next(line for line in sentences if line.startswith("Dropout in the frozen encoder"))
    assert "on in the study; off on torch" in sentence
    assert "off in Keras, which learns from the encoder's cached output" in sentence


@pytest.fixture
def without_the_studys_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(*_: Any, **__: Any) -> None:
        raise HubError("The Hub cannot be reached.")

    monkeypatch.setattr("textune.study.reproduction.find_model", find)


@pytest.mark.parametrize(
    ("installed", "engine", "expected", "size"),
    [
        (["embedded:minilm"], "both", "embedded:minilm", "smaller"),
        (["embedded:mpnet"], "both", "embedded:mpnet", "larger"),
        (["embedded:minilm", "embedded:mpnet"], "both", "embedded:mpnet", "larger"),
        (["embedded:minilm", "embedded:mpnet"], "torch", "embedded:mpnet", "larger"),
        (["embedded:minilm", "embedded:mpnet"], "keras", "embedded:minilm", "smaller"),
    ],
)
def test_without_the_studys_model_the_largest_usable_embedded_one_takes_its_place_and_that_is_reported(
    installed: list[str],
    engine: str,
    expected: str,
    size: str,
    without_the_studys_model: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    models = [EMBEDDED_MODELS[name] for name in installed]
    monkeypatch.setattr("textune.study.reproduction.installed_models", lambda: models)
    notes = Notes()

    chosen = choose_model(load_recipe("paper"), Context(notes, offline=True), engine=engine)

    assert chosen == expected
    assert f"{expected}, a {size} one, takes its place" in notes.notes[0]


def test_the_studys_model_is_taken_where_it_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textune.study.reproduction.find_model", lambda name, **_: name)

    chosen = choose_model(load_recipe("paper"), Context(Notes()))

    assert chosen == "distilbert/distilbert-base-uncased"


@pytest.mark.parametrize(("installed", "engine"), [([], "torch"), (["embedded:mpnet"], "keras")])
def test_without_any_usable_model_the_hubs_error_is_reported(
    installed: list[str], engine: str, without_the_studys_model: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = [EMBEDDED_MODELS[name] for name in installed]
    monkeypatch.setattr("textune.study.reproduction.installed_models", lambda: models)

    with pytest.raises(HubError, match="cannot be reached"):
        choose_model(load_recipe("paper"), Context(Notes(), offline=True), engine=engine)


@pytest.fixture
def with_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reproducing, "has_keras", lambda: True)
    monkeypatch.setattr(reproducing, "check_extras", lambda recipe: None)


def test_both_engines_are_torch_alone_for_a_model_that_keras_does_not_know(
    with_keras: None, tiny_models: Callable[[str], Path], small_csv: str, tmp_path: Path
) -> None:
    notes, model = Notes(), str(tiny_models("electra"))

    document = reproducing.reproduce(
        "both", model=model, data=small_csv, out=tmp_path / "runs", settings=FAST, observer=notes
    )

    assert list(document["engines"]) == ["torch"]
    assert any(note.startswith("Keras is skipped. The Keras engine supports BERT") for note in notes.notes)


def test_keras_alone_is_refused_for_a_model_that_it_does_not_know(
    with_keras: None, tiny_models: Callable[[str], Path], tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="is of the type 'electra'"):
        reproducing.reproduce("keras", model=str(tiny_models("electra")), out=tmp_path / "runs")


def test_both_engines_are_torch_alone_where_keras_is_not_installed(without_keras: None) -> None:
    notes = Notes()

    engines = reproducing._available("both", Context(notes))

    assert engines == ["torch"]
    assert "pip install 'textune[tensorflow]'" in notes.notes[0]


def test_keras_that_is_not_installed_is_refused_before_anything_is_loaded(
    without_keras: None, tmp_path: Path
) -> None:
    with pytest.raises(MissingExtraError, match="needs the extra 'tensorflow'"):
        reproducing.reproduce("keras", model="nowhere", out=tmp_path / "runs")

    assert list(tmp_path.iterdir()) == []


def test_what_keras_cannot_carry_out_is_refused_before_torch_trains(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(reproducing, "has_keras", lambda: True)

    with pytest.raises(RecipeError, match="train.warmup_steps = 0"):
        reproducing.reproduce("both", out=tmp_path / "runs", settings=["train.warmup_steps=5"])

    assert list(tmp_path.iterdir()) == []


def test_a_model_that_is_set_as_a_setting_is_the_model(
    tiny_distilbert: str, small_csv: str, tmp_path: Path
) -> None:
    named = f"model.name={json.dumps(tiny_distilbert)}"

    document = reproducing.reproduce(
        "torch", data=small_csv, out=tmp_path / "runs", settings=[*FAST, named], offline=True
    )

    assert document["model"] == tiny_distilbert


def test_a_folder_that_is_taken_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "file").touch()

    with pytest.raises(RunError, match="already exists"):
        reproducing.reproduce("torch", model="nowhere", out=tmp_path)


@pytest.mark.parametrize("name", ["curves.gif", "nowhere/curves.svg"])
def test_curves_that_cannot_be_drawn_are_refused_before_anything_is_loaded(name: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="cannot be written"):
        reproducing.reproduce("torch", model="nowhere", out=tmp_path / "runs", curves=tmp_path / name)


def test_a_wrong_setting_is_reported(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="Did you mean train.seed"):
        reproducing.reproduce("torch", out=tmp_path / "runs", settings=["train.sed=1"])
