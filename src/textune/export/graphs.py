"""Graphs: a classifier as one computation from token ids to logits, in a runtime's own file format.

In: a classifier in torch, and a folder. Out: `graph.onnx`, or `graph.xml` with `graph.bin`. Encoder, pooling
and head are in the graph; the numbers of rows and tokens are free. Does not know what texts say, nor whether
the graph gives what the classifier gives: that is for the caller to check.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from textune.encoder.batching import pad_tensors
from textune.encoder.placement import Placement
from textune.encoder.prefix import pool
from textune.encoder.suffix import build_suffix
from textune.errors import ModelError
from textune.export.eight_bits import write_integer_products, write_integer_weights
from textune.model.trainable import reads_first_token_only
from textune.runtimes.exports import GRAPHS, Reading

if TYPE_CHECKING:
    from textune.model.classifier import TextClassifier

_OPSET = 17
"""The first version of ONNX's operations in which layer normalisation is one."""
_EXAMPLES = ("a few words of an example", "a word")


class _Logits(nn.Module):
    """What of a classifier becomes a graph: from token ids to logits."""

    def __init__(self, encoder: Any, classifier: TextClassifier) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = classifier.head
        self._pooling = classifier.pooling

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        last_only = self._pooling.layers == (-1,)
        output = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=not last_only
        )
        states = (output.last_hidden_state,) if last_only else output.hidden_states
        logits: torch.Tensor = self.head(pool(states, attention_mask, pooling=self._pooling))
        return logits


def write_onnx(classifier: TextClassifier, folder: Path) -> Path:
    """Write a classifier as an ONNX graph in fp32.

    Where the head reads nothing but the first token, the last layer computes no other: with six layers, that
    is a seventh of the work.

    Raises:
        ModelError: The architecture's code cannot be written as a graph.
    """
    graph = folder / GRAPHS["onnx"]
    # `eager` attention consists of plain operations, which the runtimes know how to join.
    placed = classifier.placed(Placement("cpu", "fp32", "eager"))
    rows = classifier.tokenize(_EXAMPLES)
    input_ids, attention_mask = pad_tensors(rows, padding_id=classifier.tokenizer.pad_token_id)
    short = reads_first_token_only(placed, {"input_ids": input_ids, "attention_mask": attention_mask})
    encoder = build_suffix(placed.encoder, 0, first_token_only=True) if short else placed.encoder
    try:
        _trace(_Logits(encoder, placed).eval(), (input_ids, attention_mask), graph)
    except OSError:
        raise
    # An architecture's own code can fail in any way while it is followed.
    except Exception as error:
        name = type(classifier.encoder).__name__
        raise ModelError(
            f"{name} cannot be written as an ONNX graph: {str(error).strip().partition(chr(10))[0]}",
            "Classify with --runtime torch.",
        ) from error
    return graph


def write_graph(source: Path, folder: Path, reading: Reading) -> None:
    """Write the graph of an export, and of OpenVINO's the numbers beside it.

    Args:
        source: The classifier as an ONNX graph in fp32.
        folder: Where to write.
        reading: For which runtime, and in which precision.
    """
    graph = folder / GRAPHS[reading.runtime]
    if reading.runtime == "onnx":
        if reading.precision == "int8":
            write_integer_products(source, graph, whole_bytes=reading.whole_bytes)
        else:
            shutil.copyfile(source, graph)
    elif reading.precision == "int8":
        with tempfile.TemporaryDirectory() as scratch:
            compressed = Path(scratch) / source.name
            write_integer_weights(source, compressed)
            _write_openvino(compressed, graph)
    else:
        _write_openvino(source, graph)


def _write_openvino(source: Path, graph: Path) -> None:
    import openvino

    model = openvino.Core().read_model(str(source))
    # By default, weights would be rounded to fp16.
    openvino.save_model(model, str(graph), compress_to_fp16=False)


def _trace(module: nn.Module, example: tuple[torch.Tensor, torch.Tensor], graph: Path) -> None:
    """Write a module as a graph, by following it through an example of two unlike rows."""
    names = ("input_ids", "attention_mask")
    axes: dict[str, dict[int, str]] = {name: {0: "rows", 1: "tokens"} for name in names}
    with torch.no_grad(), warnings.catch_warnings():
        # It warns of being the older one of two exporters, and of every size that it might take for a
        # constant. The newer one needs two more packages, and takes twice as long for the same graph.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            example,
            str(graph),
            input_names=list(names),
            output_names=["logits"],
            dynamic_axes=axes | {"logits": {0: "rows"}},
            opset_version=_OPSET,
            dynamo=False,
        )
