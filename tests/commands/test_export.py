"""Exporting a run: what is written, what is checked, and what remains if it is refused."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import textune
from observers import Silence
from textune.commands.predict import predict
from textune.errors import (
    ExportError,
    MissingExtraError,
    RequestError,
    RunError,
    TextuneError,
    VerificationError,
)
from textune.export import exporting, graphs, parity
from textune.model.threshold import Abstention, write_abstention
from textune.prediction.stream import Prediction
from textune.runtimes.choosing import load_predictor
from textune.runtimes.processor import available_cores, processor_name
from textune.runtimes.registry import Runtime
from textune.serving.served import load_served
from tiny_classifiers import linear_classifier
from tiny_exports import save_tiny_run
from tiny_models import build_tiny_model


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose head reads the means of two layers."""
    folder = tmp_path_factory.mktemp("frozen")
    return save_tiny_run(folder / "run", linear_classifier(build_tiny_model(folder / "model", "bert")))


@pytest.fixture
def lossy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every export be found too inaccurate."""
    monkeypatch.setattr(parity, "find_fault", lambda row, precision: "it loses 9 points")


def everything(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if "manifest" not in path.name)


def test_the_document_has_these_keys_and_no_other(run: Path, tmp_path: Path) -> None:
    document = textune.export(run, runtime="onnx", out=tmp_path / "export").document

    assert list(document) == [
        "runtime",
        "path",
        "bytes",
        "label_agreement",
        "max_probability_difference",
        "macro_f1_difference",
        "texts_per_second",
        "latency_ms",
    ]
    assert (document["runtime"], document["path"]) == ("onnx", str(tmp_path / "export"))
    assert document["bytes"] == sum(file.stat().st_size for file in (tmp_path / "export").iterdir())
    assert (document["label_agreement"], document["macro_f1_difference"]) == (1.0, 0.0)
    assert document["max_probability_difference"] < 1e-5


def test_the_manifest_says_what_was_checked_and_on_what(run: Path, tmp_path: Path) -> None:
    textune.export(run, runtime="onnx", out=tmp_path / "export")

    manifest = json.loads((tmp_path / "export" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["check"]["texts"] == 60
    assert manifest["check"]["labels"] == 1
    assert manifest["speeds"].keys() == {"model", "export"}
    assert (manifest["processor"], manifest["cores"]) == (processor_name(), available_cores())
    assert manifest["files"].keys() == {"export.json", "graph.onnx", "tokenizer.json"}


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_an_export_that_fails_when_it_runs_or_differs_is_not_kept_and_the_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: str
) -> None:
    # What Python computes of a text is a constant in its graph, which holds for the example only.
    pool = graphs.pool
    monkeypatch.setattr(
        graphs, "pool", lambda states, mask, **named: pool(states, mask, **named) * int(mask.sum())
    )
    run = save_tiny_run(tmp_path / "run", linear_classifier(build_tiny_model(tmp_path / "model")))

    with pytest.raises(VerificationError, match=r"The export was not kept: \w+"):
        textune.export(run, runtime=runtime)

    assert not (run / "exports").exists()


def test_longformer_which_cuts_texts_into_windows_in_python_has_no_exports(tmp_path: Path) -> None:
    # Its graph holds for the lengths of its example only, or cannot be written: that depends on transformers.
    classifier = linear_classifier(build_tiny_model(tmp_path / "model", "longformer"))
    run = save_tiny_run(tmp_path / "run", classifier)

    with pytest.raises(TextuneError, match="The export was not kept: |cannot be written as an ONNX graph"):
        textune.export(run, runtime="onnx")

    assert not (run / "exports").exists()


def test_a_runtime_that_cannot_compute_on_this_processor_is_reported_with_another(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = "Exception from src/core.cpp:1:\n[CPU] MVN node with name 'MVN_29' bad combination\n"

    def fail(*_: Any) -> None:
        raise RuntimeError(reason)

    monkeypatch.setattr("openvino.InferRequest.infer", fail)

    with pytest.raises(VerificationError, match=r"not kept: .*this processor: \[CPU\] MVN node") as caught:
        textune.export(run, runtime="openvino", out=tmp_path / "export")

    assert "--runtime onnx or torch" in caught.value.hint
    assert not (tmp_path / "export").exists()


def test_int8_is_shown_beside_fp32_and_the_model(run: Path, tmp_path: Path) -> None:
    export = textune.export(run, runtime="onnx", int8=True, out=tmp_path / "export", force=True)

    assert [row.name for row in export.rows] == ["torch", "onnx", "onnx-int8"]
    assert export.rows[2].bytes < export.rows[1].bytes


def test_an_export_in_8_bits_is_measured_by_the_labels_that_reach_their_thresholds(
    label_run: Path, tmp_path: Path
) -> None:
    export = textune.export(label_run, runtime="onnx", int8=True, out=tmp_path / "export", force=True)

    exact, int8 = (row.agreement for row in export.rows[1:])
    assert (exact.labels, exact.macro_f1_difference.first) == (1, 1)
    assert 0 < int8.labels < 1
    assert 0 < int8.macro_f1_difference.first < 1


def test_an_export_goes_into_the_run_which_stays_whole(run: Path) -> None:
    path = textune.export(run, runtime="onnx").path

    assert path == run / "exports" / "onnx"
    assert load_predictor(run, runtime="onnx").label_names == ("anger", "joy", "sadness")


def test_every_file_of_a_run_and_its_export_may_be_read_by_others_under_the_usual_umask(
    tiny_distilbert: str, tmp_path: Path, set_umask: Callable[[int], int]
) -> None:
    set_umask(0o022)
    run = save_tiny_run(tmp_path / "run", linear_classifier(Path(tiny_distilbert)))

    textune.export(run, runtime="onnx")

    modes = {path.stat().st_mode & 0o777 for path in run.rglob("*") if path.is_file()}
    assert modes == {0o644}
    assert {path.stat().st_mode & 0o777 for path in run.rglob("*") if path.is_dir()} == {0o755}


@pytest.fixture(scope="module")
def silent_export(tiny_distilbert: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export, outside of its run, of a run that gives no label at all."""
    folder = tmp_path_factory.mktemp("silent")
    run = save_tiny_run(
        folder / "run", linear_classifier(Path(tiny_distilbert)), abstention=Abstention(0.9, None)
    )
    textune.export(run, runtime="onnx", out=folder / "export")
    shutil.rmtree(run)
    return folder / "export"


