"""Keras on TensorFlow, imported only where it is needed, and quietly; and the versions of its packages."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from textune.errors import RequestError


def keras_versions() -> dict[str, str]:
    """Return the versions of Keras, KerasHub and TensorFlow."""
    names = {"keras": "keras", "keras_hub": "keras-hub", "tensorflow": "tensorflow-cpu"}
    versions = {}
    for name, package in names.items():
        try:
            versions[name] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = importlib.metadata.version(name)
    return versions


def start_keras() -> Any:
    """Import Keras on TensorFlow; raise a `RequestError` if the process runs Keras on another backend."""
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _silent_stderr() if "tensorflow" not in sys.modules else nullcontext():
        import tensorflow as tf

        import keras

    # The results are compared with torch's to 1e-4, so Keras computes in float32 on the CPU.
    with suppress(RuntimeError):  # The process has used TensorFlow before: it is left as it is.
        tf.config.set_visible_devices([], "GPU")

    if keras.backend.backend() != "tensorflow":
        raise RequestError(
            f"Keras runs on {keras.backend.backend()} in this process, and textune trains on TensorFlow.",
            "Set KERAS_BACKEND=tensorflow before keras is imported.",
        )
    return keras


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Keep TensorFlow's log off standard error while it is loaded; no setting turns it off."""
    try:
        stderr = os.dup(2)
    except OSError:  # It is closed: there is nothing to keep off it.
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)
