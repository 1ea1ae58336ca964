"""Classifiers on disk that are damaged or incomplete: what is refused, and what the error says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from textune.encoder.placement import Placement
from textune.errors import ModelError
from textune.model.storage import load_classifier
from tiny_classifiers import EMOTIONS, linear_classifier, stock_classifier
from tiny_models import change_json, change_weights

BUILDERS = {"stock": stock_classifier, "linear": linear_classifier}
ODD_NAMES = ("Freude 😀", 'say "so"', "a, b", "x/y\\z", "LABEL_0", "0", "línea\nnueva")
FP32 = Placement("cpu", "fp32", "eager")


def refusal(folder: Path) -> ModelError:
    """Return the error that loading a classifier raises; it must have a hint."""
    with pytest.raises(ModelError) as caught:
        load_classifier(folder)
    assert caught.value.hint
    return caught.value


def truncate(path: Path, *, dropped: int = 10) -> None:
    path.write_bytes(path.read_bytes()[:-dropped])


def change_head(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    path = folder / "head.safetensors"
    save_file(change(load_file(path)), path)


def test_a_folder_without_textune_json_holds_no_classifier(stock: Path) -> None:
    (stock / "textune.json").unlink()

    assert "textune.json cannot be read" in refusal(stock).message


def test_a_folder_that_is_not_there_holds_no_classifier(tmp_path: Path) -> None:
    assert str(tmp_path / "nowhere") in refusal(tmp_path / "nowhere").message


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"7", b"{}", b'"format"', b"\xff\xfe", b"[" * 100_000],
    ids=["empty", "cut", "a list", "a number", "no format", "a string", "no UTF-8", "too deep"],
)
def test_a_damaged_textune_json_is_reported(stock: Path, content: bytes) -> None:
    (stock / "textune.json").write_bytes(content)

    assert "textune.json cannot be read" in refusal(stock).message


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("head", "forest"),
        ("head", None),
        ("pooling", []),
        ("pooling", {"kind": "max", "layers": [-1]}),
        ("pooling", {"kind": "mean", "layers": []}),
        ("pooling", {"kind": "mean", "layers": ["last"]}),
        ("labels", "joy"),
        ("labels", ["joy", 1, None]),
        ("labels", ["joy"]),
        ("max_length", 0),
        ("max_length", "16"),
    ],
)
def test_a_field_of_textune_json_that_makes_no_sense_is_named(linear: Path, key: str, value: Any) -> None:
    change_json(linear / "textune.json", **{key: value})

    assert f"{linear / 'textune.json'} is damaged: {key}" in refusal(linear).message


@pytest.mark.parametrize("key", ["head", "pooling", "labels", "max_length"])
def test_a_field_that_textune_json_lacks_is_named(linear: Path, key: str) -> None:
    path = linear / "textune.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({name: values[name] for name in values if name != key}), encoding="utf-8")

    assert f"is damaged: {key}: " in refusal(linear).message


@pytest.mark.parametrize("written", [3, 0, "1", None])
def test_another_format_is_refused(linear: Path, written: Any) -> None:
    change_json(linear / "textune.json", format=written)

    error = refusal(linear)

    assert f"has format {written}, but this version of textune reads format 1" in error.message
    assert "Install the version" in error.hint


@pytest.mark.parametrize("dropped", [1, 10, 200])
def test_a_truncated_head_is_refused(linear: Path, dropped: int) -> None:
    truncate(linear / "head.safetensors", dropped=dropped)

    assert f"The head {linear / 'head.safetensors'} cannot be read" in refusal(linear).message


def test_an_empty_head_is_refused(linear: Path) -> None:
    (linear / "head.safetensors").write_bytes(b"")

    assert "head.safetensors cannot be read" in refusal(linear).message


def test_a_head_that_is_not_there_is_refused(linear: Path) -> None:
    (linear / "head.safetensors").unlink()

    assert "head.safetensors cannot be read" in refusal(linear).message


@pytest.mark.parametrize("name", ["output.weight", "output.bias"])
def test_a_head_that_lacks_a_tensor_is_refused(linear: Path, name: str) -> None:
    change_head(linear, lambda tensors: {key: tensors[key] for key in tensors if key != name})

    assert name in refusal(linear).message


def test_a_head_with_a_tensor_left_over_is_refused(linear: Path) -> None:
    change_head(linear, lambda tensors: {**tensors, "hidden.weight": torch.ones(2, 2)})

    assert "hidden.weight" in refusal(linear).message


def test_a_head_of_another_width_than_the_encoders_is_refused(linear: Path) -> None:
    change_head(
        linear, lambda tensors: {**tensors, "output.weight": tensors["output.weight"][:, :30].contiguous()}
    )

    assert "takes 30 features, and its encoder gives 32" in refusal(linear).message


def test_a_head_of_other_layers_than_textune_json_says_is_refused(linear: Path) -> None:
    change_json(linear / "textune.json", pooling={"kind": "mean", "layers": [-1]})

    assert "takes 32 features, and its encoder gives 16" in refusal(linear).message


@pytest.mark.parametrize("shape", [(2, 32), (4, 32), (32,), ()])
def test_a_head_of_another_shape_is_refused(linear: Path, shape: tuple[int, ...]) -> None:
    change_head(linear, lambda tensors: {**tensors, "output.weight": torch.ones(shape)})

    assert "head.safetensors cannot be read" in refusal(linear).message


def test_a_truncated_encoder_of_a_linear_head_is_refused(linear: Path) -> None:
    truncate(linear / "encoder" / "model.safetensors")

    assert f"{linear / 'encoder' / 'model.safetensors'} is damaged or incomplete" in refusal(linear).message


def test_a_truncated_stock_model_is_refused(stock: Path) -> None:
    truncate(stock / "model.safetensors")

    assert f"{stock / 'model.safetensors'} is damaged or incomplete" in refusal(stock).message


def test_an_encoder_that_is_not_there_is_refused(linear: Path) -> None:
    shutil.rmtree(linear / "encoder")

    assert f"The model folder {linear / 'encoder'} does not exist" in refusal(linear).message


def test_an_encoder_that_is_not_there_is_not_looked_for_on_the_hub(
    linear: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(linear / "encoder")
    monkeypatch.chdir(linear.parent)

    assert "encoder does not exist" in refusal(Path("linear")).message


@pytest.mark.parametrize("name", ["classifier.weight", "pre_classifier.bias", "distilbert.embeddings"])
def test_a_stock_model_that_lacks_a_tensor_is_refused(stock: Path, name: str) -> None:
    change_weights(stock, lambda tensors: {k: tensors[k] for k in tensors if not k.startswith(name)})

    assert f"lack {name}" in refusal(stock).message


def test_a_stock_model_with_a_tensor_left_over_is_refused(stock: Path) -> None:
    change_weights(stock, lambda tensors: {**tensors, "second.weight": torch.ones(2)})

    assert "second.weight" in refusal(stock).message


def test_more_labels_than_a_stock_model_has_are_refused(stock: Path) -> None:
    change_json(stock / "textune.json", labels=[*EMOTIONS, "fear"])

    assert "have another shape for classifier.bias, classifier.weight" in refusal(stock).message


def test_a_classifier_without_its_tokenizer_is_refused(linear: Path) -> None:
    (linear / "encoder" / "tokenizer.json").unlink()

    assert "has no tokenizer" in refusal(linear).message


def test_a_head_that_lacks_the_query_of_its_windows_is_refused(linear: Path) -> None:
    change_json(
        linear / "textune.json", format=2, windows={"overlap": 2, "pooling": "attention", "max_windows": 0}
    )

    assert "does not pool windows as it should" in refusal(linear).message
