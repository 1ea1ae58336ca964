"""What textune finds on this computer: processor, memory, GPU, packages, models, cache and disk.

Out: a `Machine`. Reads files of the system, and asks torch. Names no user, host or address, and of folders
only the cache's, so that it can be pasted into an issue. Does not know what any of it is good for.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from textune.encoder.cache import FeatureCache, cache_folder
from textune.encoder.embedded import installed_models
from textune.encoder.placement import Placement, choose_placement
from textune.encoder.unpacking import unpacked_models
from textune.runtimes.processor import available_cores, processor_name
from textune.runtimes.registry import all_runtimes

INSTRUCTIONS = {
    "avx2": "AVX2",
    "avx512_f": "AVX-512",
    "avx512_vnni": "AVX-512 VNNI",
    "avx_vnni": "AVX VNNI",
    "avx512_bf16": "AVX-512 bf16",
    "amx_tile": "AMX",
    "neon": "NEON",
    "sve": "SVE",
    "bf16": "bf16",
    "i8mm": "8-bit products",
}
"""The instruction sets that matter here, by torch's names for them."""
PACKAGES = ("torch", "transformers", "tokenizers", "datasets", "numpy", "scikit-learn", "pyarrow")
SETTINGS = (
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OMP_WAIT_POLICY", "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA"),
    *("CUDA_VISIBLE_DEVICES", "HF_HUB_OFFLINE", "TEXTUNE_CACHE_MEGABYTES"),
)
"""Environment variables that change how fast textune is, or what it finds."""
_CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")
_MEMORY = Path("/proc/meminfo")
_NVIDIA = Path("/proc/driver/nvidia/gpus")
_FOR_DEVELOPERS = ("dev",)


@dataclass(frozen=True)
class Processor:
    """Its name, the cores that this process may use, and its instruction sets.

    `quota` is the number of cores whose time a container gets, None where there is no limit, and `threads`
    how many threads torch uses.
    """

    name: str
    cores: int
    quota: float | None
    threads: int
    instructions: tuple[str, ...]


@dataclass(frozen=True)
class Gpu:
    """GPUs that torch uses, whether the system has one at all, and whether torch is built for CUDA."""

    names: tuple[str, ...]
    in_system: bool
    torch_has_cuda: bool


@dataclass(frozen=True)
class Extra:
    """An extra of textune, and its packages that are missing or too old."""

    name: str
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Storage:
    """The cache's folder, what is in it and may be, and the free space there; in bytes."""

    folder: str
    cached_bytes: int
    max_bytes: int
    free_bytes: int


@dataclass(frozen=True)
class HubCache:
    """The folder in which the Hub's own library keeps what it downloaded, and how much that is."""

    folder: str
    models: int
    datasets: int


@dataclass(frozen=True)
class Machine:
    """All of it; `memory_bytes` and `free_memory_bytes` are None where the system does not say.

    `runtimes` are those for exports that are installed, by their titles, with the versions of their packages.
    """

    system: str
    python: str
    processor: Processor
    memory_bytes: int | None
    free_memory_bytes: int | None
    gpu: Gpu
    placement: Placement
    packages: dict[str, str]
    extras: tuple[Extra, ...]
    models: tuple[str, ...]
    storage: Storage
    settings: dict[str, str]
    runtimes: dict[str, str] = field(default_factory=dict)
    hub: HubCache = HubCache("", 0, 0)


def examine() -> Machine:
    """Look at this computer."""
    memory, free = _memory()
    return Machine(
        system=f"{platform.system()} on {platform.machine()}",
        python=platform.python_version(),
        processor=_processor(),
        memory_bytes=memory,
        free_memory_bytes=free,
        gpu=_gpu(),
        placement=choose_placement(),
        packages={name: version for name in ("textune", *PACKAGES) if (version := _version(name))}
        | {"torch": _torch_build()},
        extras=tuple(extras_of(metadata.requires("textune") or [])),
        models=tuple(model.name for model in installed_models()),
        storage=_storage(),
        settings={name: os.environ[name] for name in SETTINGS if name in os.environ},
        runtimes={
            runtime.title: _version(runtime.package) or "of another package"
            for runtime in all_runtimes().values()
            if runtime.is_installed
        },
        hub=_hub_cache(),
    )


def extras_of(requirements: list[str]) -> Iterator[Extra]:
    """Yield the extras of a distribution's requirements, each with its packages that are missing."""
    parsed = [Requirement(line) for line in requirements]
    names = re.findall(r"extra == [\"']([\w-]+)[\"']", "\n".join(requirements))
    for name in dict.fromkeys(names):
        if name in _FOR_DEVELOPERS:
            continue
        wanted = [
            each
            for each in parsed
            if each.marker is not None
            and each.marker.evaluate({"extra": name})
            and not each.marker.evaluate({"extra": ""})
        ]
        yield Extra(name, tuple(str(each.name) for each in wanted if not _satisfies(each)))


def _satisfies(requirement: Requirement) -> bool:
    version = _version(requirement.name)
    return version is not None and requirement.specifier.contains(version, prereleases=True)


def _version(package: str) -> str | None:
    with suppress(metadata.PackageNotFoundError):
        return metadata.version(package)
    return None


def _torch_build() -> str:
    """Return torch's version with what it is built for, such as 2.13.0+cu130.

    The metadata of the builds on the Python Package Index leave that out.
    """
    import torch

    return str(torch.__version__)


def _processor() -> Processor:
    import torch

    capabilities = torch.cpu.get_capabilities()
    return Processor(
        processor_name(),
        available_cores(),
        _quota(),
        torch.get_num_threads(),
        tuple(title for name, title in INSTRUCTIONS.items() if capabilities.get(name)),
    )


def _quota() -> float | None:
    """Return how many cores' time a container's control group gets."""
    with suppress(OSError, ValueError):
        quota, period = _CPU_QUOTA.read_text().split()
        return int(quota) / int(period)
    return None


def _memory() -> tuple[int | None, int | None]:
    """Return the bytes of memory that there are, and that are free, within a container's limit."""
    sizes: dict[str, int] = {}
    with suppress(OSError):
        for name, value in re.findall(r"^(\w+):\s+(\d+) kB$", _MEMORY.read_text(), re.MULTILINE):
            sizes[name] = 1024 * int(value)
    total, free = sizes.get("MemTotal"), sizes.get("MemAvailable")
    with suppress(OSError, ValueError):
        limit = int(_MEMORY_LIMIT.read_text())
        total, free = min(total or limit, limit), min(free or limit, limit)
    return total, free


def _gpu() -> Gpu:
    import torch

    names: tuple[str, ...] = ()
    if torch.cuda.is_available():
        names = tuple(torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count()))
    elif torch.backends.mps.is_available():
        names = ("Apple's GPU",)
    return Gpu(names, bool(names) or _NVIDIA.is_dir(), torch.version.cuda is not None)


def _storage() -> Storage:
    features, folder = FeatureCache(), cache_folder()
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    entries = [*features.entries(), *unpacked_models()]
    return Storage(
        _without_home(folder),
        sum(entry.bytes for entry in entries),
        features.max_bytes,
        shutil.disk_usage(existing).free,
    )


def _hub_cache() -> HubCache:
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE)
    counts = [sum(1 for _ in folder.glob(f"{kind}--*")) for kind in ("models", "datasets")]
    return HubCache(_without_home(folder), *counts)


def _without_home(folder: Path) -> str:
    home = Path.home()
    return str(Path("~", folder.relative_to(home)) if folder.is_relative_to(home) else folder)
