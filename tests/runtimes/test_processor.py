"""What the processor can do, as Linux reports it."""

from __future__ import annotations

from pathlib import Path

import pytest

from textune.runtimes import processor


@pytest.fixture
def cpuinfo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cpuinfo"
    monkeypatch.setattr(processor, "_CPUINFO", path)
    monkeypatch.setattr(processor.platform, "machine", lambda: "x86_64")
    processor._cpuinfo.cache_clear()
    yield path
    processor._cpuinfo.cache_clear()


@pytest.mark.parametrize(
    ("flags", "whole_bytes", "bf16"),
    [
        ("fpu avx2", False, False),
        ("fpu avx512_vnni avx512_bf16", True, True),
        ("fpu avx_vnni", True, False),
        ("fpu amx_bf16 avx512_vnni", True, True),
    ],
)
def test_instructions_are_read_from_the_flags(
    cpuinfo: Path, flags: str, whole_bytes: bool, bf16: bool
) -> None:
    cpuinfo.write_text(f"processor\t: 0\nmodel name\t: EPYC 9\nflags\t\t: {flags}\n\nprocessor\t: 1\n")

    assert processor.processor_name() == "EPYC 9"
    assert processor.multiplies_whole_bytes() == whole_bytes
    assert processor.computes_in_bf16() == bf16


def test_without_that_file_nothing_is_taken_for_granted(cpuinfo: Path) -> None:
    assert processor.processor_name()
    assert not processor.multiplies_whole_bytes()
    assert not processor.computes_in_bf16()


def test_arm_sums_in_32_bits(cpuinfo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor.platform, "machine", lambda: "arm64")

    assert processor.multiplies_whole_bytes()


def test_there_is_at_least_one_core() -> None:
    assert processor.available_cores() >= 1
