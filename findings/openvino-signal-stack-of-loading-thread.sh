#!/usr/bin/env bash
# OpenVINO 2026.4.1 (CPU plugin, Linux x86-64, processor with AVX-512): compiling a model replaces the calling thread's
# alternate signal stack, and releasing the model and its Core in another thread does not give the old one back.
#
# compile_model gives the thread that loads the plugin a stack of OpenVINO's own (sigaltstack), also where Python's
# faulthandler had set one. If the last reference goes in the same thread, the old stack returns. If it goes in another
# thread, as happens when the garbage collector runs there, the first thread keeps the address of OpenVINO's stack,
# although the plugin that owned it is gone. A process that keeps one Core for its whole life is safe.
#
# Exits with 0 while this holds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check openvino==2026.4.1 numpy==2.4.6
cat >"$folder/release.py" <<'PYTHON'
import ctypes
import faulthandler
import gc
import sys
import threading

import numpy
import openvino
from openvino import opset13


class Stack(ctypes.Structure):
    _fields_ = [("address", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t)]


def signal_stack():
    stack = Stack()
    ctypes.CDLL(None).sigaltstack(None, ctypes.byref(stack))
    return stack.address


def release():
    held.clear()
    gc.collect()


faulthandler.enable()
before = signal_stack()
x = opset13.parameter([-1, 4], numpy.float32)
core = openvino.Core()
held = [core, core.compile_model(openvino.Model([opset13.relu(x)], [x]), "CPU")]
del core
compiled = signal_stack()
if sys.argv[1] == "the same":
    release()
else:
    thread = threading.Thread(target=release)
    thread.start()
    thread.join()
after = signal_stack()
print("replaced" if compiled != before else "kept", "given back" if after == before else "not given back")
PYTHON
for thread in "the same" another; do
    printed=$("$folder/env/bin/python" "$folder/release.py" "$thread")
    echo "released in $thread thread: $printed"
    [ "$thread" != "the same" ] || [ "$printed" = "replaced given back" ]
    [ "$thread" != another ] || [ "$printed" = "replaced not given back" ]
done
