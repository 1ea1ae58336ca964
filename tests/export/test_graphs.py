"""Graphs of classifiers: the same logits as in torch, for every architecture and any batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

from textune.encoder.batching import pad_tensors
from textune.errors import ModelError
from textune.export.graphs import write_onnx
from textune.model.classifier import EncoderClassifier
from textune.runtimes.eight_bits import write_integer_products, write_integer_weights
from textune.runtimes.processor import multiplies_whole_bytes
from tiny_classifiers import linear_classifier, stock_classifier
from tiny_models import ARCHITECTURES, build_tiny_model

TEXTS = ["so happy and fun today", "sad", "the day is so very lonely and dark, my friend, cannot win", ""]


def torch_logits(classifier: EncoderClassifier, texts: list[str]) -> np.ndarray:
    """Return the logits of the classifier's parts, each as transformers and torch run it."""
    from textune.encoder.placement import Placement

    features = classifier.features(
        classifier.tokenize(texts).rows, placement=Placement("cpu", "fp32", "eager")
    )
    with torch.no_grad():
        return classifier.head(torch.from_numpy(features)).numpy()


def graph_logits(graph: Path, classifier: EncoderClassifier, texts: list[str]) -> np.ndarray:
    """Return the logits that a graph gives for texts in one batch."""
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    return session.run(["logits"], batch_of(classifier, texts))[0]


class MatMulIntegerToFloat(OpRun):  # type: ignore[misc]
    """ONNX Runtime's own operation by its definition, with sums of 32 bits."""

    op_domain = "com.microsoft"

    def _run(self, a: Any, b: Any, a_scale: Any, b_scale: Any, a_zero: Any) -> tuple[Any]:
        product = (a.astype(np.int32) - np.int32(a_zero)) @ b.astype(np.int32)
        return (product.astype(np.float32) * (a_scale * b_scale),)


def exact_logits(graph: Path, classifier: EncoderClassifier, texts: list[str]) -> np.ndarray:
    """Return the logits that a graph defines: numpy computes every operation, and sums bytes in 32 bits."""
    evaluator = ReferenceEvaluator(str(graph), new_ops=[MatMulIntegerToFloat])
    return evaluator.run(["logits"], batch_of(classifier, texts))[0]


def batch_of(classifier: EncoderClassifier, texts: list[str]) -> dict[str, np.ndarray]:
    """Return what a graph reads, for texts in one batch."""
    rows = classifier.tokenize(texts).rows
    input_ids, attention_mask = pad_tensors(rows, padding_id=classifier.tokenizer.pad_token_id)
    return {"input_ids": input_ids.numpy(), "attention_mask": attention_mask.numpy()}


@pytest.fixture(scope="module")
def model(tiny_distilbert: str) -> EncoderClassifier:
    return stock_classifier(Path(tiny_distilbert))


