"""What would make textune faster on a computer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from textune.encoder.placement import Placement
from textune.machine.advice import advice_for
from textune.machine.facts import Extra, Gpu, Machine, Processor, Storage

PROCESSOR = Processor("A processor", cores=8, quota=None, threads=8, instructions=("AVX2",))
STORAGE = Storage("~/.cache/textune", cached_bytes=0, max_bytes=2_000_000_000, free_bytes=50_000_000_000)
GOOD = Machine(
    system="Linux",
    python="3.11.9",
    processor=PROCESSOR,
    memory_bytes=16_000_000_000,
    free_memory_bytes=12_000_000_000,
    gpu=Gpu((), in_system=False, torch_has_cuda=False),
    placement=Placement("cpu", "bf16", "eager"),
    packages={"torch": "2.13.0"},
    extras=(Extra("onnx", ()), Extra("openvino", ("openvino",))),
    models=("embedded:minilm",),
    storage=STORAGE,
    settings={},
)


def test_a_computer_with_nothing_in_the_way_gets_no_advice() -> None:
    assert advice_for(GOOD) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gpu": Gpu((), True, False)}, "this build of torch has no CUDA"),
        ({"gpu": Gpu((), True, True)}, "its driver is too old"),
        ({"gpu": Gpu((), False, True)}, "several GB"),
        ({"processor": replace(PROCESSOR, threads=1)}, "torch uses 1 of 8 cores"),
        ({"processor": replace(PROCESSOR, quota=1.5)}, "set OMP_NUM_THREADS=2"),
        ({"settings": {"ATEN_CPU_CAPABILITY": "avx2"}}, "ATEN_CPU_CAPABILITY=avx2"),
        ({"placement": Placement("cpu", "fp32", "eager")}, "--max-minutes"),
        ({"free_memory_bytes": 900_000_000}, "Only 0.9 GB of memory"),
        ({"storage": replace(STORAGE, free_bytes=10_000)}, "TEXTUNE_CACHE to a folder on another disk"),
        ({"storage": replace(STORAGE, cached_bytes=1_950_000_000)}, "TEXTUNE_CACHE_MEGABYTES above 2,000"),
        ({"extras": (Extra("onnx", ("onnx",)), Extra("openvino", ("openvino",)))}, "textune[openvino]"),
        ({"models": (), "settings": {"HF_HUB_OFFLINE": "1"}}, "textune[embedded]"),
    ],
)
def test_what_is_in_the_way_is_named_with_what_to_do(change: dict[str, Any], words: str) -> None:
    [advice] = advice_for(replace(GOOD, **change))

    assert words in advice


def test_a_gpu_makes_the_processor_unimportant() -> None:
    with_gpu = replace(
        GOOD,
        gpu=Gpu(("A GPU",), in_system=True, torch_has_cuda=True),
        placement=Placement("cuda", "bf16", "sdpa"),
        processor=replace(PROCESSOR, threads=1),
    )

    assert advice_for(with_gpu) == []
