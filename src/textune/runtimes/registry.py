"""What a runtime is, and which runtimes there are.

A new runtime is one file in this folder, `NAME_runtime.py`, which registers it. The file is imported when
runtimes are first asked for, so it imports its library only inside functions. Needs no library.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from textune.discovery import import_files
from textune.errors import MissingExtraError, RequestError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from textune.model.classifier import EncoderClassifier

TORCH = "torch"
"""The runtime of a run's own model, without an export."""
Compute = Callable[..., "Sequence[NDArray[np.float32]]"]
"""From a graph's inputs to its outputs, in their order; any thread may call it. The inputs of a classifier's
graph are its `MODEL_INPUTS`, int64 arrays (rows, tokens). Its outputs are the logits (rows, classes) and what
the head reads, the features (rows, width); exports of older versions have no features."""


class GraphSource(Protocol):
    """A classifier, or a part of it, to be written as the graph of a runtime."""

    @property
    def classifier(self) -> EncoderClassifier:
        """The classifier in torch, on the CPU in fp32."""

    @property
    def onnx(self) -> Path:
        """The ONNX graph in fp32, which is written when it is first asked for."""


@dataclass(frozen=True)
class Runtime:
    """What runs an exported classifier.

    Attributes:
        name: The name by which people ask for it, without a hyphen.
        title: Its name in a sentence.
        package: The Python package that opens an export.
        extra: The extra of textune that installs the package.
        graph: The file in the export's folder that holds the graph.
        precisions: The arithmetic it offers: `fp32`, and perhaps `bf16` or `int8`.
        open: Returns the graph's function, given the graph, the precision and how many threads will call it.
        write: Writes the graph, given the classifier, path and precision; other files may go beside it.
        byte_products: Precisions whose graph depends on `processor.multiplies_whole_bytes`.
    """

    name: str
    title: str
    package: str
    extra: str
    graph: str
    precisions: tuple[str, ...]
    open: Callable[[Path, str, int], Compute]
    write: Callable[[GraphSource, Path, str], None]
    byte_products: tuple[str, ...] = ()

    @property
    def is_installed(self) -> bool:
        """Whether the runtime's package is installed."""
        return importlib.util.find_spec(self.package) is not None

    def check_installed(self) -> None:
        """Raise a `MissingExtraError` unless the runtime's package is installed."""
        if not self.is_installed:
            raise MissingExtraError(self.extra, f"The runtime {self.name}")


_RUNTIMES: dict[str, Runtime] = {}


def register_runtime(runtime: Runtime) -> None:
    """Add a runtime, or replace the one of the same name."""
    if "-" in runtime.name or runtime.name == TORCH:
        raise ValueError(f"'{runtime.name}' cannot be the name of a runtime for exports")
    _RUNTIMES[runtime.name] = runtime


def all_runtimes() -> dict[str, Runtime]:
    """Return all runtimes for exports, by name."""
    import_files("textune.runtimes", ending="_runtime")
    return _RUNTIMES


def find_runtime(name: str) -> Runtime:
    """Return a runtime by its name, or by the name of an export such as `onnx-int8`."""
    runtime = all_runtimes().get(name.partition("-")[0])
    if runtime is None:
        raise RequestError(
            f"There is no runtime '{name}' for exports.",
            f"The runtimes for exports are: {', '.join(all_runtimes())}. "
            f"A run's own model needs no export: {TORCH}.",
        )
    return runtime
