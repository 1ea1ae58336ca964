"""What keeps a process from hoarding memory."""

from __future__ import annotations

import os

import pytest

from textune.encoder.memory import keep_memory_low, release_free_memory

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


def test_memory_is_released_without_a_word() -> None:
    release_free_memory()
