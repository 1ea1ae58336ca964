"""Loading an export: what it needs, what it says when it cannot, and how it computes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import REPOSITORY
from small_data import small_rows
from textune.encoder.batching import batches_by_length, pad_rows
from textune.errors import ExportError, MissingExtraError
from textune.runtimes import export_predictor
from textune.runtimes.choosing import load_predictor
from textune.runtimes.export_predictor import ExportPredictor
from textune.runtimes.exports import Speed, read_export
from textune.runtimes.registry import Runtime
from textune.tasks.single_label import softmax
from tiny_exports import EXACT, fake_export
from tiny_models import change_json

TEXTS = [text for text, _ in small_rows(70)]
HEAVY = {"torch", "transformers", "datasets", "sklearn", "scipy", "pandas", "pyarrow", "onnx"}


def modules_after(*arguments: str) -> set[str]:
    """Run the command line in a fresh interpreter; return the top-level modules that it has imported."""
    code = f"""
import sys
sys.argv = ["textune", *{list(arguments)!r}]
from textune.cli.main import main
try: main()
except SystemExit as ended: assert not ended.code
print(*(name for name in list(sys.modules) if "." not in name))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return set(result.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("runtime", EXACT)
def test_predicting_with_an_export_imports_its_runtime_and_nothing_heavy(
    exported_run: Path, runtime: str
) -> None:
    modules = modules_after("predict", str(exported_run), "so happy", "--runtime", runtime)

    assert {"tokenizers", "numpy", {"onnx": "onnxruntime"}.get(runtime, runtime)} <= modules
    assert modules.isdisjoint(HEAVY)


def test_the_choice_imports_nothing_heavy_either(exported_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(exported_run, tmp_path / "run")
    # Where programs are slow to start, the export would not be the faster one for a single text.
    speeds = {"model": Speed(3.0, 10.0, 100.0), "export": Speed(0.1, 1.0, 1000.0)}
    change_json(
        run / "exports" / "onnx" / "manifest.json", speeds={of: asdict(speed) for of, speed in speeds.items()}
    )

    assert modules_after("predict", str(run), "so happy").isdisjoint(HEAVY)


def test_an_export_is_self_contained(exported_run: Path, tmp_path: Path) -> None:
    place = shutil.copytree(exported_run / "exports" / "onnx", tmp_path / "elsewhere")

    probabilities = load_predictor(place).predict_proba(TEXTS)

    expected = load_predictor(exported_run, runtime="onnx").predict_proba(TEXTS)
    np.testing.assert_array_equal(probabilities, expected)


def test_other_programs_read_an_export_as_the_how_to_shows(exported_run: Path) -> None:
    page = (REPOSITORY / "docs" / "how-to" / "export.md").read_text(encoding="utf-8")
    (code,) = (
        block for block in re.findall(r"```python\n(.*?)```", page, re.S) if "InferenceSession" in block
    )
    names: dict[str, Any] = {}

    exec(code.replace("runs/mine", str(exported_run)), names)

    expected = load_predictor(exported_run, runtime="onnx").predict_proba(["What a day!"])
    np.testing.assert_allclose(softmax(names["logits"]), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("runtime", EXACT)
def test_threads_change_no_bit(exported_run: Path, runtime: str) -> None:
    export = read_export(exported_run / "exports" / runtime)

    one, three = (ExportPredictor(export, threads=n).predict_proba(TEXTS * 3) for n in (1, 3))

    np.testing.assert_array_equal(one, three)


@pytest.mark.parametrize("runtime", EXACT)
def test_several_threads_may_ask_at_once(exported_run: Path, runtime: str) -> None:
    predictor = load_predictor(exported_run, runtime=runtime)
    expected = predictor.predict_proba(TEXTS)

    with ThreadPoolExecutor(6) as executor:
        answers = list(executor.map(predictor.predict_proba, [TEXTS] * 6))

    np.testing.assert_array_equal(answers, [expected] * 6)


@pytest.mark.parametrize("runtime", EXACT)
def test_it_gives_the_features_that_the_runs_own_head_reads_beside_the_logits(
    exported_run: Path, runtime: str
) -> None:
    predictor, torch = (load_predictor(exported_run, runtime=name) for name in (runtime, "torch"))
    rows = predictor.tokenize(TEXTS).rows

    features, logits = predictor.features_and_logits(rows)
    expected = torch.features_and_logits(torch.tokenize(TEXTS).rows)

    assert features is not None
    np.testing.assert_array_equal(logits, predictor.logits(rows))
    np.testing.assert_allclose(features, expected[0], atol=1e-5, rtol=0)


def test_an_older_export_without_features_gives_its_logits_as_ever(
    exported_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = load_predictor(exported_run, runtime="onnx")
    assert isinstance(predictor, ExportPredictor)
    rows, compute = predictor.tokenize(TEXTS).rows, predictor._compute
    monkeypatch.setattr(predictor, "_compute", lambda *inputs: compute(*inputs)[:1])

    features, logits = predictor.features_and_logits(rows)

    assert features is None
    np.testing.assert_array_equal(logits, predictor.logits(rows))


def test_a_graph_that_is_none_is_reported(tmp_path: Path) -> None:
    export = read_export(fake_export(tmp_path / "onnx"))
    (export.path / "tokenizer.json").write_text("{")

    with pytest.raises(ExportError, match="cannot be opened"):
        ExportPredictor(export)


def test_a_missing_runtime_is_reported_with_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = read_export(fake_export(tmp_path / "openvino", name="openvino"))
    monkeypatch.setattr(Runtime, "is_installed", False)

    with pytest.raises(MissingExtraError, match=r"pip install 'textune\[openvino\]'"):
        ExportPredictor(export)


def test_whole_bytes_are_refused_on_a_processor_that_would_overflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = fake_export(tmp_path / "onnx-int8", name="onnx-int8")
    values = json.loads((place / "export.json").read_text(encoding="utf-8"))
    (place / "export.json").write_text(json.dumps({**values, "whole_bytes": True}))
    monkeypatch.setattr(export_predictor, "multiplies_whole_bytes", lambda: False)

    with pytest.raises(ExportError, match="with VNNI instructions") as caught:
        ExportPredictor(read_export(place))

    assert "--runtime onnx --int8" in caught.value.hint


def test_rows_are_padded_to_the_longest() -> None:
    input_ids, attention_mask = pad_rows([[5, 6, 7], [8]], padding_id=1)

    assert input_ids.tolist() == [[5, 6, 7], [8, 1, 1]]
    assert attention_mask.tolist() == [[1, 1, 1], [1, 0, 0]]


def test_batches_hold_rows_of_like_length() -> None:
    batches = batches_by_length([100, 3, 90, 4, 600], max_tokens=200)

    assert batches == [[4], [0, 2], [3, 1]]


def test_softmax_takes_large_logits() -> None:
    np.testing.assert_allclose(softmax(np.array([[1000.0, 1000.0]])), [[0.5, 0.5]])
