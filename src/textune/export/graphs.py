"""A classifier as an ONNX graph, from token ids to logits, which runtimes turn into files of their own.

The graph has the encoder, the pooling and the head, in fp32, for any number of rows and tokens. It gives the
logits, and the features that the head reads. Where texts are read in windows, it gives the features of
windows, and a second graph makes the logits and the features of a text from those of its windows. The caller
checks that they give the classifier's logits.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import nn

from textune.encoder.placement import Placement
from textune.encoder.prefix import pool
from textune.encoder.suffix import build_suffix
from textune.errors import ModelError
from textune.formats.text_pairs import AnyText, TextPair
from textune.model.classifier import EncoderClassifier
from textune.model.trainable import reads_first_token_only
from textune.wording import first_line


@dataclass(frozen=True)
class ClassifierGraph:
    """A classifier on the CPU in fp32, whose ONNX graph goes into the folder; see `registry.GraphSource`."""

    classifier: EncoderClassifier
    folder: Path

    @cached_property
    def onnx(self) -> Path:
        """The ONNX graph, written when it is first asked for; for errors see `write_onnx`."""
        return write_onnx(self.classifier, self.folder)


@dataclass(frozen=True)
class HeadGraph:
    """The head of a classifier that reads windows; see `ClassifierGraph`."""

    classifier: EncoderClassifier
    folder: Path

    @cached_property
    def onnx(self) -> Path:
        """The ONNX graph, written when it is first asked for."""
        return write_head(self.classifier, self.folder)


class _Outputs(nn.Module):
    """Logits and features of token ids; features alone where the classifier reads windows."""

    def __init__(self, encoder: Any, classifier: EncoderClassifier) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = classifier.head if classifier.windows is None else None
        self._pooling = classifier.pooling

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
    ) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        last_only = self._pooling.layers == (-1,)
        inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
        if token_type_ids is not None:
            inputs["token_type_ids"] = token_type_ids
        output = self.encoder(**inputs, output_hidden_states=not last_only)
        states = (output.last_hidden_state,) if last_only else output.hidden_states
        features = pool(states, attention_mask, pooling=self._pooling)
        return features if self.head is None else (self.head(features), features)


class _TextHead(nn.Module):
    """Logits (1, classes) and features (1, width) of the features (windows, width) of one text's windows."""

    def __init__(self, classifier: EncoderClassifier) -> None:
        super().__init__()
        assert classifier.window_pool is not None
        self.head = classifier.head
        self._pool = classifier.window_pool

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        of_text = self._pool.of_one_text(features)
        return self.head(of_text), of_text


def write_head(classifier: EncoderClassifier, folder: Path) -> Path:
    """Write an ONNX graph in fp32 from the features (windows, width) of a text's windows to its own.

    The outputs are the text's logits and its features.
    """
    graph = folder / "head.onnx"
    width = classifier.encoder.config.hidden_size * len(classifier.pooling.layers)
    _trace(
        _TextHead(classifier).eval(),
        {"windows": torch.ones(2, width)},
        graph,
        outputs=["logits", "features"],
        axes={"windows": {0: "count"}},
    )
    return graph


def write_onnx(classifier: EncoderClassifier, folder: Path) -> Path:
    """Write a classifier as an ONNX graph in fp32, or raise a `ModelError` if its code cannot become one.

    Where the head reads only the first token, the last layer computes no other: with six layers, that saves a
    seventh of the work.
    """
    graph = folder / "graph.onnx"
    # `eager` attention consists of plain operations, which the runtimes know how to fuse.
    placed = classifier.placed(Placement("cpu", "fp32", "eager"))
    texts: list[AnyText] = ["a few words of an example", "a word"]
    pairs: list[AnyText] = [TextPair("a few words of an example", "a word"), TextPair("a word", "a word")]
    inputs = classifier.inputs(classifier.truncate(pairs if classifier.pairs else texts))
    short = reads_first_token_only(placed, inputs)
    encoder = build_suffix(placed.encoder, 0, first_token_only=True) if short else placed.encoder
    try:
        outputs = ["logits", "features"] if classifier.windows is None else ["features"]
        axes = {name: {0: "rows", 1: "tokens"} for name in inputs} | {name: {0: "rows"} for name in outputs}
        _trace(_Outputs(encoder, placed).eval(), inputs, graph, outputs=outputs, axes=axes)
    except OSError:
        raise
    # An architecture's own code can fail in any way while it is traced.
    except Exception as error:
        name = type(classifier.encoder).__name__
        raise ModelError(
            f"{name} cannot be written as an ONNX graph: {first_line(error)}",
            "Classify with --runtime torch.",
        ) from error
    return graph


def _trace(
    module: nn.Module,
    example: Mapping[str, torch.Tensor],
    graph: Path,
    *,
    outputs: list[str],
    axes: Mapping[str, Mapping[int, str]],
) -> None:
    """Write a module as a graph, by tracing it with inputs of two rows; the `axes` are free in size."""
    with torch.no_grad(), warnings.catch_warnings(), _no_log():
        # It warns that it is the older of two exporters, and about every size that might become a constant.
        # The newer one needs two more packages, and takes twice as long for the same graph.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            tuple(example.values()),
            str(graph),
            input_names=list(example),
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=17,  # The first in which layer normalisation is one operation.
            dynamo=False,
        )


@contextmanager
def _no_log() -> Iterator[None]:
    """Keep torch from printing the whole graph to stdout if an operation is not supported.

    It means to do that only where its log is on, but asks for this without calling the function that knows.
    """
    from torch.onnx._internal.torchscript_exporter import utils

    @contextmanager
    def leave_off(verbose: bool) -> Iterator[None]:
        yield

    setup = utils.setup_onnx_logging
    utils.setup_onnx_logging = leave_off
    try:
        yield
    finally:
        utils.setup_onnx_logging = setup
