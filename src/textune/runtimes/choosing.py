"""Which runtime classifies: the run's own torch, or one of its exports.

In: a run folder or an export folder, and about how many texts there are. Out: a `Choice`, with a sentence
that says what it is and why. Reads what exports say of themselves and loads none of them.

What is chosen unasked gives the run's own probabilities: exports in fp32 were checked to do so, and the
others are taken only by name. A text's answer would else depend on how many texts there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from textune.errors import ExportError, MissingExtraError, RequestError
from textune.run.layout import Run, open_run
from textune.runtimes.exports import (
    GRAPHS,
    Export,
    check_export,
    export_command,
    exports_folder,
    is_export,
    model_sha256,
    read_export,
)
from textune.runtimes.graph_predictor import check_installed, is_installed

TORCH = "torch"
_MANY = 10_000
"""Texts that are assumed where their number is not known."""
_TORCH_STARTS_SECONDS = 2.0
"""What importing torch and transformers takes at least, which is not seen where they are there already."""
_WORTH_A_GPU = 1_000
"""Texts below which a GPU does not make up for the seconds that torch takes to start."""


@dataclass(frozen=True)
class Choice:
    """What classifies.

    Attributes:
        runtime: `torch`, or the export's name.
        model: The folder of the run's classifier, or of an export that stands alone: it says when no label
            is given.
        export: The export, unless it is torch.
        notes: Sentences for the person: what was chosen and why, and what could not be.
    """

    runtime: str
    model: Path
    export: Export | None
    notes: tuple[str, ...]


def choose(path: Path, *, runtime: str = "", texts: int | None = None) -> Choice:
    """Choose what classifies.

    Args:
        path: A run folder, or an export folder.
        runtime: `torch` or the name of an export, to be used and no other; empty: the fastest.
        texts: About how many texts there are; None: not known.

    Raises:
        RequestError: There is no runtime of this name.
        RunError: The run is missing, incomplete or damaged.
        ExportError: The export is missing, damaged, or of another model.
        MissingExtraError: The runtime is not installed.
    """
    if runtime and runtime != TORCH and runtime.partition("-")[0] not in GRAPHS:
        raise RequestError(
            f"There is no runtime '{runtime}'.",
            f"The runtimes are {TORCH}, {' and '.join(GRAPHS)}, and -int8 after an export's name.",
        )
    if is_export(path):
        return _choose_export_itself(path, runtime)
    run = open_run(path)
    if runtime == TORCH:
        return Choice(TORCH, run.model, None, ())
    if runtime:
        return _choose_by_name(run, runtime)
    return _choose_fastest(run, texts)


def _choose_export_itself(path: Path, runtime: str) -> Choice:
    export = read_export(path)
    if runtime not in ("", export.reading.name, export.reading.runtime):
        raise ExportError(
            f"{path} is an export for {export.reading.name}, not for {runtime}.",
            "Leave --runtime out, or give the run's folder instead.",
        )
    check_installed(export.reading.runtime)
    check_export(export)
    return Choice(export.reading.name, path, export, ())


def _choose_by_name(run: Run, name: str) -> Choice:
    folder = exports_folder(run) / name
    if not is_export(folder):
        raise ExportError(
            f"The run {run.path} has no export '{name}'.", f"Make it: {export_command(run.path, name)}"
        )
    export = read_export(folder)
    check_installed(export.reading.runtime)
    check_export(export, model=model_sha256(run))
    return Choice(name, run.model, export, (f"Classifying with {name}.",))


def _choose_fastest(run: Run, texts: int | None) -> Choice:
    folder, model = exports_folder(run), model_sha256(run)
    places = sorted(entry for entry in folder.iterdir() if is_export(entry)) if folder.is_dir() else []
    notes: list[str] = []
    known = [export for place in places if (export := _readable(place, notes)) is not None]
    usable = [export for export in known if is_installed(export.reading.runtime)]
    count = _MANY if texts is None else max(1, texts)
    gpu = count >= _WORTH_A_GPU and bool(usable) and _has_gpu()
    exact = [] if gpu else [export for export in usable if export.reading.precision == "fp32"]
    missing = [] if gpu else [export for export in known if export.reading.precision == "fp32"]
    notes += [_how_to_install(export) for export in missing if not is_installed(export.reading.runtime)]
    for export in sorted(exact, key=lambda export: export.speed("export").seconds(count)):
        if _torch_seconds(export, count) <= export.speed("export").seconds(count):
            break
        try:
            check_export(export, model=model)
        except ExportError as error:
            notes.append(f"Not used: {error.message}")
            continue
        reason = _reason(export.reading.name, texts, known, compared=exact)
        return Choice(export.reading.name, run.model, export, (*notes, reason))
    if places:
        reason = _reason(TORCH, texts, known, compared=exact)
        notes.append(reason if not gpu else "Classifying with torch, on the GPU.")
    return Choice(TORCH, run.model, None, tuple(notes))


def _torch_seconds(export: Export, texts: int) -> float:
    """Return about how long the run's own model takes for so many texts, by what the export says of it."""
    model = export.speed("model")
    return max(0.0, _TORCH_STARTS_SECONDS - model.load_seconds) + model.seconds(texts)


def _readable(place: Path, notes: list[str]) -> Export | None:
    try:
        return read_export(place)
    except ExportError as error:
        notes.append(f"Not used: {error.message}")
        return None


def _how_to_install(export: Export) -> str:
    """Return a sentence on an export that would be chosen from if its runtime were installed."""
    missing = MissingExtraError(export.reading.runtime, f"The export {export.reading.name}")
    return f"Not used: {missing.message} {missing.hint}"


def _reason(chosen: str, texts: int | None, known: list[Export], *, compared: list[Export]) -> str:
    """Return a sentence on what was chosen, and on faster exports that are used by name only.

    Speeds are those of the machine that made the exports: of another one, they may say little of this one.
    """
    amount = "many texts" if texts is None else "1 text" if texts == 1 else f"{texts:,} texts"
    named = [export.reading.name for export in known if export.reading.precision != "fp32"]
    others = f" By name only: --runtime {' or '.join(named)}." if named else ""
    machines = dict.fromkeys(export.measured_elsewhere for export in compared if export.measured_elsewhere)
    if not compared:
        return f"Classifying with {chosen}.{others}"
    if machines:
        why = f"the fastest for {amount} as measured on {' and '.join(machines)}, not on this machine"
    else:
        why = f"the fastest here for {amount}"
    return f"Classifying with {chosen}, {why}.{others}"


def _has_gpu() -> bool:
    """Return whether torch has a GPU; torch is imported only where there is a device at all."""
    if not any(Path("/dev").glob("nvidia[0-9]*")):
        return False
    import torch

    return torch.cuda.is_available()
