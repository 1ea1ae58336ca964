"""What is served: a run's classifier and what is known of it.

In: a run folder. Out: a `Served`. This is the one place where the server meets a runtime: to serve from
another than torch, give another predictor here. Does not know HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from textune.runs import Run, open_run, read_manifest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textune.inference.predictor import Predictor

_SHOWN = ("recipe", "metrics", "filtered", "baselines")
_SMALLEST = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class Served:
    """A classifier and what is known of it.

    Attributes:
        predictor: Classifies; is called by several threads at a time.
        workers: How many threads are to call it.
        run: The name of the run.
        model: The name of the pretrained model.
        max_tokens: Where the model cuts a text.
        count_tokens: Returns how many tokens each text has, uncut; None where that is not known.
        runtime: What computes.
        precision: In which arithmetic.
        sha256: The hash of the weights.
        figures: What the run's `metrics.json` says of its quality; empty where there is none.
    """

    predictor: Predictor
    workers: int
    run: str = ""
    model: str = ""
    max_tokens: int = 512
    count_tokens: Callable[[Sequence[str]], list[int]] | None = None
    runtime: str = "torch"
    precision: str = "fp32"
    sha256: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes' names, in the order of the logits."""
        return self.predictor.label_names

    @property
    def has_logits(self) -> bool:
        """Whether the runtime gives logits; if not, what stands for them are logarithms of probabilities."""
        return hasattr(self.predictor, "predict_logits")

    def logits(self, texts: Sequence[str]) -> NDArray[np.floating[Any]]:
        """Return the logits (texts, classes), whose softmax is what `predict_proba` gives."""
        if self.has_logits:
            logits: NDArray[np.floating[Any]] = self.predictor.predict_logits(texts)  # type: ignore[attr-defined]
            return logits
        return np.log(np.maximum(self.predictor.predict_proba(texts), _SMALLEST))


def load_served(path: Path) -> Served:
    """Load the classifier of a finished run, one thread for every core.

    Raises:
        RunError: The folder is missing, incomplete or damaged.
        ModelError: The classifier cannot be read.
    """
    run = open_run(path)
    from textune.inference.predictor import TorchPredictor
    from textune.model.storage import load_classifier

    predictor = TorchPredictor(load_classifier(run.model))
    manifest = read_manifest(run)
    return Served(
        predictor=predictor,
        workers=_claim_cores(predictor.device),
        run=path.resolve().name,
        model=str(manifest["model"]["name"]),
        max_tokens=predictor.max_tokens,
        count_tokens=_token_counter(run),
        sha256=str(manifest["model"].get("weights_sha256", "")),
        figures=_read_figures(run),
    )


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


def _token_counter(run: Run) -> Callable[[Sequence[str]], list[int]] | None:
    """Return what counts tokens, with a tokenizer of its own: that of the classifier cuts, and is in use."""
    from tokenizers import Tokenizer

    files = [run.model / "tokenizer.json", run.model / "encoder" / "tokenizer.json"]
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
