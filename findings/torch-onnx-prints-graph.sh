#!/usr/bin/env bash
# torch 2.13.0: torch.onnx.export prints the whole graph to stdout when an operation is not supported, with verbose=False.
#
# The exporter that traces (dynamo=False) means to print the graph of a failed export only where its log is on. It asks
# `torch._C._jit_is_onnx_log_enabled` without calling it; a function is true, so the log is always on. A program whose
# stdout is data, such as JSON, gets thousands of lines between its own, although it catches the exception.
#
# Exits with 0 while this holds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6 onnx==1.23.2
cat >"$folder/export.py" <<'PYTHON'
import sys
import warnings

import torch

warnings.simplefilter("ignore")


class Spectrum(torch.nn.Module):
    def forward(self, x):
        return torch.fft.fft(x).real


try:
    torch.onnx.export(
        Spectrum(), (torch.ones(2, 3),), sys.argv[1], opset_version=17, dynamo=False, verbose=False
    )
except torch.onnx.errors.UnsupportedOperatorError:
    print("raises UnsupportedOperatorError", file=sys.stderr)
PYTHON
"$folder/env/bin/python" -c "import torch; print('torch', torch.__version__)"
printed=$("$folder/env/bin/python" "$folder/export.py" "$folder/graph.onnx")
echo "stdout begins: ${printed:0:60}"
[[ $printed == "Torch IR graph at exception: graph("* ]]
