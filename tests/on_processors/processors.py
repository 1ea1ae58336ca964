"""Runs Python as on an x86 processor with fewer instruction sets than this machine's.

    python tests/on_processors/processors.py avx2 -m pytest tests/export

Libraries choose their code by asking the processor, and most of them let a variable lower the answer. This
module sets those variables for the process and its children. `sitecustomize.py` changes what textune itself
asks. `test_switches.py` proves that every switch works.

ONNX Runtime has no switch. MKL obeys its own on Intel's processors only; on AMD's it uses AVX2 at most.
`emulated` therefore runs Python in valgrind, whose processor is Intel's, has AVX2, and has neither VNNI nor
AVX-512. That takes up to ten times as long, so it is for the tests of encoders, exports and 8-bit products.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

KIND = "TEXTUNE_TEST_PROCESSOR"
"""The variable that tells children which processor they run on."""
_FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Processor:
    """A kind of processor.

    Attributes:
        lacks: Beginnings of what Linux and torch call the instruction sets that it does not have.
        variables: What makes libraries do without them.
        numpy_lacks: Beginnings of numpy's names of the same.
        command: What runs the program.
    """

    lacks: tuple[str, ...]
    variables: Mapping[str, str]
    numpy_lacks: tuple[str, ...]
    command: tuple[str, ...] = ()


_NEW = ("avx512", "avx_vnni", "avx10", "avx_ne", "amx", "bf16")
_NEW_IN_NUMPY = ("AVX512", "X86_V4")
_AVX2 = Processor(
    lacks=_NEW,
    variables={
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "ARROW_USER_SIMD_LEVEL": "AVX2",
    },
    numpy_lacks=_NEW_IN_NUMPY,
)
PROCESSORS = {
    "avx2": _AVX2,
    "sse": Processor(
        lacks=(*_NEW, "avx", "fma", "f16c"),
        variables={
            "ATEN_CPU_CAPABILITY": "default",
            # OpenVINO cannot normalise a layer without AVX2 ("MVN node bad combination"). Torch shares the
            # switch, and does not need it: in fp32 it computes with MKL and its own code.
            "ONEDNN_MAX_CPU_ISA": "AVX2",
            "MKL_CBWR": "COMPATIBLE",
            "OPENBLAS_CORETYPE": "Nehalem",
            "ARROW_USER_SIMD_LEVEL": "SSE4_2",
            "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX,-FMA,-FMA4",
        },
        numpy_lacks=(*_NEW_IN_NUMPY, "X86_V3", "AVX", "FMA", "F16C"),
    ),
    "emulated": Processor(
        lacks=_NEW,
        variables=_AVX2.variables,
        numpy_lacks=_NEW_IN_NUMPY,
        command=("valgrind", "--tool=none", "--quiet", "--trace-children=yes"),
    ),
}


def start(kind: str, arguments: list[str]) -> None:
    """Become Python with these arguments, on a kind of processor."""
    processor = PROCESSORS[kind]
    paths = [str(_FOLDER), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **os.environ,
        **processor.variables,
        "NPY_DISABLE_CPU_FEATURES": " ".join(_switchable_in_numpy(processor.numpy_lacks)),
        "PYTHONPATH": os.pathsep.join(paths),
        KIND: kind,
    }
    command = [*processor.command, sys.executable, *arguments]
    os.execvpe(command[0], command, environment)


def _switchable_in_numpy(lacks: tuple[str, ...]) -> list[str]:
    """Return what numpy can do without; it warns of any other name."""
    try:
        from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
    except ImportError:
        from numpy.core._multiarray_umath import __cpu_dispatch__, __cpu_features__
    return [name for name in __cpu_dispatch__ if __cpu_features__[name] and name.startswith(lacks)]


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in PROCESSORS:
        sys.exit(f"Use: processors.py {'|'.join(PROCESSORS)} ARGUMENTS, which are Python's.")
    start(sys.argv[1], sys.argv[2:])
