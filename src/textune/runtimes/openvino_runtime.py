"""OpenVINO: `graph.xml` with the weights in `graph.bin`, in fp32, in bf16 or with weights in 8 bits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from textune.errors import ExportError
from textune.runtimes.registry import Compute, GraphSource, Runtime, register_runtime


@cache
def _core() -> Any:
    """Return the process's one `openvino.Core`, which is never released.

    It gives the thread that loads its CPU plugin a stack for signals, and frees that stack in whichever
    thread unloads the plugin. If the garbage collector did so in another thread, the next signal would end
    the process.
    """
    import openvino

    return openvino.Core()


def _open(graph: Path, precision: str, threads: int) -> Compute:
    import numpy as np
    import openvino

    # OpenVINO loads NumPy's functions when they are first needed. If two threads need them first at the same
    # time, they may wait for each other for ever.
    _ = openvino.Tensor(np.zeros(1, np.float32)).data
    settings = {
        # Left to itself, OpenVINO computes in bf16 wherever the processor can.
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
        # Where weights are in 8 bits, this many numbers of a token's vector share a scale: the fastest of 32
        # to 384, and as accurate as the smaller ones.
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": "128" if precision == "int8" else "0",
        "NUM_STREAMS": str(threads),
        "INFERENCE_NUM_THREADS": str(threads),
    }
    with _runtime_errors():
        compiled = _core().compile_model(str(graph), "CPU", settings)
    idle: SimpleQueue[Any] = SimpleQueue()
    for _ in range(threads):
        idle.put(compiled.create_infer_request())

    names = [each.get_any_name() for each in compiled.inputs]

    def compute(*inputs: Any) -> Any:
        request = idle.get()
        try:
            with _runtime_errors():
                result = request.infer(dict(zip(names, inputs, strict=True)))
            # The next thread that takes the request overwrites its memory.
            return [result[output].copy() for output in compiled.outputs]
        finally:
            idle.put(request)

    return compute


@contextmanager
def _runtime_errors() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        # The lines before the reason name places in OpenVINO's source code.
        lines = [line for line in str(error).splitlines() if line and not line.startswith("Exception from")]
        raise ExportError(
            f"OpenVINO cannot compute the model on this processor: {lines[0] if lines else error}",
            "Without AVX2, OpenVINO lacks operations that encoders need. Classify with --runtime "
            "onnx or torch.",
        ) from error


def _write(source: GraphSource, graph: Path, precision: str) -> None:
    import openvino

    with tempfile.TemporaryDirectory() as scratch:
        onnx = source.onnx
        if precision == "int8":
            from textune.runtimes.eight_bits import write_integer_weights

            onnx = Path(scratch) / "compressed.onnx"
            write_integer_weights(source.onnx, onnx)
        model = _core().read_model(str(onnx))
        # By default, OpenVINO rounds weights to fp16.
        openvino.save_model(model, str(graph), compress_to_fp16=False)


register_runtime(
    Runtime(
        name="openvino",
        title="OpenVINO",
        package="openvino",
        extra="openvino",
        graph="graph.xml",
        precisions=("fp32", "bf16", "int8"),
        open=_open,
        write=_write,
    )
)
