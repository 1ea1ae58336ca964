"""ONNX Runtime: one ONNX graph on the CPU, in fp32 or with products of 8-bit integers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from textune.runtimes.processor import multiplies_whole_bytes
from textune.runtimes.registry import Compute, GraphSource, Runtime, register_runtime


def _open(graph: Path, precision: str, threads: int) -> Compute:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Each calling thread computes its own batch: see `ExportPredictor`.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # Its errors are raised as well.
    session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])

    names = [each.name for each in session.get_inputs()]

    def compute(*inputs: Any) -> Any:
        return session.run(None, dict(zip(names, inputs, strict=True)))

    return compute


def _write(source: GraphSource, graph: Path, precision: str) -> None:
    if precision == "int8":
        from textune.runtimes.eight_bits import write_integer_products

        write_integer_products(source.onnx, graph, whole_bytes=multiplies_whole_bytes())
    else:
        shutil.copyfile(source.onnx, graph)


register_runtime(
    Runtime(
        name="onnx",
        title="ONNX Runtime",
        package="onnxruntime",
        extra="onnx",
        graph="graph.onnx",
        precisions=("fp32", "int8"),
        open=_open,
        write=_write,
        byte_products=("int8",),
    )
)
