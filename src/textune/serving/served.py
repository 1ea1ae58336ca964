"""What is served, from a run or an export: the one place where the server meets a runtime."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textune.formats.text_pairs import AnyText, TextPair
from textune.run.layout import Run, model_sha256
from textune.run.origin import origin_of_complete
from textune.runtimes.choosing import Choice, choose, load_choice
from textune.runtimes.exports import export_command, exports_folder
from textune.runtimes.predictor import Predictor
from textune.runtimes.processor import available_cores
from textune.runtimes.registry import all_runtimes
from textune.runtimes.torch_predictor import TorchPredictor

_SHOWN = ("recipe", "metrics", "filtered", "baselines")
"""The parts of `metrics.json` that clients may see: the places of the run and its data are not for them."""

_WARM_UP = ("a", "a text of a few words", "many words " * 300)
_FASTER = "Serving with torch. An export answers several times faster: "


@dataclass(frozen=True)
class Served:
    """A classifier that `workers` threads call at the same time, and its description.

    `model` is the pretrained model's name, `model_sha256` the hash of the classifier's files; that of an
    export is its run's. `count_tokens` counts the tokens of texts that are not truncated, if that is
    possible. `metrics` are from the run's `metrics.json`; `folder` is that of the run, None for an
    export on its own. `notes` say what computes and why.
    """

    predictor: Predictor
    workers: int
    run: str = ""
    model: str = ""
    count_tokens: Callable[[Sequence[AnyText]], list[int]] | None = None
    runtime: str = "torch"
    precision: str = "fp32"
    model_sha256: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    notes: tuple[str, ...] = ()

    def warm_up(self) -> None:
        """Classify texts of several lengths, so that the first request need not pay for what is done once."""
        pairs = self.predictor.pairs
        self.predictor.predict_logits([TextPair(text, text) if pairs else text for text in _WARM_UP])


def load_served(path: Path, *, runtime: str = "") -> Served:
    """Load the classifier of a run or export for a thread per core; raise what `choose` raises."""
    choice = choose(path, runtime=runtime)
    predictor, export = load_choice(choice), choice.export
    facts: dict[str, Any] = {"notes": choice.notes}
    if export is not None and choice.model == export.path:
        facts["model_sha256"] = str(export.manifest["model_sha256"])
    else:
        # `choose` has opened the run, and so checked it.
        run = Run(path)
        facts["folder"] = path
        facts["model"] = origin_of_complete(run).model.name
        facts["model_sha256"] = model_sha256(run)
        if run.metrics.is_file():
            document = json.loads(run.metrics.read_text(encoding="utf-8"))
            facts["metrics"] = {name: document[name] for name in _SHOWN if name in document}
        if export is None and not runtime and not exports_folder(run).is_dir():
            facts["notes"] = (_FASTER + export_command(path, next(iter(all_runtimes()))),)
    return Served(
        predictor,
        workers=_claim_workers(predictor),
        run=path.resolve().name,
        count_tokens=_token_counter(choice),
        runtime=choice.runtime,
        precision="fp32" if export is None else export.description.precision,
        **facts,
    )


def _claim_workers(predictor: Predictor) -> int:
    """Return how many threads may call a predictor, and let torch compute on one core in each of them.

    Threads that wait for each other after every operation lose several times more on a machine that also has
    requests to answer than they gain on an idle one.
    """
    if not isinstance(predictor, TorchPredictor):
        return available_cores()
    if predictor.device != "cpu":
        return 1
    import torch

    cores = torch.get_num_threads()
    torch.set_num_threads(1)
    return cores


def _token_counter(choice: Choice) -> Callable[[Sequence[AnyText]], list[int]] | None:
    """Return a counter of tokens with its own tokenizer: the classifier's truncates, and is in use."""
    from tokenizers import Tokenizer

    files = [choice.model / "tokenizer.json", choice.model / "encoder" / "tokenizer.json"]
    if choice.export is not None:
        files = [choice.export.tokenizer]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        return None
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda texts: [len(encoding.ids) for encoding in tokenizer.encode_batch(list(texts))]
