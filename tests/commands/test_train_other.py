"""A training with texts outside its classes, from the setting to the same answer of every runtime."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

import textune
from observers import Notes, Silence
from output_files import read
from outside_data import halve_run, outside_texts, rows_with_outside, write_outside_csv
from serving_stand_in import running
from small_data import small_rows
from textune.commands.predict import predict
from textune.commands.training_job import TrainResult
from textune.data.dataset import SPLITS
from textune.errors import DataError, ModelError, RecipeError, RunError, StoppedError
from textune.formats.text_pairs import TextPair
from textune.model.outside_threshold import read_outside_threshold
from textune.run.layout import open_run

FAST = ("evaluate.bootstrap_samples=100", "evaluate.baselines=false")
OTHER = (*FAST, "evaluate.other=oos")
NEW_TEXTS = [*(text for text, _ in small_rows(12, seed=9)), *outside_texts(12, start=500)]

Train = Callable[..., TrainResult]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_outside_csv(tmp_path_factory.mktemp("data") / "texts.csv"))


@pytest.fixture(scope="module")
def train(tiny_distilbert: str, source: str, tmp_path_factory: pytest.TempPathFactory) -> Train:
    """Train on some data, by default those with outside rows."""

    def carry_out(*settings: str, data: Any = source, recipe: str = "frozen", out: Any = None) -> TrainResult:
        folder = out or tmp_path_factory.mktemp("runs") / "run"
        return textune.train(recipe, model=tiny_distilbert, data=data, out=folder, settings=settings)

    return carry_out


@pytest.fixture(scope="module")
def trained(train: Train) -> TrainResult:
    return train(*OTHER)


@pytest.fixture(scope="module")
def halved(trained: TrainResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run, with a threshold below which half of the new texts are, whatever it has learned."""
    return halve_run(shutil.copytree(trained.run, tmp_path_factory.mktemp("halved") / "run"), NEW_TEXTS)


@pytest.fixture(scope="module")
def exported(halved: Path) -> Path:
    textune.export(halved, runtime="onnx")
    textune.export(halved, runtime="openvino")
    return halved


def answers_of(run: Path, *, runtime: str = "", texts: Sequence[str] = NEW_TEXTS) -> list[Any]:
    return textune.load(run, runtime=runtime).predict(list(texts))


def test_the_classes_are_trained_as_if_the_other_rows_were_not_there(
    trained: TrainResult, train: Train
) -> None:
    plain = train(*FAST, data=small_rows(150))

    runs = [open_run(result.run) for result in (trained, plain)]
    assert trained.document["metrics"] == plain.document["metrics"]
    tables = [
        [parquet.read_table(run.predictions / f"{split}.parquet")["scores"] for split in SPLITS]
        for run in runs
    ]
    assert tables[0] == tables[1]


def test_a_training_without_the_setting_says_nothing_of_it(train: Train) -> None:
    plain = train(*FAST, data=small_rows(60))

    run = open_run(plain.run)
    assert "other" not in plain.document
    assert not (run.model / "other.json").exists()
    assert not (run.predictions / "other.parquet").exists()


def test_the_metrics_say_how_the_texts_are_told_apart(trained: TrainResult) -> None:
    other = trained.document["other"]

    assert other["label"] == "oos"
    assert other["cross_fitted_f1"].keys() == {"max_logit", "energy", "max_probability"}
    assert other["chosen_on"] == {"inside": 15, "outside": 48}
    assert (other["test"]["inside"], other["test"]["outside"]) == (30, 12)


def test_the_plain_accuracy_does_not_count_the_second_threshold(trained: TrainResult) -> None:
    document = trained.document

    assert document["other"]["test"]["inside_accuracy"] <= document["metrics"]["test"]["accuracy"]


def test_the_model_stores_what_the_metrics_say(trained: TrainResult) -> None:
    stored = read_outside_threshold(open_run(trained.run).model)

    assert stored is not None
    assert vars(stored) == {name: trained.document["other"][name] for name in vars(stored)}


def test_the_score_of_every_text_behind_the_metrics_is_stored(trained: TrainResult) -> None:
    rows = parquet.read_table(open_run(trained.run).predictions / "other.parquet").to_pylist()

    other, labels = trained.document["other"], dict(rows_with_outside(150, 60))
    assert all(row["other"] == (row["score"] < other["threshold"]) for row in rows)
    assert all((labels[row["text"]] == "oos") == row["outside"] for row in rows)
    found = [row["other"] for row in rows if row["outside"] and row["split"] == "test"]
    assert np.mean(found) == other["test"]["outside_recall"]