@pytest.fixture(scope="module")
def graph(model: EncoderClassifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_onnx(model, tmp_path_factory.mktemp("graph"))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_with_its_own_head_gives_torchs_logits(architecture: str, tmp_path: Path) -> None:
    classifier = stock_classifier(build_tiny_model(tmp_path / "model", architecture))

    graph = write_onnx(classifier, tmp_path)

    logits = graph_logits(graph, classifier, TEXTS)
    np.testing.assert_allclose(logits, torch_logits(classifier, TEXTS), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("layers", [(-1, 1), (0,)])
def test_pooled_layers_and_a_linear_head_are_in_the_graph(
    tiny_distilbert: str, layers: tuple[int, ...], tmp_path: Path
) -> None:
    classifier = linear_classifier(Path(tiny_distilbert), layers=layers)

    graph = write_onnx(classifier, tmp_path)

    logits = graph_logits(graph, classifier, TEXTS)
    np.testing.assert_allclose(logits, torch_logits(classifier, TEXTS), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("texts", [["sad"], ["so happy " * 7], ["a"] * 9])
def test_rows_and_tokens_are_free_in_number(graph: Path, model: EncoderClassifier, texts: list[str]) -> None:
    logits = graph_logits(graph, model, texts)

    np.testing.assert_allclose(logits, torch_logits(model, texts), atol=1e-5, rtol=1e-5)


def test_the_graph_is_from_two_inputs_to_logits_and_the_features_behind_them(graph: Path) -> None:
    described = onnx.load(graph).graph

    assert [each.name for each in described.input] == ["input_ids", "attention_mask"]
    assert [each.name for each in described.output] == ["logits", "features"]


def test_an_operation_that_a_graph_cannot_have_is_named_and_nothing_is_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    classifier = linear_classifier(build_tiny_model(tmp_path / "model", "fnet"))
    capfd.readouterr()

    with pytest.raises(ModelError, match="FNetModel cannot be written as an ONNX graph.*fft"):
        write_onnx(classifier, tmp_path)

    assert capfd.readouterr().out == ""


def test_an_architecture_that_cannot_become_a_graph_is_reported(
    model: EncoderClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("data-dependent\nand more")

    monkeypatch.setattr(torch.onnx, "export", fail)

    with pytest.raises(ModelError, match=r"DistilBertModel cannot be written.*: data-dependent\n"):
        write_onnx(model, tmp_path)


@pytest.mark.parametrize("whole_bytes", [True, False])
def test_integer_products_summed_in_32_bits_change_logits_little(
    graph: Path, model: EncoderClassifier, tmp_path: Path, whole_bytes: bool
) -> None:
    write_integer_products(graph, tmp_path / "graph.onnx", whole_bytes=whole_bytes)

    logits, expected = exact_logits(tmp_path / "graph.onnx", model, TEXTS), graph_logits(graph, model, TEXTS)

    assert 1e-5 < np.abs(logits - expected).max() < 0.1 * np.abs(expected).max()


# Whole bytes are for processors that sum their products in 32 bits. Any other one cuts sums off.
@pytest.mark.parametrize("whole_bytes", sorted({False, multiplies_whole_bytes()}))
def test_this_processor_sums_the_integer_products_that_it_is_given_without_cutting_any_off(
    graph: Path, model: EncoderClassifier, tmp_path: Path, whole_bytes: bool
) -> None:
    write_integer_products(graph, tmp_path / "graph.onnx", whole_bytes=whole_bytes)

    path = tmp_path / "graph.onnx"
    logits, exact = graph_logits(path, model, TEXTS), exact_logits(path, model, TEXTS)

    # A number halfway between two bytes may be rounded to either.
    np.testing.assert_allclose(logits, exact, atol=0.02, rtol=0)


def test_every_product_with_a_weight_is_one_of_integers(graph: Path, tmp_path: Path) -> None:
    write_integer_products(graph, tmp_path / "graph.onnx", whole_bytes=True)

    before, after = (
        [node.op_type for node in onnx.load(path).graph.node] for path in (graph, tmp_path / "graph.onnx")
    )

    # Two layers with six weights each; the last one's attention multiplies no weights.
    assert after.count("MatMulIntegerToFloat") == 12
    assert after.count("MatMul") == before.count("MatMul") - 12


def test_7_bits_are_enough_where_sums_have_16(graph: Path, tmp_path: Path) -> None:
    write_integer_products(graph, tmp_path / "graph.onnx", whole_bytes=False)

    weights = [
        onnx.numpy_helper.to_array(each)
        for each in onnx.load(tmp_path / "graph.onnx").graph.initializer
        if each.data_type == onnx.TensorProto.INT8
    ]

    assert max(int(np.abs(weight).max()) for weight in weights) == 64
    assert 2 * 255 * 64 < 2**15


def test_in_integers_a_text_does_not_depend_on_the_texts_beside_it(
    graph: Path, model: EncoderClassifier, tmp_path: Path
) -> None:
    write_integer_products(graph, tmp_path / "graph.onnx", whole_bytes=True)

    alone = graph_logits(tmp_path / "graph.onnx", model, TEXTS[:1])

    together = graph_logits(tmp_path / "graph.onnx", model, [TEXTS[0], "furious rage hate mad angry"])
    np.testing.assert_allclose(together[:1], alone, atol=1e-5, rtol=1e-5)


def test_weights_that_layers_share_stay_shared(tmp_path: Path) -> None:
    classifier = stock_classifier(build_tiny_model(tmp_path / "model", "albert"))
    graph = write_onnx(classifier, tmp_path)

    write_integer_weights(graph, tmp_path / "small.onnx")

    nodes = [node.op_type for node in onnx.load(tmp_path / "small.onnx").graph.node]
    assert nodes.count("DequantizeLinear") < nodes.count("MatMul")
    found, expected = (graph_logits(path, classifier, TEXTS) for path in (tmp_path / "small.onnx", graph))
    assert np.abs(found - expected).max() < 0.1 * np.abs(expected).max()
