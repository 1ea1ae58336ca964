"""What keeps a process from hoarding memory."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from textune.encoder.memory import MappedPages, gather_rows, keep_memory_low, release_free_memory

CACHES = ["ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"]


@pytest.mark.parametrize("cache", CACHES)
def test_fewer_kernels_are_kept_than_by_default(cache: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache, "")
    monkeypatch.delenv(cache)

    keep_memory_low()

    assert 0 < int(os.environ[cache]) < 1024


@pytest.mark.parametrize("cache", CACHES)
def test_what_the_users_environment_says_is_left_alone(cache: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache, "500")

    keep_memory_low()

    assert os.environ[cache] == "500"


@pytest.mark.parametrize(("cores", "heaps"), [(1, 1), (2, 1), (16, 8), (None, 1)])
def test_two_cores_share_a_heap(cores: int | None, heaps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    library = SimpleNamespace(mallopt=lambda option, value: asked.append((option, value)))
    monkeypatch.setattr("ctypes.CDLL", lambda name: library)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)

    keep_memory_low()

    assert asked == [(-8, heaps)]


def test_memory_is_released_without_a_word() -> None:
    release_free_memory()


def resident_bytes(path: Path) -> int:
    """Return how much of a mapped file counts as memory of this process."""
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    for line in lines:
        if line.endswith(str(path)):
            resident = next(line for line in lines if line.startswith("Rss:"))
            return int(resident.split()[1]) * 1024
    raise AssertionError(f"{path} is not mapped")


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
@pytest.mark.parametrize("mode", ["r+", "c"])
def test_pages_that_were_used_are_given_back_and_hold_what_they_held(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "values"
    np.arange(2_000_000, dtype=np.int32).tofile(path)
    array = np.memmap(path, np.int32, mode)  # type: ignore[call-overload]
    if mode == "r+":
        array[:] += 1
    total = array.sum()
    pages = MappedPages(array)

    pages.use(8_000_000)
    held = resident_bytes(path)
    pages.use(60_000_000)

    assert held >= 8_000_000
    assert resident_bytes(path) < 1_000_000
    assert array.sum() == total


def test_an_array_that_is_not_mapped_is_left_alone() -> None:
    array = np.ones(10)

    MappedPages(array).release()

    assert array.sum() == 10


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_rows_far_from_each_other_are_gathered_without_keeping_their_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textune.encoder.memory._MAPPED_BYTES_HELD", 1_000_000)
    path = tmp_path / "array"
    np.arange(4_000_000, dtype=np.float32).tofile(path)
    array = np.memmap(path, np.float32, "c", shape=(20_000, 200))
    rows = np.random.default_rng(0).permutation(20_000)[:5000]

    gathered = gather_rows(array, rows, MappedPages(array))

    np.testing.assert_array_equal(gathered[:, 0], rows * 200)
    assert resident_bytes(path) < path.stat().st_size / 4


def test_rows_of_an_array_in_memory_are_gathered_as_usual() -> None:
    array = np.arange(6).reshape(3, 2)

    gathered = gather_rows(array, np.array([2, 0]), MappedPages(array))

    assert gathered.tolist() == [[4, 5], [0, 1]]
