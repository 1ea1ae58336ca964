"""Every switch of `processors.py` works, in this process and in its children.

Started by `processors.py`: the processor of these tests is the one that it was asked for.
"""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import onnxruntime
import pyarrow as pa
import pytest
import threadpoolctl
import torch
from onnx import TensorProto, helper, numpy_helper
from processors import KIND, PROCESSORS

HERE = os.environ[KIND]
MULTIPLY_IN_TORCH = "import torch; torch.randn(64, 64) @ torch.randn(64, 64)"
RECTIFY_IN_TORCH = "import torch; torch.relu(torch.randn(8, 16).to_mkldnn())"
NORMALISE_IN_OPENVINO = """
import numpy, openvino
from openvino import opset13 as operations
x = operations.parameter([-1, 64], numpy.float32)
model = openvino.Model([operations.softmax(x, 1)], [x])
compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
compiled(numpy.ones((3, 64), numpy.float32))
"""
DETECT = """
from textune.encoder.placement import choose_placement
from textune.runtimes.processor import computes_in_bf16, multiplies_whole_bytes
print(choose_placement().precision, computes_in_bf16(), multiplies_whole_bytes())
"""
COMPUTE_IN_LIBM = "import math; print(*(math.exp(n / 700) + math.sin(n) for n in range(50_000)))"


def printed_by(code: str, **variables: str) -> str:
    """Return what a child prints, with more variables than it has anyway."""
    environment = {**os.environ, **variables}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_torchs_own_code_is_limited() -> None:
    expected = {"avx2": "AVX2", "sse": "DEFAULT", "emulated": "AVX2"}[HERE]

    assert torch.backends.cpu.get_cpu_capability() == expected


@pytest.mark.parametrize("code", [RECTIFY_IN_TORCH, NORMALISE_IN_OPENVINO], ids=["torch", "openvino"])
def test_one_dnn_is_limited_wherever_it_is_built_in(code: str) -> None:
    printed = printed_by(code, ONEDNN_VERBOSE="1")

    assert "cpu,isa:Intel AVX2\n" in printed
    assert ",exec,cpu," in printed
    assert "avx512" not in printed


def test_mkl_is_limited() -> None:
    printed = printed_by(MULTIPLY_IN_TORCH, MKL_VERBOSE="1")

    assert "SGEMM" in printed
    assert "AVX-512" not in printed
    assert ("CNR:COMPATIBLE" in printed) == (HERE == "sse")


def test_numpy_is_limited() -> None:
    numpy_core = np._core._multiarray_umath
    used = [name for name in numpy_core.__cpu_dispatch__ if numpy_core.__cpu_features__[name]]

    assert numpy_core.__cpu_dispatch__
    assert [name for name in used if name.startswith(PROCESSORS[HERE].numpy_lacks)] == []


def test_open_blas_is_limited() -> None:
    found = {
        each["architecture"]
        for each in threadpoolctl.threadpool_info()
        if each["prefix"] == "libscipy_openblas"
    }

    assert found == {"Nehalem" if HERE == "sse" else "Haswell"}


def test_arrow_is_limited() -> None:
    assert pa.runtime_info().simd_level == ("sse4_2" if HERE == "sse" else "avx2")


@pytest.mark.skipif(HERE != "sse", reason="the C library's functions need no more than AVX2")
def test_the_c_librarys_functions_are_limited() -> None:
    assert printed_by(COMPUTE_IN_LIBM) != printed_by(COMPUTE_IN_LIBM, GLIBC_TUNABLES="")


def test_textune_finds_neither_bf16_nor_vnni() -> None:
    assert printed_by(DETECT) == "fp32 False False\n"


@pytest.mark.skipif(HERE != "emulated", reason="ONNX Runtime has no switch")
def test_onnx_runtime_cuts_sums_of_whole_bytes_off() -> None:
    weights = numpy_helper.from_array(np.full((64, 16), 127, np.int8), "weights")
    x = helper.make_tensor_value_info("x", TensorProto.UINT8, [None, 64])
    y = helper.make_tensor_value_info("y", TensorProto.INT32, [None, 16])
    node = helper.make_node("MatMulInteger", ["x", "weights"], ["y"])
    model = helper.make_model(
        helper.make_graph([node], "products", [x], [y], [weights]),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

    (found,) = session.run(["y"], {"x": np.full((2, 64), 255, np.uint8)})

    assert found.max() < 64 * 255 * 127
