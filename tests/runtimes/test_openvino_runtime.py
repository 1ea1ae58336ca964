"""What OpenVINO does to the process that it runs in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RELEASE_AND_SIGNAL = """
import gc, os, signal, sys, threading
from pathlib import Path

import numpy as np
import openvino
from openvino import opset13

from textune.runtimes.registry import find_runtime

graph = Path(sys.argv[1])
x = opset13.parameter([-1, 4], np.float32)
openvino.save_model(openvino.Model([opset13.relu(x)], [x]), str(graph))
held = [find_runtime("openvino").open(graph, "fp32", 1)]
[outputs] = held[0](np.ones((1, 4), np.float32))
assert outputs.tolist() == [[1, 1, 1, 1]]

def release():
    held.clear()
    gc.collect()

thread = threading.Thread(target=release)
thread.start()
thread.join()
signal.signal(signal.SIGTERM, lambda number, frame: print("handled"))
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_a_model_released_by_another_thread_leaves_signals_working(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RELEASE_AND_SIGNAL, str(tmp_path / "graph.xml")]

    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (result.returncode, result.stdout) == (0, "handled\n"), result.stderr
