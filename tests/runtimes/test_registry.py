"""A runtime is one file: a toy one lies in the folder of runtimes, and the command line uses it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from textune.cli.main import main
from textune.runtimes import registry
from textune.runtimes.choosing import choose, load_predictor
from textune.runtimes.registry import register_runtime
from textune.serving.served import load_served
from toy_files import toy_file

TEXTS = ["so happy and fun today", "sad"]


TOY = """
import shutil

from textune.runtimes.registry import Runtime, register_runtime


def _open(graph, precision, threads):
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(str(graph))
    return lambda input_ids, attention_mask: evaluator.run(
        None, {"input_ids": input_ids, "attention_mask": attention_mask}
    )


def _write(source, graph, precision):
    shutil.copyfile(source.onnx, graph)


register_runtime(
    Runtime(
        name="toy",
        title="The evaluator in plain Python",
        package="onnx",
        extra="onnx",
        graph="toy.onnx",
        precisions=("fp32",),
        open=_open,
        write=_write,
    )
)
"""
"""The file: it evaluates ONNX graphs in Python."""


@pytest.fixture(scope="module", autouse=True)
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    registry.all_runtimes()
    with toy_file("textune.runtimes", "toy_runtime", TOY, tmp_path_factory.mktemp("more") / "runtimes"):
        yield
    del registry._RUNTIMES["toy"]


@pytest.fixture(scope="module")
def run(exported_run: Path, toy: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose only export is the toy's, made on the command line."""
    run = shutil.copytree(exported_run, tmp_path_factory.mktemp("toy") / "run")
    shutil.rmtree(run / "exports")
    assert textune("export", str(run), "--runtime", "toy") == 0
    return run


def textune(*arguments: str) -> Any:
    """Run a command in this process; return its exit code."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr("sys.argv", ["textune", *arguments])
        main()
    return ended.value.code or 0


def test_the_command_line_exports_and_checks_it(run: Path) -> None:
    manifest = json.loads((run / "exports" / "toy" / "manifest.json").read_text(encoding="utf-8"))

    assert manifest["files"].keys() >= {"toy.onnx", "export.json", "tokenizer.json"}
    assert manifest["check"]["labels"] == 1
    assert manifest["check"]["largest_difference"] < 1e-4


def test_the_command_line_predicts_with_it_as_with_torch(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert textune("predict", str(run), *TEXTS, "--runtime", "toy", "--json") == 0

    printed = [json.loads(line)["scores"] for line in capsys.readouterr().out.splitlines()]
    expected = load_predictor(run, runtime="torch").predict_proba(TEXTS)
    np.testing.assert_allclose([list(scores.values()) for scores in printed], expected, atol=1e-5, rtol=0)


def test_the_fastest_is_chosen_with_it_among_the_others(run: Path) -> None:
    assert choose(run, texts=1).runtime in {"toy", "torch"}
    assert "toy" in choose(run, runtime="toy").notes[0]


def test_it_is_served_and_named_there(run: Path) -> None:
    assert load_served(run, runtime="toy").runtime == "toy"


def test_it_is_listed_where_runtimes_are(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert textune("export", str(run), "--runtime", "tensorrt") == 2

    assert "onnx, openvino, toy" in capsys.readouterr().err


def test_a_precision_that_it_lacks_is_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert textune("export", str(run), "--runtime", "toy", "--int8") == 2

    assert "does not compute in int8" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["torch", "toy-2"])
def test_a_name_that_could_be_misread_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        register_runtime(replace(registry.find_runtime("toy"), name=name))