def test_texts_below_the_threshold_get_no_label(halved: Path) -> None:
    predictor = textune.load(halved)
    assert predictor.outside is not None

    labels = predictor.predict(NEW_TEXTS)

    expected = predictor.outside.is_other(predictor.predict_logits(NEW_TEXTS)).tolist()
    assert [label is None for label in labels] == expected
    assert sum(expected) == len(NEW_TEXTS) // 2


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_every_export_decides_as_the_run_does(exported: Path, runtime: str) -> None:
    assert answers_of(exported, runtime=runtime) == answers_of(exported, runtime="torch")


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_an_export_without_its_run_decides_as_the_run_does(
    exported: Path, runtime: str, tmp_path: Path
) -> None:
    alone = shutil.copytree(exported / "exports" / runtime, tmp_path / "alone")

    assert answers_of(alone) == answers_of(exported, runtime="torch")


def test_a_folder_that_is_not_a_run_decides_as_the_run_does(halved: Path) -> None:
    folder = textune.load_folder(open_run(halved).model)

    assert folder.predict(NEW_TEXTS) == answers_of(halved, runtime="torch")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_file_of_predictions_decides_as_the_run_does(halved: Path, tmp_path: Path, suffix: str) -> None:
    texts, output = tmp_path / "new.txt", tmp_path / f"out{suffix}"
    texts.write_text("\n".join(NEW_TEXTS), encoding="utf-8")

    predict(halved, input_file=str(texts), output=output)

    labels = answers_of(halved)
    assert [row["label"] or None for row in read(output)] == labels
    assert [str(row["other"]).lower() == "true" for row in read(output)] == [
        label is None for label in labels
    ]


def test_predictions_in_python_decide_as_the_run_does(halved: Path) -> None:
    predictions: list[Any] = textune.predict(halved, NEW_TEXTS)

    assert [each.label for each in predictions] == answers_of(halved)
    assert [each.other for each in predictions] == [each.label is None for each in predictions]


def test_the_server_decides_as_the_run_does(halved: Path) -> None:
    with running(predictor=textune.load(halved, runtime="torch"), workers=1) as server:
        answers = server.post({"inputs": NEW_TEXTS}, "/labels").json
        first = [entries[0] for entries in server.post({"inputs": NEW_TEXTS}, "/predict").json]

    assert [answer["label"] for answer in answers] == answers_of(halved, runtime="torch")
    assert [entry.get("other", False) for entry in first] == [answer["other"] for answer in answers]


def test_the_run_is_measured_again_to_the_same_metrics(trained: TrainResult) -> None:
    assert textune.evaluate(trained.run)["other"]["test"] == trained.document["other"]["test"]


def test_a_threshold_of_confidence_leaves_this_one_as_it_is(trained: TrainResult, tmp_path: Path) -> None:
    run = shutil.copytree(trained.run, tmp_path / "run")

    textune.evaluate(run, min_precision=0.4)

    document = json.loads(open_run(run).metrics.read_text(encoding="utf-8"))
    assert document["other"] == trained.document["other"]
    assert "abstention" in document


def test_other_data_is_measured_by_the_label(trained: TrainResult) -> None:
    data = [*small_rows(30, seed=7), *((text, "oos") for text in outside_texts(9, start=700))]

    other = textune.evaluate(trained.run, data=data)["other"]["test"]

    assert (other["inside"], other["outside"]) == (30, 9)


def test_other_data_without_the_label_is_measured_as_ever_with_a_note(trained: TrainResult) -> None:
    notes = Notes()

    document = textune.evaluate(trained.run, data=small_rows(30, seed=7), observer=notes)

    assert "test" not in document["other"]
    assert (
        "Test has no row with the label 'oos', so how such texts are told apart is not measured."
        in notes.notes
    )


def test_data_in_memory_is_measured_again(train: Train) -> None:
    result = train(*OTHER, data=rows_with_outside())

    assert textune.evaluate(result.run)["other"]["test"] == result.document["other"]["test"]


def test_trained_layers_have_it_too(train: Train) -> None:
    members = ("train.members=2", "train.use_validation=true", "train.load_best_model_at_end=false")

    result = train(*OTHER, *members, "train.num_train_epochs=1", "train.warmup_steps=0", recipe="full")

    assert result.document["other"]["test"]["outside"] == 12
    again = textune.evaluate(result.run)["other"]["test"]
    assert again["auroc"] == pytest.approx(result.document["other"]["test"]["auroc"], abs=0.05)


def test_a_stock_head_on_a_frozen_encoder_has_it_too(train: Train) -> None:
    result = train(*OTHER, "train.num_train_epochs=2", recipe="paper")

    assert textune.evaluate(result.run)["other"]["test"] == result.document["other"]["test"]


def test_texts_of_a_file_can_be_outside(train: Train, tmp_path: Path) -> None:
    path = tmp_path / "outside.txt"
    path.write_text("\n".join(outside_texts(40)), encoding="utf-8")

    result = train(*FAST, f"evaluate.other={path}", data=small_rows(150))

    other = result.document["other"]
    assert (other["label"], other["chosen_on"]["outside"], other["test"]["outside"]) == ("", 20, 20)


