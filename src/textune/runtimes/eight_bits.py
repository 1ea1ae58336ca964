"""Graphs in 8 bits: the encoder's products with its weights, in integers.

Every product with a weight matrix is computed in 8-bit integers; or only the weights are stored in 8 bits,
for a runtime that quantizes activations by itself. Every token's vector has its own scale. So no range is
measured on texts beforehand, and a text's numbers do not depend on the other texts of its batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LARGEST = 127
_OF_ONNX_RUNTIME = "com.microsoft"


def write_integer_products(source: Path, target: Path, *, whole_bytes: bool) -> None:
    """Write an fp32 graph as one that computes its products with weights in integers, for ONNX Runtime.

    A token's vector has one step, by which its largest absolute value is 127, so that it becomes bytes. The
    sums of the integer product are then multiplied by the steps of the weights and of the vector.

    Weights take 8 bits with `whole_bytes`, and else 7: two products then fit into the 16 bits in which some
    processors sum them (see `processor.multiplies_whole_bytes`).
    """
    editor = _Editor(source)
    one, zero = editor.constant(np.array(1, np.float32)), editor.constant(np.array(128, np.uint8))
    weights: dict[str, tuple[str, str]] = {}
    vectors: dict[str, tuple[str, str]] = {}
    for node in editor.products():
        x, weight = node.input
        if x not in vectors:
            vectors[x] = _add_bytes(editor, x)
        if weight not in weights:
            integers, steps = editor.integers(weight, _LARGEST if whole_bytes else 64)
            weights[weight] = editor.constant(integers), editor.constant(steps)
        (bytes_of_x, steps_of_x), (integers_of_weight, steps_of_weight) = vectors[x], weights[weight]
        operands = bytes_of_x, integers_of_weight, one, steps_of_weight, zero
        # One operation of ONNX Runtime's own: its optimizer does not fuse the standard's three into it.
        product = editor.add("MatMulIntegerToFloat", *operands, domain=_OF_ONNX_RUNTIME)
        editor.add("Mul", product, steps_of_x, output=node.output[0])
    editor.save(target)


def _add_bytes(editor: _Editor, x: str) -> tuple[str, str]:
    """Return the names of the bytes of `x` (..., tokens, width), of which 128 is 0, and of the steps.

    Scales by row are those of a matrix, so the bytes are made of one.
    """
    largest = editor.add("ReduceMax", editor.add("Abs", x), axes=[-1], keepdims=1)
    tiny, share = (
        editor.constant(np.array(1e-9, np.float32)),
        editor.constant(np.array(1 / _LARGEST, np.float32)),
    )
    steps = editor.add("Mul", editor.add("Max", largest, tiny), share)
    rows = editor.add("Flatten", x, axis=-1)
    of_rows = editor.add("Reshape", steps, editor.constant(np.array([-1], np.int64)))
    zeros = editor.add("ConstantOfShape", editor.add("Shape", of_rows), value=editor.one_byte(128))
    integers = editor.add("QuantizeLinear", rows, of_rows, zeros, axis=0)
    return editor.add("Reshape", integers, editor.add("Shape", x)), steps


def write_integer_weights(source: Path, target: Path) -> None:
    """Write a graph that stores its weights as 8-bit integers and computes as before, for OpenVINO."""
    editor = _Editor(source)
    weights: dict[str, str] = {}
    for node in editor.products():
        x, weight = node.input
        if weight not in weights:
            integers, steps = editor.integers(weight, _LARGEST)
            weights[weight] = editor.add(
                "DequantizeLinear", editor.constant(integers), editor.constant(steps), axis=1
            )
        editor.add("MatMul", x, weights[weight], output=node.output[0])
    editor.save(target)


class _Editor:
    """Replaces the products with weight matrices in a graph."""

    def __init__(self, source: Path) -> None:
        import onnx

        self._model = onnx.load(str(source))
        self._weights = {tensor.name: tensor for tensor in self._model.graph.initializer}
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._numbers = count(1)
        self._byte_type = onnx.TensorProto.UINT8

    def products(self) -> Iterator[Any]:
        """Yield the products with a weight matrix; all other nodes stay as they are."""
        for node in self._model.graph.node:
            if node.op_type == "MatMul" and len(getattr(self._weights.get(node.input[1]), "dims", ())) == 2:
                yield node
            else:
                self._nodes.append(node)

    def integers(self, name: str, largest: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """Return a weight matrix (inputs, outputs) as integers, and the size of a step for every output."""
        from onnx import numpy_helper

        weight = numpy_helper.to_array(self._weights[name])
        steps = np.abs(weight).max(axis=0) / largest
        steps[steps == 0] = 1
        integers = np.clip(np.round(weight / steps), -largest, largest).astype(np.int8)
        return integers, steps.astype(np.float32)

    def constant(self, value: NDArray[Any]) -> str:
        """Add a constant and return its name."""
        from onnx import numpy_helper

        name = f"textune_{next(self._numbers)}"
        self._constants.append(numpy_helper.from_array(value, name))
        return name

    def one_byte(self, value: int) -> Any:
        """Return a byte as the value of an attribute."""
        from onnx import helper

        return helper.make_tensor("value", self._byte_type, [1], [value])

    def add(self, operation: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add an operation and return the name of its output."""
        from onnx import helper

        output = output or f"textune_{next(self._numbers)}"
        self._nodes.append(helper.make_node(operation, inputs, [output], name=output, **attributes))
        return output

    def save(self, target: Path) -> None:
        """Write the graph, without the weights that no operation reads any more."""
        import onnx
        from onnx import helper

        graph = self._model.graph
        read = {name for node in self._nodes for name in node.input}
        still_read = [tensor for tensor in graph.initializer if tensor.name in read]
        if any(node.domain == _OF_ONNX_RUNTIME for node in self._nodes):
            self._model.opset_import.append(helper.make_opsetid(_OF_ONNX_RUNTIME, 1))
        del graph.node[:], graph.initializer[:]
        graph.node.extend(self._nodes)
        graph.initializer.extend([*still_read, *self._constants])
        onnx.save(self._model, str(target))
