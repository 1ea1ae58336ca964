#!/usr/bin/env bash
# OpenVINO 2026.4.1 (CPU plugin, Linux x86-64): layer normalisation cannot be compiled without AVX2.
#
# A graph with a softmax compiles and runs when oneDNN, which the plugin contains, is limited to SSE4.1. A graph with
# mean-variance normalisation, the operation behind every LayerNorm of a transformer, does not: compile_model raises
# "[CPU] MVN node with name '...' bad combination". With AVX2, both run. So an exported encoder works on processors with
# AVX2 and fails on older ones, although the runtime itself starts there and computes other graphs.
#
# Exits with 0 while this holds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check openvino==2026.4.1 numpy==2.4.6
cat >"$folder/compile.py" <<'PYTHON'
import sys

import numpy
import openvino
from openvino import opset13

x = opset13.parameter([-1, 64], numpy.float32)
node = {
    "softmax": lambda: opset13.softmax(x, 1),
    "normalisation": lambda: opset13.mvn(x, numpy.array([1]), True, 1e-5, "inside_sqrt"),
}[sys.argv[1]]()
try:
    compiled = openvino.Core().compile_model(openvino.Model([node], [x]), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    print("runs", compiled(numpy.ones((3, 64), numpy.float32))[0].shape)
except RuntimeError as error:
    print("raises", "bad combination" if "bad combination" in str(error) else error)
PYTHON
check() {
    printed=$(ONEDNN_MAX_CPU_ISA=$1 "$folder/env/bin/python" "$folder/compile.py" "$2")
    echo "limited to $1, $2: $printed"
    [ "$printed" = "$3" ]
}
check AVX2 softmax "runs (3, 64)"
check AVX2 normalisation "runs (3, 64)"
check SSE41 softmax "runs (3, 64)"
check SSE41 normalisation "raises bad combination"
