"""A computer in lines of plain text, which keep their form wherever they are pasted."""

from __future__ import annotations

from collections.abc import Iterator

from textune.extras import PURPOSES
from textune.machine.facts import Machine
from textune.wording import counted

_GIGABYTE = 1e9


def machine_lines(machine: Machine) -> Iterator[str]:
    """Yield a line for each thing, its name first."""
    facts = dict(_facts(machine))
    width = max(map(len, facts))
    for name, value in facts.items():
        yield f"{name:<{width}}  {value}"


def _facts(machine: Machine) -> Iterator[tuple[str, str]]:
    processor, storage, placement = machine.processor, machine.storage, machine.placement
    yield "System", f"{machine.system}, Python {machine.python}"
    yield "Packages", ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    limited = "" if processor.quota is None else f" (the time of {processor.quota:g})"
    yield "Processor", f"{processor.name}: {processor.cores} cores{limited}, {processor.threads} threads"
    yield "Instructions", ", ".join(processor.instructions) or "none that matter here"
    if machine.memory_bytes is not None and machine.free_memory_bytes is not None:
        total, free = machine.memory_bytes / _GIGABYTE, machine.free_memory_bytes / _GIGABYTE
        yield "Memory", f"{total:.1f} GB, {free:.1f} GB free"
    yield "GPU", ", ".join(machine.gpu.names) or "none that torch can use"
    yield "Computes", f"on {placement.device}; trains and encodes in {placement.precision}, predicts in fp32"
    yield (
        "Runtimes",
        ", ".join(["torch", *(f"{name} {version}" for name, version in machine.runtimes.items())]),
    )
    yield "Extras", ", ".join(extra.name for extra in machine.extras if not extra.missing) or "none"
    missing = [extra.name for extra in machine.extras if extra.missing]
    described = [f"{name} ({PURPOSES[name]})" if name in PURPOSES else name for name in missing]
    yield "Not installed", ", ".join(described) or "nothing"
    if missing:
        yield "To add one", f"pip install 'textune[{missing[0]}]', for instance; each is optional"
    yield "Encoders", ", ".join(machine.models) or "none; from the Hub, at first use"
    cached, most = storage.cached_bytes / _GIGABYTE, storage.max_bytes / _GIGABYTE
    yield (
        "Cache",
        f"{storage.folder}: {cached:.1f} of {most:.1f} GB; {storage.free_bytes / 1e9:.1f} GB free there",
    )
    hub = machine.hub
    yield "Hub's cache", f"{hub.folder}: {counted(hub.models, 'model')}, {counted(hub.datasets, 'data set')}"
    if machine.settings:
        yield "Settings", " ".join(f"{name}={value}" for name, value in machine.settings.items())
