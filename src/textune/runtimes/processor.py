"""The processor of this machine: its name, its cores, and what it can compute. Needs no library."""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")


@cache
def _cpuinfo() -> dict[str, str]:
    try:
        first = _CPUINFO.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def processor_name() -> str:
    """Return the processor's name."""
    return _cpuinfo().get("model name") or platform.processor() or platform.machine()


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def multiplies_whole_bytes() -> bool:
    """Return whether integer products of 8 bits are summed in 32 bits, so that no sum overflows.

    x86 processors without the VNNI instructions sum two products in 16 bits, which may overflow.
    """
    if platform.machine().lower() in ("arm64", "aarch64"):
        return True
    return any("vnni" in flag for flag in _cpuinfo().get("flags", "").split())


def computes_in_bf16() -> bool:
    """Return whether the processor has instructions for bf16."""
    flags = _cpuinfo().get("flags", "").split() + _cpuinfo().get("Features", "").split()
    return any(flag in ("avx512_bf16", "amx_bf16", "bf16") for flag in flags)
