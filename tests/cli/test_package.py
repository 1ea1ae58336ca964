"""`textune package` on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from textune.packaging.targets import TARGETS


@pytest.mark.parametrize("target", list(TARGETS))
def test_it_says_what_it_made_and_how_it_starts(
    textune_command: Any, exported_run: Path, tmp_path: Path, target: str
) -> None:
    outcome = textune_command("package", exported_run, "--for", target, "--out", tmp_path / "out")

    assert outcome.code == 0, outcome.err
    first, *_, last = outcome.out.splitlines()
    assert first.startswith(f"{tmp_path / 'out'} serves {exported_run} with ")
    assert last.strip() == TARGETS[target].starts


def test_json_is_one_document(textune_command: Any, exported_run: Path, tmp_path: Path) -> None:
    options = ("--for", "kserve", "--runtime", "openvino", "--out", tmp_path / "out", "--json")

    document = json.loads(textune_command("package", exported_run, *options).out)

    assert (document["for"], document["export"]) == ("kserve", "openvino")
    assert [line for line in document["requirements"] if line.startswith("openvino==")]


def test_an_export_can_be_packaged_itself(textune_command: Any, exported_run: Path, tmp_path: Path) -> None:
    export = exported_run / "exports" / "onnx-int8"

    outcome = textune_command("package", export, "--for", "docker", "--out", tmp_path / "out")

    assert outcome.code == 0, outcome.err
    assert (tmp_path / "out" / "export" / "export.json").read_bytes() == (export / "export.json").read_bytes()


def test_a_run_without_an_export_is_told_to_make_one(
    textune_command: Any, exported_run: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(exported_run, tmp_path / "run")
    shutil.rmtree(run / "exports")

    outcome = textune_command("package", run, "--for", "docker", "--out", tmp_path / "out")

    assert outcome.code == 2
    assert f"textune export {run} --runtime onnx" in " ".join(outcome.err.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--for", "heroku"], "docker, sagemaker, mlflow, kserve"),
        (["--for", "docker", "--runtime", "torch"], "a package has no torch"),
        (["--for", "docker", "--runtime", "tensorrt"], "There is no runtime"),
    ],
)
def test_what_cannot_be_packaged_is_refused(
    textune_command: Any, exported_run: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    outcome = textune_command("package", exported_run, *options, "--out", tmp_path / "out")

    assert outcome.code == 2
    assert message in " ".join(outcome.err.split())
    assert not (tmp_path / "out").exists()