def test_an_export_that_stands_alone_abstains_as_its_run_does(silent_export: Path) -> None:
    predictions: list[Prediction] = []

    predict(silent_export, ["so happy"], show=predictions.append)

    assert [(found.label, found.abstained) for found in predictions] == [(None, True)]


def test_an_export_that_stands_alone_is_served_with_its_runs_threshold(silent_export: Path) -> None:
    assert load_served(silent_export).predictor.threshold == math.inf


def test_a_threshold_that_was_changed_in_an_export_is_damage(silent_export: Path, tmp_path: Path) -> None:
    place = shutil.copytree(silent_export, tmp_path / "export")
    write_abstention(place, Abstention(0.9, 0.4))

    with pytest.raises(ExportError, match=r"damaged: abstention.json"):
        textune.load(place)


def test_exporting_again_replaces_the_export(run: Path, tmp_path: Path) -> None:
    textune.export(run, runtime="onnx", out=tmp_path / "export")

    textune.export(run, runtime="onnx", out=tmp_path / "export")

    assert [entry.name for entry in tmp_path.iterdir()] == ["export"]


@pytest.mark.usefixtures("lossy")
def test_a_lossy_export_is_refused_and_nothing_is_left(run: Path, tmp_path: Path) -> None:
    before = everything(run)

    with pytest.raises(VerificationError, match="not kept: it loses 9 points") as caught:
        textune.export(run, runtime="onnx", int8=True, out=tmp_path / "new" / "export")

    assert "--force" in caught.value.hint
    assert list(tmp_path.iterdir()) == []
    assert everything(run) == before


@pytest.mark.usefixtures("lossy")
def test_a_lossy_export_is_kept_by_force_and_that_is_said(run: Path, tmp_path: Path) -> None:
    export = textune.export(run, runtime="onnx", out=tmp_path / "export", force=True)

    assert export.remarks[-1] == "onnx is kept because of --force, although it loses 9 points."
    assert (tmp_path / "export" / "manifest.json").exists()


def test_of_many_texts_some_are_checked(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "_TEXTS", 25)

    assert textune.export(run, runtime="onnx", out=tmp_path / "export").texts == 25


def test_the_stages_are_reported(run: Path, tmp_path: Path) -> None:
    stages: list[str] = []

    class Listener(Silence):
        def stage(self, title: str) -> None:
            stages.append(title)

    textune.export(run, runtime="onnx", out=tmp_path / "export", observer=Listener())

    assert stages == ["Loading the classifier", "Measuring the run's model", "Writing onnx", "Measuring onnx"]


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"runtime": "tensorrt"}, RequestError, "no runtime 'tensorrt'"),
        ({"runtime": "onnx", "int8": True, "bf16": True}, RequestError, "not in both"),
        ({"runtime": "onnx", "bf16": True}, RequestError, "does not compute in bf16"),
        ({"runtime": "onnx", "out": ""}, RequestError, "export folder is empty"),
    ],
)
def test_a_wrong_request_is_reported(
    run: Path, arguments: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        textune.export(run, **arguments)


def test_bf16_is_reported_where_the_processor_has_none(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "computes_in_bf16", lambda: False)

    with pytest.raises(RequestError, match="does not compute in bf16"):
        textune.export(run, runtime="openvino", bf16=True)


def test_a_missing_runtime_is_reported_before_anything_is_loaded(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Runtime, "is_installed", False)

    with pytest.raises(MissingExtraError, match=r"textune\[onnx\]"):
        textune.export(run, runtime="onnx")


def test_a_run_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run folder"):
        textune.export(tmp_path / "nowhere", runtime="onnx")


def test_something_else_is_never_replaced(run: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(ExportError, match="it holds something that is not an export"):
        textune.export(run, runtime="onnx", out=tmp_path)

    assert (tmp_path / "thesis.txt").read_text() == "years of work"
