"""Runtimes: what runs a classifier, one file each."""

from textune.runtimes import onnx_runtime, openvino_runtime

__all__ = ["onnx_runtime", "openvino_runtime"]
