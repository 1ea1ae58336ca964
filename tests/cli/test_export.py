"""`textune export`, and `textune predict` with what it made."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from textune.export import parity


def test_export_shows_a_table_of_80_columns_and_the_path(
    textune_command: Any, exported_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = tmp_path / "export"

    outcome = textune_command(
        "export", exported_run, "--runtime", "openvino", "--int8", "--force", "--out", out
    )

    assert outcome.code == 0, outcome.err
    assert "…" not in outcome.out
    first_words = [line.split()[0] for line in outcome.out.splitlines() if line.strip()]
    assert {"torch", "openvino", "openvino-int8"} <= set(first_words)
    assert outcome.out.rstrip().endswith(f"The export is in {out}.")


def test_export_json_is_one_document(textune_command: Any, exported_run: Path, tmp_path: Path) -> None:
    outcome = textune_command(
        "export", exported_run, "--runtime", "onnx", "--out", tmp_path / "export", "--json"
    )

    assert json.loads(outcome.out)["label_agreement"] == 1
    assert outcome.code == 0


def test_a_refused_export_is_exit_code_1_and_leaves_nothing(
    textune_command: Any, exported_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parity, "find_fault", lambda row, precision: "it loses 9 points of macro-F1")

    outcome = textune_command("export", exported_run, "--runtime", "onnx", "--out", tmp_path / "export")

    assert outcome.code == 1
    assert outcome.out == ""
    assert "error: The export was not kept: it loses 9 points of macro-F1." in outcome.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "--runtime", "onnx"], "no run folder at nowhere"),
        (["nowhere", "--runtime", "tensorrt"], "no runtime 'tensorrt'"),
        (["nowhere"], "--runtime"),
    ],
)
def test_a_wrong_request_is_exit_code_2(textune_command: Any, arguments: list[str], message: str) -> None:
    outcome = textune_command("export", *arguments)

    assert outcome.code == 2
    assert message in outcome.err
    assert "Traceback" not in outcome.err


def test_predict_says_on_standard_error_what_classifies(textune_command: Any, exported_run: Path) -> None:
    outcome = textune_command("predict", exported_run, "so happy", "--json")

    assert "Classifying with " in outcome.err
    assert len(outcome.out.splitlines()) == 1


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_predict_gives_the_same_scores_with_every_runtime(
    textune_command: Any, exported_run: Path, runtime: str
) -> None:
    torch, export = (
        json.loads(textune_command("predict", exported_run, "so sad", "--json", "--runtime", name).out)
        for name in ("torch", runtime)
    )

    assert export["scores"] == pytest.approx(torch["scores"], abs=1e-5)


def test_predict_takes_an_export_folder_alone(
    textune_command: Any, exported_run: Path, tmp_path: Path
) -> None:
    shutil.copytree(exported_run / "exports" / "onnx", tmp_path / "export")

    outcome = textune_command("predict", tmp_path / "export", "so happy")

    assert outcome.code == 0
    assert "so happy" in outcome.out


def test_predict_refuses_an_export_of_another_model(
    textune_command: Any, exported_run: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(exported_run, tmp_path / "run")
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    retrained = {name: entry for name, entry in manifest["files"].items() if name != "model/textune.json"}
    (run / "manifest.json").write_text(json.dumps({**manifest, "files": retrained}))

    outcome = textune_command("predict", run, "so happy", "--runtime", "onnx")

    assert outcome.code == 2
    assert "not made from this run's model" in outcome.err
    assert "textune export" in outcome.err
