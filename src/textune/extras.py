"""Optional packages: whether they are installed, and how to install what is missing."""

from __future__ import annotations

import importlib.util

from textune.errors import MissingExtraError

PURPOSES = {
    "embedded": "the encoder embedded:minilm",
    "mpnet": "the encoder embedded:mpnet",
    "lora": "low-rank training",
    "explain": "integrated gradients",
    "serve": "textune serve",
    "mcp": "textune mcp",
    "cluster": "predict on Ray",
    "tune": "textune tune",
    "cleanlab": "audit --cleanlab",
    "tensorflow": "training in Keras",
    "onnx": "faster exports",
    "openvino": "faster exports",
}
"""What each extra is for, in a few words."""


def check_extra(package: str, extra: str, purpose: str) -> None:
    """Raise a `MissingExtraError` if a package that an extra installs is missing."""
    if importlib.util.find_spec(package) is None:
        raise MissingExtraError(extra, purpose)


def has_keras() -> bool:
    """Return whether all packages of the Keras engine are installed."""
    return all(importlib.util.find_spec(name) for name in ("tensorflow", "keras", "keras_hub"))
