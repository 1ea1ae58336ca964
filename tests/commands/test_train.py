"""Training from a table to a run folder, with a tiny encoder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pyarrow import parquet

import textune
from small_data import small_rows
from textune.commands.training_job import TrainResult
from textune.encoder import loading
from textune.errors import DataError, RecipeError, RunError, StorageError, VerificationError
from textune.model import verification
from textune.model.heads import LinearHead
from textune.run.layout import open_run, read_manifest
from tiny_models import ARCHITECTURES, build_tiny_model

FAST = ("evaluate.bootstrap_samples=100",)


@pytest.fixture(scope="module")
def model(tiny_distilbert: str) -> str:
    return tiny_distilbert


@pytest.fixture(scope="module")
def data(small_csv: str) -> str:
    return small_csv


@pytest.fixture(scope="module")
def frozen(model: str, data: str, tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    out = tmp_path_factory.mktemp("runs") / "frozen"
    return textune.train("frozen", model=model, data=data, out=out, settings=FAST)


@pytest.fixture(scope="module")
def paper(model: str, data: str, tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    out = tmp_path_factory.mktemp("runs") / "paper"
    settings = [*FAST, "train.learning_rate=0.02", "prepare.max_words=7"]
    return textune.train("paper", model=model, data=data, out=out, settings=settings)


@pytest.fixture(params=["frozen", "paper"])
def result(request: pytest.FixtureRequest) -> TrainResult:
    finished: TrainResult = request.getfixturevalue(request.param)
    return finished


def test_a_tiny_encoder_beats_the_majority_class(frozen: TrainResult) -> None:
    majority = frozen.document["baselines"]["majority_class"]["accuracy"]

    assert frozen.document["metrics"]["test"]["accuracy"] > majority + 0.3


def test_the_document_holds_what_the_design_says(result: TrainResult) -> None:
    assert {"run", "recipe", "model", "source", "metrics", "seconds"} <= result.document.keys()
    assert list(result.document["metrics"]) == ["train", "validation", "test"]
    assert {"load", "prepare", "features", "train", "evaluate", "total"} <= result.document["seconds"].keys()


def test_the_run_keeps_the_document_and_the_learning_curve(result: TrainResult) -> None:
    run = open_run(result.run)
    lines = run.history.read_text(encoding="utf-8").splitlines()

    assert json.loads(run.metrics.read_text(encoding="utf-8")) == result.document
    assert [json.loads(line) for line in lines] == result.history


def test_the_learning_curve_has_both_splits_at_every_epoch(paper: TrainResult) -> None:
    assert [entry["epoch"] for entry in paper.history] == list(range(1, 16))
    metrics = {"train_accuracy", "train_log_loss", "validation_accuracy", "validation_log_loss"}
    assert all(metrics <= entry.keys() for entry in paper.history)


def test_the_resolved_recipe_trains_the_same_again(frozen: TrainResult, tmp_path: Path) -> None:
    again = textune.train(str(open_run(frozen.run).recipe), out=tmp_path / "again")

    assert again.document["metrics"] == frozen.document["metrics"]


@pytest.mark.parametrize("recipe", ["frozen", "paper"])
def test_the_same_seed_gives_the_same_bits(recipe: str, model: str, data: str, tmp_path: Path) -> None:
    runs = [
        textune.train(recipe, model=model, data=data, out=tmp_path / name, settings=FAST) for name in "ab"
    ]

    first, second = (read_manifest(open_run(run.run))["files"] for run in runs)
    # These two tell how long it took.
    same = [name for name in first if name not in {"metrics.json", "report.html"}]
    assert {name: first[name] for name in same} == {name: second[name] for name in same}
    assert runs[0].document["metrics"] == runs[1].document["metrics"]


def test_the_loaded_classifier_gives_the_predictions_of_the_run(result: TrainResult) -> None:
    table = parquet.read_table(open_run(result.run).predictions / "test.parquet").to_pylist()

    probabilities = textune.load(result.run).predict_proba([row["text"] for row in table])

    expected = np.array([list(row["scores"].values()) for row in table])
    np.testing.assert_allclose(probabilities, expected, atol=0.05)


def test_predictions_name_every_row_of_the_split(frozen: TrainResult) -> None:
    table = parquet.read_table(open_run(frozen.run).predictions / "test.parquet").to_pylist()

    assert [row["row"] for row in table] == list(range(frozen.document["metrics"]["test"]["examples"]))
    assert {row["text"]: row["label"] for row in table}.items() <= dict(small_rows(150)).items()
    assert all(row["score"] == row["scores"][row["predicted"]] for row in table)


def test_a_run_with_a_stock_head_loads_in_plain_transformers(paper: TrainResult) -> None:
    from transformers import pipeline

    classify = pipeline("text-classification", model=str(paper.run / "model"), top_k=None, device="cpu")
    answer = classify(["so happy and great fun"])[0]

    assert answer[0]["label"] == textune.load(paper.run).predict(["so happy and great fun"])[0]
    assert {entry["label"] for entry in answer} == {"anger", "joy", "sadness"}


def test_plain_transformers_finds_no_model_where_the_head_is_not_stock(frozen: TrainResult) -> None:
    from transformers import AutoModelForSequenceClassification

    with pytest.raises((OSError, ValueError)):
        AutoModelForSequenceClassification.from_pretrained(frozen.run / "model")


def test_rows_of_too_many_words_are_left_out_of_training_and_measured_separately_in_test(
    paper: TrainResult,
) -> None:
    dropped, metrics = paper.document["training"]["dropped"], paper.document["metrics"]

    assert sum(dropped.values()) == 15
    assert (
        sum(metrics[split]["examples"] for split in metrics) == 150 - dropped["train"] - dropped["validation"]
    )
    assert paper.document["filtered"]["test"]["examples"] == metrics["test"]["examples"] - dropped["test"]


def test_the_manifest_says_how_the_saved_model_compared(paper: TrainResult) -> None:
    report = read_manifest(open_run(paper.run))["verification"]

    assert report["largest_difference_to_pipeline"] < 1e-5
    assert report["largest_difference"] < 0.1


def test_an_output_folder_that_exists_is_refused_before_anything_is_loaded(data: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(RunError, match="already exists"):
        textune.train("frozen", model="nowhere", data=data, out=tmp_path)


def test_no_data_is_reported(model: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="There is no data to load"):
        textune.train("frozen", model=model, out=tmp_path / "run")


def test_a_length_beyond_the_models_limit_is_reported(model: str, data: str, tmp_path: Path) -> None:
    settings = ["prepare.max_length=100000"]

    with pytest.raises(RecipeError, match=r"100000 is more than the model's \d+ tokens"):
        textune.train("frozen", model=model, data=data, out=tmp_path / "run", settings=settings)


@pytest.mark.parametrize("length", [1, 2])
def test_a_length_without_room_for_text_is_reported(
    length: int, model: str, data: str, tmp_path: Path
) -> None:
    settings = [f"prepare.max_length={length}"]

    with pytest.raises(RecipeError, match="leaves no room for text"):
        textune.train("frozen", model=model, data=data, out=tmp_path / "run", settings=settings)


def test_a_filter_that_takes_a_whole_class_is_reported(model: str, tmp_path: Path) -> None:
    rows = [f"{text} {'more ' * 20 if label == 'joy' else ''},{label}" for text, label in small_rows(60)]
    (tmp_path / "texts.csv").write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")

    with pytest.raises(DataError, match="No text of joy in train has 12 words or fewer"):
        textune.train(
            "frozen",
            model=model,
            data=str(tmp_path / "texts.csv"),
            out=tmp_path / "run",
            settings=["prepare.max_words=12"],
        )


def test_layers_that_the_model_does_not_have_are_reported(model: str, data: str, tmp_path: Path) -> None:
    settings = ["model.layers=[9]"]

    with pytest.raises(RecipeError, match=r"names none of the model's 2 layers"):
        textune.train("frozen", model=model, data=data, out=tmp_path / "run", settings=settings)


def test_a_saved_model_that_differs_fails_and_leaves_no_run(
    model: str, data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from textune.model import storage

    original = storage._load_linear_head

    def tampered(path: Path, classes: int) -> LinearHead:
        head = original(path, classes)
        with torch.no_grad():
            head.output.bias[0] += 1e-3
        return head

    monkeypatch.setattr(storage, "_load_linear_head", tampered)

    with pytest.raises(VerificationError, match="differs from the trained one in 1 tensors of its head"):
        textune.train("frozen", model=model, data=data, out=tmp_path / "run", settings=FAST)
    assert list(tmp_path.iterdir()) == []


def test_probabilities_that_differ_fail(
    monkeypatch: pytest.MonkeyPatch, model: str, data: str, tmp_path: Path
) -> None:
    monkeypatch.setattr(verification, "_TOLERANCE", {"fp32": -1.0, "bf16": -1.0})

    with pytest.raises(VerificationError, match="differ from the probabilities behind the metrics"):
        textune.train("frozen", model=model, data=data, out=tmp_path / "run", settings=FAST)


def test_a_disk_that_fills_up_while_saving_is_reported_and_leaves_no_run(
    model: str, data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("textune.model.storage.save_classifier", full)

    with pytest.raises(StorageError, match="disk is full"):
        textune.train("frozen", model=model, data=data, out=tmp_path / "run", settings=FAST)
    assert list(tmp_path.iterdir()) == []


def test_any_function_of_the_epoch_is_a_schedule(model: str, data: str, tmp_path: Path) -> None:
    result = textune.train(
        "paper",
        model=model,
        data=data,
        out=tmp_path / "run",
        settings=[*FAST, "train.num_train_epochs=3"],
        learning_rate_factor=lambda epoch: 1 / (1 + epoch),
    )

    assert [entry["learning_rate"] for entry in result.history] == pytest.approx([1e-3, 5e-4, 1e-3 / 3])


def test_without_an_output_folder_the_run_gets_a_name_of_its_own(
    model: str, data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    result = textune.train("frozen", model=model, data=data, settings=FAST)

    assert result.run.parent == Path("runs")
    assert result.run.name.startswith("frozen-")


@pytest.mark.parametrize("recipe", ["frozen", "paper"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_trains_saves_and_verifies_with_every_recipe(
    architecture: str, recipe: str, data: str, tmp_path: Path
) -> None:
    build_tiny_model(tmp_path / "model", architecture)
    settings = [*FAST, "evaluate.baselines=false"]

    result = textune.train(
        recipe, model=str(tmp_path / "model"), data=data, out=tmp_path / "run", settings=settings
    )

    assert open_run(result.run).path == tmp_path / "run"
    assert textune.load(result.run).predict_proba(["so happy"]).sum() == pytest.approx(1.0)


@pytest.mark.parametrize(("recipe", "loads"), [("frozen", 2), ("paper", 2)])
def test_a_training_loads_the_pretrained_model_once_and_the_saved_one_once(
    recipe: str, loads: int, model: str, data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders: list[Path] = []
    load = loading.load_strictly

    def counted(auto_class: Any, folder: Path, **options: Any) -> Any:
        folders.append(folder)
        return load(auto_class, folder, **options)

    monkeypatch.setattr(loading, "load_strictly", counted)
    textune.train(recipe, model=model, data=data, out=tmp_path / "run", settings=FAST)

    assert len(folders) == len(set(folders)) == loads


def test_a_head_that_learns_from_validation_rows_is_measured_on_those_that_it_left_out(
    model: str, data: str, tmp_path: Path
) -> None:
    settings = [*FAST, "train.weight_decay=0.001", "train.early_stopping_patience=0"]
    settings += ["train.load_best_model_at_end=false", "train.calibrate=false"]
    rows = small_rows(150)
    texts, labels = [text for text, _ in rows], [label for _, label in rows]
    # Labels at random: whoever learned these rows would know them.
    splits = {"train": (texts[:90], labels[:90]), "test": (texts[120:], labels[120:])}
    splits["validation"] = (texts[90:120], [*labels[97:120], *labels[90:97]])

    result = textune.train(
        "frozen",
        model=model,
        data=splits,
        out=tmp_path / "run",
        settings=[*settings, "train.use_validation=true"],
    )

    assert result.document["metrics"]["validation"]["accuracy"] < 0.6
    assert {entry["member"] for entry in result.history} == {1, 2, 3, 4, 5}