def test_two_runs_are_compared_on_the_same_texts_outside(trained: TrainResult, train: Train) -> None:
    second = train(*OTHER, "train.weight_decay=0.5")

    compared = textune.compare(trained.run, second.run).to_json()["other"]

    for number, result in (("first", trained), ("second", second)):
        test = result.document["other"]["test"]
        assert {key: value[number] for key, value in compared.items()} == pytest.approx(
            {key: test[key] for key in ("inside_accuracy", "outside_f1", "auroc")}
        )


def test_a_run_compared_with_itself_differs_in_nothing(trained: TrainResult) -> None:
    compared = textune.compare(trained.run, trained.run).to_json()["other"]

    assert [value["difference"] for value in compared.values()] == [0.0, 0.0, 0.0]


def test_runs_with_other_texts_outside_are_compared_by_their_classes_alone(
    trained: TrainResult, train: Train
) -> None:
    data = [*small_rows(150), *((text, "oos") for text in outside_texts(60, start=3000))]
    second, notes = train(*OTHER, data=data), Notes()

    compared = textune.compare(trained.run, second.run, observer=notes).to_json()

    assert "other" not in compared
    assert "The runs have different texts outside their classes, so these are not compared." in notes.notes


def test_windows_have_it_too(train: Train) -> None:
    windows = ("prepare.long_texts=windows", "prepare.max_length=8", "prepare.window_overlap=2")

    result = train(*OTHER, *windows)

    assert textune.evaluate(result.run)["other"]["test"] == result.document["other"]["test"]


def test_pairs_can_be_outside_the_classes(tiny_models: Any, tmp_path: Path) -> None:
    rows = [(TextPair(text, text[::-1]), label) for text, label in rows_with_outside()]

    result = textune.train(
        "frozen", model=str(tiny_models("bert")), data=rows, out=tmp_path / "run", settings=OTHER
    )

    assert textune.evaluate(result.run)["other"]["test"] == result.document["other"]["test"]


def test_every_seed_has_it(tiny_distilbert: str, source: str, tmp_path: Path) -> None:
    result = textune.train_seeds(
        "frozen", seeds=2, model=tiny_distilbert, data=source, out=tmp_path / "runs", settings=OTHER
    )

    assert None not in [read_outside_threshold(open_run(run).model) for run in result.runs]


def test_a_stopped_training_is_not_resumed_with_other_outside_texts(
    tiny_distilbert: str, source: str, tmp_path: Path
) -> None:
    class Interrupter(Silence):
        def advance(self, done: int, total: int, *, unit: str, figures: str = "") -> None:
            if unit == "steps" and done == 3:
                raise KeyboardInterrupt

    data, run = tmp_path / "texts.csv", tmp_path / "run"
    data.write_bytes(Path(source).read_bytes())
    settings = [*OTHER, "train.save_steps=1", "train.warmup_steps=0"]
    with pytest.raises(StoppedError):
        textune.train(
            "full", model=tiny_distilbert, data=str(data), out=run, settings=settings, observer=Interrupter()
        )
    lines = data.read_text(encoding="utf-8").splitlines()
    data.write_text("\n".join([*lines[:-1], f"another {lines[-1]}"]), encoding="utf-8")

    with pytest.raises(RunError, match=r"the data set .* has changed"):
        textune.resume(run)


def test_a_damaged_threshold_is_reported(trained: TrainResult, tmp_path: Path) -> None:
    folder = shutil.copytree(open_run(trained.run).model, tmp_path / "model")
    (folder / "other.json").write_text("{}")

    with pytest.raises(ModelError, match=r"other\.json cannot be read"):
        textune.load_folder(folder)


def test_the_report_and_the_card_show_it(trained: TrainResult) -> None:
    report, card = ((trained.run / name).read_text(encoding="utf-8") for name in ("report.html", "README.md"))

    assert "Texts that are none of these" in report
    assert "Scores of test texts of the classes and outside" in report
    assert "| none of these, on test |" in card
    assert "It always answers with one of its labels" not in card


def test_a_label_that_is_not_there_is_refused_before_anything_is_written(
    train: Train, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"evaluate\.other = 'ood': no row has this label"):
        train("evaluate.other=ood", out=tmp_path / "run")

    assert not (tmp_path / "run").exists()


def test_several_labels_per_text_are_refused(train: Train) -> None:
    rows = [(text, [label]) for text, label in rows_with_outside()]

    with pytest.raises(RecipeError, match="one label each"):
        train(*OTHER, data=[*rows, ("so happy", ["joy", "anger"])])


def test_the_explanation_of_such_a_text_says_so(halved: Path) -> None:
    labels = answers_of(halved, runtime="torch")
    outside = next(text for text, label in zip(NEW_TEXTS, labels, strict=True) if label is None)

    explained = textune.explain(halved, outside).to_json()

    assert explained["other"] is True
    assert explained["label"] in {"anger", "joy", "sadness"}
