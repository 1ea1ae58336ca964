"""What is served: a classifier and what is known of it.

In: a run folder, or an export. Out: a `Served`. This is the one place where the server meets a runtime. Does
not know HTTP.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from textune.prediction.predictor import TorchPredictor, load_choice
from textune.run.layout import Run, read_manifest
from textune.runtimes.choosing import Choice, choose
from textune.runtimes.exports import exports_folder
from textune.runtimes.processor import available_cores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from textune.runtimes.graph_predictor import ExportPredictor

_SHOWN = ("recipe", "metrics", "filtered", "baselines")
_FASTER = "Serving with torch. An export answers several times faster: textune export {run} --runtime onnx"


class Scorer(Protocol):
    """What classifies: `TorchPredictor`, `ExportPredictor`."""

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes' names, in the order of the logits."""

    @property
    def threshold(self) -> float:
        """The top probability below which no label is given: 0 where one always is, infinity: never."""

    def predict_logits(self, texts: Sequence[str]) -> NDArray[np.floating[Any]]:
        """Return the logits (texts, classes), whose softmax are the probabilities."""


@dataclass(frozen=True)
class Served:
    """A classifier and what is known of it.

    Attributes:
        predictor: Gives logits; is called by several threads at a time.
        workers: How many threads are to call it.
        run: The name of the run.
        model: The name of the pretrained model.
        max_tokens: Where the model cuts a text.
        count_tokens: Returns how many tokens each text has, uncut; None where that is not known.
        runtime: What computes.
        precision: In which arithmetic.
        sha256: The hash of the weights.
        figures: What the run's `metrics.json` says of its quality; empty where there is none.
        notes: Sentences for the person: what computes and why.
    """

    predictor: Scorer
    workers: int
    run: str = ""
    model: str = ""
    max_tokens: int = 512
    count_tokens: Callable[[Sequence[str]], list[int]] | None = None
    runtime: str = "torch"
    precision: str = "fp32"
    sha256: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes' names, in the order of the logits."""
        return self.predictor.label_names

    @property
    def threshold(self) -> float:
        """The top probability below which no label is given: 0 where one always is, infinity: never."""
        return self.predictor.threshold


def load_served(path: Path, *, runtime: str = "") -> Served:
    """Load a classifier, for as many threads as there are cores.

    Args:
        path: The folder of a finished run, or of an export.
        runtime: `torch` or the name of an export; empty: the fastest that gives the run's probabilities.

    Raises:
        RequestError: There is no such runtime.
        RunError: The folder is missing, incomplete or damaged.
        ModelError: The classifier cannot be read.
        ExportError: The export is missing, damaged, or of another model.
        MissingExtraError: The runtime is not installed.
    """
    choice = choose(path, runtime=runtime)
    predictor = load_choice(choice)
    served = Served(
        predictor,
        workers=_workers(predictor),
        run=path.resolve().name,
        max_tokens=predictor.max_tokens,
        count_tokens=_token_counter(choice),
        runtime=choice.runtime,
        notes=choice.notes,
    )
    if choice.export is not None:
        facts, precision = choice.export.facts, choice.export.reading.precision
        served = replace(served, precision=precision, sha256=str(facts["model_sha256"]))
    if choice.export is not None and choice.model == choice.export.path:
        return served
    # It was opened, and so checked, when it was chosen from.
    run = Run(path)
    manifest = read_manifest(run)
    unused = choice.export is None and not runtime and not exports_folder(run).is_dir()
    return replace(
        served,
        model=str(manifest["model"]["name"]),
        sha256=str(manifest["model"].get("weights_sha256", "")),
        figures=_read_figures(run),
        notes=(_FASTER.format(run=shlex.quote(str(path))),) if unused else choice.notes,
    )


def _workers(predictor: TorchPredictor | ExportPredictor) -> int:
    """Return how many threads are to call a predictor."""
    return _claim_cores(predictor.device) if isinstance(predictor, TorchPredictor) else available_cores()


def _claim_cores(device: str) -> int:
    """Give every thread of this process one core, and return how many threads there should be.

    Threads that wait for each other after every operation lose several times more on a machine that also has
    requests to answer than they gain on an idle one.
    """
    import torch

    if device != "cpu":
        return 1
    cores = torch.get_num_threads()
    torch.set_num_threads(1)
    return cores


def _token_counter(choice: Choice) -> Callable[[Sequence[str]], list[int]] | None:
    """Return what counts tokens, with a tokenizer of its own: that of the classifier cuts, and is in use."""
    from tokenizers import Tokenizer

    files = [choice.model / "tokenizer.json", choice.model / "encoder" / "tokenizer.json"]
    if choice.export is not None:
        files = [choice.export.tokenizer]
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        return None
    tokenizer = Tokenizer.from_file(str(found))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda texts: [len(encoding.ids) for encoding in tokenizer.encode_batch(list(texts))]


def _read_figures(run: Run) -> dict[str, Any]:
    """Return the figures that anybody may see: where the run and its data lay is for nobody to know."""
    if not run.metrics.is_file():
        return {}
    document = json.loads(run.metrics.read_text(encoding="utf-8"))
    return {name: document[name] for name in _SHOWN if name in document}
