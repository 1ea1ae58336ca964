"""Classifiers on disk: what is written, and that it comes back to the last bit."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, pipeline

from textune.encoder.placement import Placement
from textune.encoder.windows import WindowPooling, WindowReading
from textune.model.classifier import EncoderClassifier
from textune.model.storage import load_classifier, save_classifier
from tiny_classifiers import EMOTIONS, linear_classifier, stock_classifier

BUILDERS = {"stock": stock_classifier, "linear": linear_classifier}
ODD_NAMES = ("Freude 😀", 'say "so"', "a, b", "x/y\\z", "LABEL_0", "0", "línea\nnueva")
FP32 = Placement("cpu", "fp32", "eager")


def bits(classifier: EncoderClassifier) -> dict[str, tuple[torch.dtype, bytes]]:
    """Return the type and the bytes of every tensor of a classifier."""
    whole = classifier.stock if classifier.stock is not None else classifier.encoder
    tensors = {**whole.state_dict(), **classifier.head.state_dict(prefix="head.")}
    return {name: (tensor.dtype, tensor.numpy().tobytes()) for name, tensor in tensors.items()}


def probabilities(classifier: EncoderClassifier) -> bytes:
    rows = classifier.tokenize(["so happy today", "sad and alone, and very long about it " * 5]).rows
    return classifier.probabilities(classifier.features(rows, placement=FP32)).tobytes()


@pytest.mark.parametrize("head", ["stock", "linear"])
@pytest.mark.parametrize("architecture", ["distilbert", "bert"])
def test_a_classifier_comes_back_to_the_last_bit(
    models: Mapping[str, Path], tmp_path: Path, architecture: str, head: str
) -> None:
    classifier = BUILDERS[head](models[architecture])

    save_classifier(classifier, tmp_path / "saved")

    assert bits(load_classifier(tmp_path / "saved")) == bits(classifier)


@pytest.mark.parametrize("head", ["stock", "linear"])
def test_a_loaded_classifier_gives_the_same_probabilities(
    models: Mapping[str, Path], saved: Mapping[str, Path], head: str
) -> None:
    assert probabilities(load_classifier(saved[head])) == probabilities(BUILDERS[head](models["distilbert"]))


@pytest.mark.parametrize("head", ["stock", "linear"])
def test_pooling_labels_and_length_come_back(
    models: Mapping[str, Path], saved: Mapping[str, Path], head: str
) -> None:
    expected = BUILDERS[head](models["distilbert"])

    loaded = load_classifier(saved[head])

    assert (loaded.pooling, loaded.label_names, loaded.max_length) == (
        expected.pooling,
        expected.label_names,
        expected.max_length,
    )


@pytest.mark.parametrize("head", ["stock", "linear"])
def test_a_loaded_classifier_is_saved_again_to_the_same_bytes(
    saved: Mapping[str, Path], tmp_path: Path, head: str
) -> None:
    save_classifier(load_classifier(saved[head]), tmp_path / "again")

    weights = [path.relative_to(saved[head]) for path in saved[head].rglob("*.safetensors")]
    assert weights
    assert [(tmp_path / "again" / name).read_bytes() for name in weights] == [
        (saved[head] / name).read_bytes() for name in weights
    ]


def test_a_loaded_stock_classifier_drops_nothing_out_even_after_a_prediction(
    saved: Mapping[str, Path],
) -> None:
    classifier = load_classifier(saved["stock"])

    probabilities(classifier)

    assert not any(module.training for module in classifier.stock.modules())


def test_a_stock_classifier_is_a_folder_of_plain_transformers_with_one_more_file(
    saved: Mapping[str, Path],
) -> None:
    names = {path.name for path in saved["stock"].iterdir()}

    assert {"config.json", "model.safetensors", "tokenizer.json", "textune.json"} <= names
    assert names.isdisjoint({"head.safetensors", "encoder"})


def test_a_linear_classifier_has_no_configuration_beside_its_head(saved: Mapping[str, Path]) -> None:
    assert {path.name for path in saved["linear"].iterdir()} == {
        "encoder",
        "head.safetensors",
        "textune.json",
    }
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {
        path.name for path in (saved["linear"] / "encoder").iterdir()
    }


@pytest.mark.parametrize("head", ["stock", "linear"])
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_weights_may_be_read_by_whom_the_umask_lets_read(
    models: Mapping[str, Path],
    tmp_path: Path,
    set_umask: Callable[[int], int],
    head: str,
    umask: int,
    mode: int,
) -> None:
    set_umask(umask)

    save_classifier(BUILDERS[head](models["distilbert"]), tmp_path / "saved")

    files = [path for path in (tmp_path / "saved").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {mode}


def test_textune_json_says_what_the_tensors_do_not(saved: Mapping[str, Path]) -> None:
    assert json.loads((saved["linear"] / "textune.json").read_text(encoding="utf-8")) == {
        "format": 1,
        "head": "linear",
        "pooling": {"kind": "mean", "layers": [-1, 1]},
        "labels": list(EMOTIONS),
        "max_length": 16,
        "problem_type": "single_label_classification",
        "pairs": False,
    }


@pytest.mark.parametrize("head", ["stock", "linear"])
def test_odd_label_names_come_back_as_they_were(
    models: Mapping[str, Path], tmp_path: Path, head: str
) -> None:
    save_classifier(BUILDERS[head](models["distilbert"], labels=ODD_NAMES), tmp_path)

    assert load_classifier(tmp_path).label_names == ODD_NAMES


def test_plain_transformers_gives_the_label_names(models: Mapping[str, Path], tmp_path: Path) -> None:
    save_classifier(stock_classifier(models["distilbert"], labels=ODD_NAMES), tmp_path)

    answer = pipeline("text-classification", model=str(tmp_path), top_k=None, device="cpu")("so happy")

    assert {entry["label"] for entry in answer[0]} == set(ODD_NAMES)


@pytest.mark.parametrize(("head", "place"), [("stock", "."), ("linear", "encoder")])
def test_the_configuration_says_what_the_logits_are(saved: Mapping[str, Path], head: str, place: str) -> None:
    config = json.loads((saved[head] / place / "config.json").read_text(encoding="utf-8"))

    assert config["id2label"] == {"0": "anger", "1": "joy", "2": "sadness"}
    assert config["label2id"] == {"anger": 0, "joy": 1, "sadness": 2}
    assert config["problem_type"] == "single_label_classification"


@pytest.mark.parametrize(("head", "place"), [("stock", "."), ("linear", "encoder")])
def test_the_tokenizer_carries_the_limit_of_the_training(
    saved: Mapping[str, Path], head: str, place: str
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(saved[head] / place)

    assert tokenizer.model_max_length == 16
    assert len(tokenizer("so happy " * 50, truncation=True)["input_ids"]) == 16


@pytest.mark.parametrize("pooling", ["mean", "attention"])
def test_how_long_texts_are_read_comes_back(
    models: Mapping[str, Path], tmp_path: Path, pooling: WindowPooling
) -> None:
    classifier = replace(linear_classifier(models["distilbert"]), windows=WindowReading(4, pooling, 3))
    if pooling == "attention":
        query = torch.randn(1, 32, generator=torch.Generator().manual_seed(1))
        classifier.head.window_query = torch.nn.Parameter(query)

    save_classifier(classifier, tmp_path / "saved")

    loaded = load_classifier(tmp_path / "saved")
    assert loaded.windows == classifier.windows
    assert bits(loaded) == bits(classifier)
    assert probabilities(loaded) == probabilities(classifier)


def test_versions_that_know_no_windows_refuse_a_classifier_that_reads_them(
    models: Mapping[str, Path], tmp_path: Path
) -> None:
    save_classifier(linear_classifier(models["distilbert"]), tmp_path / "cut")
    save_classifier(
        replace(linear_classifier(models["distilbert"]), windows=WindowReading(4, "mean")),
        tmp_path / "windows",
    )

    written = [json.loads((tmp_path / name / "textune.json").read_text()) for name in ("cut", "windows")]
    assert [values["format"] for values in written] == [1, 2]
    assert "windows" not in written[0]
