"""Which runtime classifies: the run's own torch, or one of its exports.

Only the exports' descriptions are read until one is loaded. An automatic choice always gives the run's own
probabilities: exports in fp32 were checked to do so, and others are used by name only. Otherwise a text's
label would depend on how many texts there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from textune.errors import ExportError, MissingExtraError, RequestError
from textune.model.outside_threshold import read_outside_threshold
from textune.model.threshold import read_abstention, read_thresholds_of
from textune.run.layout import Run, model_sha256, open_run
from textune.runtimes.exports import (
    DESCRIPTION,
    Export,
    check_export,
    export_command,
    exports_folder,
    is_export,
    read_export,
)
from textune.runtimes.registry import TORCH, find_runtime

if TYPE_CHECKING:
    from textune.runtimes.export_predictor import ExportPredictor
    from textune.runtimes.torch_predictor import TorchPredictor

_RUNS_TOKENIZERS = "tokenizers"
_MANY = 10_000
"""The assumed number of texts if it is unknown."""
_TORCH_STARTS_SECONDS = 2.0
"""The minimum that importing torch takes. Measurements of exports miss it, as torch is loaded by then."""
_WORTH_A_GPU = 1_000
"""With fewer texts, a GPU does not make up for the seconds that torch takes to start."""


@dataclass(frozen=True)
class Choice:
    """What classifies: `torch`, or an export by its name, with sentences that say why.

    The folder `model` holds the thresholds: it is that of the run's classifier, or an export without its run.
    """

    runtime: str
    model: Path
    export: Export | None
    notes: tuple[str, ...]


def load_predictor(
    path: Path | str, *, runtime: str = "", texts: int | None = None
) -> TorchPredictor | ExportPredictor:
    """Load the classifier of a finished run, or an export.

    Args:
        path: The run folder, or an export folder.
        runtime: `torch`, or the name of one of the run's exports, such as `onnx` or `onnx-int8`; empty: the
            fastest of those that give the run's own probabilities.
        texts: Roughly how many texts will be classified; None: unknown, perhaps many.

    Raises:
        RequestError: There is no runtime of this name.
        RunError: The run folder is missing, incomplete or damaged.
        ExportError: The requested export is missing, damaged, or of another model.
        MissingExtraError: Its runtime is not installed.
    """
    return load_choice(choose(Path(path).expanduser(), runtime=runtime, texts=texts))


def load_choice(choice: Choice) -> TorchPredictor | ExportPredictor:
    """Load the chosen classifier."""
    abstention, outside = read_abstention(choice.model), read_outside_threshold(choice.model)
    if choice.export is not None:
        from textune.runtimes.export_predictor import ExportPredictor

        description = choice.export.description
        thresholds = read_thresholds_of(choice.model, description.kind, description.label_names)
        return ExportPredictor(choice.export, abstention=abstention, thresholds=thresholds, outside=outside)
    from textune.model.storage import load_classifier
    from textune.runtimes.torch_predictor import TorchPredictor

    classifier = load_classifier(choice.model)
    thresholds = read_thresholds_of(choice.model, classifier.kind, classifier.label_names)
    return TorchPredictor(classifier, abstention=abstention, thresholds=thresholds, outside=outside)


def choose(path: Path, *, runtime: str = "", texts: int | None = None) -> Choice:
    """Choose what classifies; for the arguments and errors see `load_predictor`."""
    if runtime and runtime != TORCH:
        find_runtime(runtime)
    if is_export(path):
        return _choose_export_itself(path, runtime)
    if runtime != TORCH:
        _import_ahead(file.parent.name for file in exports_folder(Run(path)).glob(f"*/{DESCRIPTION}"))
    run = open_run(path)
    if runtime == TORCH:
        return Choice(TORCH, run.model, None, ())
    return _choose_by_name(run, runtime) if runtime else _choose_fastest(run, texts)


def _import_ahead(exports: Iterable[str]) -> None:
    """Import in the background what opens exports of these names: hashing the files takes as long."""
    packages = {_RUNS_TOKENIZERS}
    for name in exports:
        with suppress(RequestError):
            packages.add(find_runtime(name).package)

    def import_packages() -> None:
        for package in packages:
            # Whoever needs a package imports it again, and reports what is wrong with it.
            with suppress(Exception):
                import_module(package)

    if len(packages) > 1:
        Thread(target=import_packages, daemon=True).start()


def _choose_export_itself(path: Path, runtime: str) -> Choice:
    export = read_export(path)
    name = export.description.name
    if runtime not in ("", name, export.runtime.name):
        raise ExportError(
            f"{path} is an export for {name}, not for {runtime}.",
            "Leave --runtime out, or give the run's folder instead.",
        )
    export.runtime.check_installed()
    _import_ahead([name])
    check_export(export)
    return Choice(name, path, export, ())


def _choose_by_name(run: Run, name: str) -> Choice:
    folder = exports_folder(run) / name
    if not is_export(folder):
        raise ExportError(
            f"The run {run.path} has no export '{name}'.", f"Make it: {export_command(run.path, name)}"
        )
    export = read_export(folder)
    export.runtime.check_installed()
    check_export(export, model=model_sha256(run))
    return Choice(name, run.model, export, (f"Classifying with {name}.",))


def _choose_fastest(run: Run, texts: int | None) -> Choice:
    folder, notes, exports = exports_folder(run), list[str](), list[Export]()
    places = sorted(entry for entry in folder.iterdir() if is_export(entry)) if folder.is_dir() else []
    for place in places:
        try:
            exports.append(read_export(place))
        except ExportError as error:
            notes.append(f"Not used: {error.message}")
    count = _MANY if texts is None else max(1, texts)
    if count >= _WORTH_A_GPU and any(export.runtime.is_installed for export in exports) and _has_gpu():
        return Choice(TORCH, run.model, None, (*notes, "Classifying with torch, on the GPU."))
    exact = [export for export in exports if export.description.precision == "fp32"]
    usable = [export for export in exact if export.runtime.is_installed]
    for export in exact:
        if export not in usable:
            missing = MissingExtraError(export.runtime.extra, f"The export {export.description.name}")
            notes.append(f"Not used: {missing.message} {missing.hint}")
    for export in sorted(usable, key=lambda export: export.speed("export").seconds(count)):
        model = export.speed("model")
        torch_starts = max(0.0, _TORCH_STARTS_SECONDS - model.load_seconds)
        if torch_starts + model.seconds(count) <= export.speed("export").seconds(count):
            break
        try:
            check_export(export, model=model_sha256(run))
        except ExportError as error:
            notes.append(f"Not used: {error.message}")
            continue
        name = export.description.name
        return Choice(name, run.model, export, (*notes, _reason(name, texts, exports, compared=usable)))
    if places:
        notes.append(_reason(TORCH, texts, exports, compared=usable))
    return Choice(TORCH, run.model, None, tuple(notes))


def _reason(chosen: str, texts: int | None, exports: list[Export], *, compared: list[Export]) -> str:
    """Return a sentence about what was chosen, and about faster exports that are used by name only.

    Speeds are those of the machine that made the exports; they may say little about another one.
    """
    amount = "many texts" if texts is None else "1 text" if texts == 1 else f"{texts:,} texts"
    named = [export.description.name for export in exports if export.description.precision != "fp32"]
    others = f" Used by name only: --runtime {' or '.join(named)}." if named else ""
    machines = dict.fromkeys(export.measured_elsewhere for export in compared if export.measured_elsewhere)
    why = f", the fastest here for {amount}" if compared else ""
    if machines:
        why = f", the fastest for {amount} as measured on {' and '.join(machines)}, not on this machine"
    return f"Classifying with {chosen}{why}.{others}"


def _has_gpu() -> bool:
    """Return whether torch has a GPU; torch is imported only where there is a device at all."""
    if not any(Path("/dev").glob("nvidia[0-9]*")):
        return False
    import torch

    return torch.cuda.is_available()
