"""Makes Python, whenever it starts, answer as on the processor that `processors.py` was asked for.

Two answers are changed, those that textune reads: the flags in /proc/cpuinfo, and torch's capabilities.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import io
import os
import sys
from types import ModuleType
from typing import Any

from processors import KIND, PROCESSORS

# A test may start a child without this process's variables, and no child of that kind asks for the processor.
_LACKS = PROCESSORS[os.environ[KIND]].lacks if KIND in os.environ else ()
_CPUINFO = "/proc/cpuinfo"


def _open(file: Any, *arguments: Any, **options: Any) -> Any:
    opened = _real_open(file, *arguments, **options)
    if str(file) != _CPUINFO or not isinstance(opened, io.TextIOBase):
        return opened
    with opened:
        return io.StringIO("".join(_without_flags(line) for line in opened))


def _without_flags(line: str) -> str:
    name, colon, flags = line.partition(":")
    if name.strip() != "flags":
        return line
    return f"{name}{colon} {' '.join(flag for flag in flags.split() if not flag.startswith(_LACKS))}\n"


def _limit_torch(module: ModuleType) -> None:
    everything = module.get_capabilities

    def get_capabilities() -> dict[str, Any]:
        return {
            name: False if value is True and name.startswith(_LACKS) else value
            for name, value in everything().items()
        }

    module.get_capabilities = get_capabilities  # type: ignore[attr-defined]


class _TorchLimiter(importlib.abc.MetaPathFinder):
    """Finds `torch.cpu` as ever, and changes it once it is loaded."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name != "torch.cpu":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_limit(module: ModuleType) -> None:
            execute(module)
            _limit_torch(module)

        spec.loader.exec_module = execute_and_limit  # type: ignore[method-assign]
        return spec


_real_open = io.open
io.open = _open
sys.meta_path.insert(0, _TorchLimiter())
